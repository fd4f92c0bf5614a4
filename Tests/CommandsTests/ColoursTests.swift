// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import Testing

@testable import Commands

/// Who gets colours.
@Suite struct ColoursTests {
    private static let cases: [([String: String], isTerminal: Bool, isWanted: Bool)] = [
        (["TERM": "xterm"], true, true),
        (["TERM": "xterm"], false, false),
        (["TERM": "dumb"], true, false),
        ([:], true, false),
        (["TERM": "xterm", "NO_COLOR": "1"], true, false),
        (["TERM": "xterm", "NO_COLOR": ""], true, true),
        (["CLICOLOR_FORCE": "1"], false, true),
        (["CLICOLOR_FORCE": "0", "TERM": "xterm"], false, false),
        (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], true, false),
    ]

    @Test(arguments: cases)
    func theEnvironmentAndTheTerminalDecide(variables: [String: String], isTerminal: Bool, isWanted: Bool) {
        let environment = HostEnvironment(variables: variables, currentDirectory: "/")
        let colours = Colours(environment) { _ in isTerminal }
        #expect(colours.output.isOn == isWanted && colours.talk.isOn == isWanted)
    }

    @Test func onlyTheMarkOfALineIsPainted() {
        let colours = Colours(HostEnvironment(variables: ["CLICOLOR_FORCE": "1"], currentDirectory: "/"))
        #expect(colours.talk.marked("error: [W110] no") == "\u{1B}[1;31merror:\u{1B}[0m [W110] no")
        #expect(colours.talk.marked("fetched a warning: b") == "fetched a warning: b")
        #expect(Colours.none.talk.marked("error: x") == "error: x")
    }
}
