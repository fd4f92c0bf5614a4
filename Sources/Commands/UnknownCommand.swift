// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics

/// A verb that there is not, found on a command line before any option.
struct UnknownCommand {
    /// What other package managers call it, and what it is called here.
    private static let otherNames = [
        "install": "add", "i": "add", "reinstall": "add --force", "uninstall": "remove", "rm": "remove", "ls": "list",
        "upgrade": "update", "view": "info", "show": "info", "find": "search", "prune": "clear", "new": "init",
        "lint": "check", "run": "start", "ps": "list", "unpublish": "yank", "dist-tag": "tag",
    ]

    /// The commands that lead to it: `iii worker`.
    let place: String
    let word: String
    let known: [String]

    init?(in arguments: [String], of root: any ParsableCommand.Type) {
        var command: any ParsableCommand.Type = root
        var place = [command.configuration.commandName ?? ""]
        for argument in arguments {
            let below = command.configuration.subcommands
            if below.isEmpty || argument.hasPrefix("-") || argument == "help" { return nil }
            guard let next = command.subcommand(named: argument) else {
                self.place = place.joined(separator: " ")
                word = argument
                known = below.map { $0.configuration }.filter { $0.shouldDisplay }.compactMap { $0.commandName }
                return
            }
            command = next
            place.append(argument)
        }
        return nil
    }
}

extension WrongUsage {
    init(_ unknown: UnknownCommand) {
        self.init(
            message: "`\(unknown.place)` has no command `\(unknown.word.printable)`",
            hints: [unknown.suggestion ?? "`\(unknown.place) --help` lists them"]
        )
    }
}

extension UnknownCommand {
    fileprivate var suggestion: String? {
        if let name = Self.otherNames[word], known.contains(where: { name.hasPrefix($0) }) {
            return "it is called `\(place) \(name)` here"
        }
        return Likeness.hint(for: word, among: known)
    }
}
