// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Commands

/// `iii completions`: a script that makes a shell complete commands and options.
struct Completions: ParsableCommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a script that makes a shell complete commands and options.",
        discussion: """
              iii completions bash > /etc/bash_completion.d/iii
              iii completions zsh > ~/.zfunc/_iii
              iii completions fish > ~/.config/fish/completions/iii.fish
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Printer(isInteractive: false).result(IIICommand.completionScript(for: kind))
    }
}
