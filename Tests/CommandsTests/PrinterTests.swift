// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Commands

/// What reaches the terminal, byte by byte.
@Suite struct PrinterTests {
    private func talk(interactive: Bool, events: Bool = false, _ body: (Printer) -> Void) throws -> String {
        try withTemporaryDirectory { folder in
            let file = folder.appending("talk")
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create],
                permissions: [.ownerReadWrite]
            )
            body(Printer(output: descriptor, talk: descriptor, isInteractive: interactive, writesEvents: events))
            try descriptor.close()
            return String(decoding: try HostFiles.read(file, upTo: .mebibytes(1)) ?? [], as: UTF8.self)
        }
    }

    @Test func linesOfTalkStayAboveTheBars() throws {
        let text = try talk(interactive: true) { printer in
            printer.show(progress: ["a", "b"])
            printer.say("hello")
            printer.show(progress: ["c"])
            printer.show(progress: [])
        }
        #expect(text == "a\nb\r\u{1B}[1A\u{1B}[Jhello\na\nb\r\u{1B}[1A\u{1B}[Jc\r\u{1B}[J")
    }

    @Test func nothingIsDrawnWhereNobodyWatches() throws {
        let text = try talk(interactive: false) { printer in
            printer.show(progress: ["a"])
            printer.say("hello")
        }
        #expect(text == "hello\n")
    }

    @Test func machinesGetALineOfJSONForEverythingThatIsSaid() throws {
        let text = try talk(interactive: true, events: true) { printer in
            printer.show(progress: ["a"])
            printer.say("hello \"you\"")
        }
        #expect(text == #"{"event":"message","message":"hello \"you\""}"# + "\n")
    }
}
