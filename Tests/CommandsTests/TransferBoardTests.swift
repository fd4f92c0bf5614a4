// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@testable import Commands

/// What a person sees of many files that arrive at once.
@Suite struct TransferBoardTests {
    private let start = ContinuousClock.now

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func oneBarForEachFileAndOneLineForAll() {
        var board = TransferBoard(verb: "installing")
        board.begin("pdfkit", size: .mebibytes(8), at: start)
        board.begin("a", size: .mebibytes(2), at: start)
        board.advance("pdfkit", by: .mebibytes(2))
        board.advance("a", by: .mebibytes(1))
        #expect(
            board.lines(at: after(1), width: 100) == [
                "pdfkit  ██████░░░░░░░░░░░░░░░░░░   25%  2 MiB of 8 MiB  2 MiB/s  3s left",
                "a       ████████████░░░░░░░░░░░░   50%  1 MiB of 2 MiB  1 MiB/s  1s left",
                "installing 0/2  3 MiB of 10 MiB  3 MiB/s  2s left",
            ]
        )
        board.advance("a", by: .mebibytes(1))
        board.finish("a")
        #expect(board.lines(at: after(1), width: 100).count == 2)
        #expect(board.summary(at: after(1)).hasPrefix("installing 1/2  4 MiB of 10 MiB"))
        board.finish("pdfkit")
        #expect(board.isIdle)
    }

    @Test func anUnknownSizeHasNoBarAndNoEnd() {
        var board = TransferBoard(verb: "installing")
        board.begin("a", size: nil, at: start)
        board.advance("a", by: .mebibytes(1))
        #expect(board.lines(at: after(2), width: 80) == ["a  1 MiB  512 KiB/s"])
        #expect(board.summary(at: after(2)) == "installing 0/1  1 MiB  512 KiB/s")
    }

    @Test func noLineIsWiderThanTheTerminal() {
        var board = TransferBoard(verb: "installing")
        for number in 0..<20 {
            board.begin("worker-with-a-rather-long-name-\(number)", size: .mebibytes(1), at: start)
        }
        let lines = board.lines(at: after(1), width: 40)
        #expect(lines.count == 10 && lines[8] == "… and 12 more")
        #expect(lines.allSatisfy { $0.count <= 39 })
    }

    @Test func aSpeedIsNotGuessedFromTheFirstBytes() {
        var board = TransferBoard(verb: "uploading")
        board.begin("a", size: .mebibytes(1), at: start)
        board.advance("a", by: .kibibytes(512))
        #expect(board.summary(at: after(0.1)) == "uploading 0/1  512 KiB of 1 MiB")
    }

    @Test func bytesOfNobodyAreNotCounted() {
        var board = TransferBoard(verb: "installing")
        board.advance("a", by: .mebibytes(1))
        board.finish("a")
        #expect(board.isIdle && board.lines(at: start, width: 80).isEmpty)
    }

    @Test func aNameThatIsShortenedIsCountedAndEndsAsWell() {
        let name = String(repeating: "long-", count: 10)
        var board = TransferBoard(verb: "installing")
        let start = ContinuousClock.now
        board.begin(name, size: .mebibytes(4), at: start)
        board.advance(name, by: .mebibytes(2))
        #expect(board.lines(at: start, width: 120).first?.contains(" 50%") == true)
        board.finish(name)
        #expect(board.isIdle)
    }
}
