// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

private struct Sample: CodedError {
    var code = ErrorCode.download
    var message: String
    var hints: [String] = []
    var cause: (any Error)?
}

@Suite struct ErrorReportTests {
    @Test func showsCodeCausesAndHintsOnceEach() {
        let inner = Sample(code: .storageFull, message: "disk full", hints: ["free space"])
        let middle = Sample(message: "cannot fetch", hints: ["free space", "try again"], cause: inner)
        let report = ErrorReport(Sample(message: "cannot add", cause: middle))
        #expect(
            report.lines == [
                "error: [W142] cannot add", "  caused by: cannot fetch", "  caused by: disk full", "hint: free space",
                "hint: try again",
            ]
        )
    }

    @Test func whatComesFromOutsideCannotMoveTheCursor() {
        let report = ErrorReport(Sample(message: "name \u{1B}[2Jevil\u{202E}\u{200B}\nx\u{9B}31m"))
        #expect(report.message == "name [2Jevil x31m")
    }

    @Test func errorsWithoutACodeAreInternal() {
        struct Other: Error {}
        #expect(ErrorReport(Other()).code == .internalError)
        #expect(ErrorReport(CancellationError()).message == "the operation was cancelled")
    }

    @Test func secretsNeverPrint() {
        let secret = Redacted("iii_secret")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(describing: secret), String(reflecting: secret), dumped] {
            #expect(!text.contains("iii_secret"))
        }
        #expect(secret.exposed == "iii_secret")
    }

    @Test func longTextIsCut() {
        #expect(PrintableText(String(repeating: "a", count: 10), limit: 4).description == "aaaa…")
    }
}
