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
        let script = IIICommand.completionScript(for: kind)
        Printer(isInteractive: false).result(kind == .bash ? script + Self.wholeWords : script)
    }

    /// Bash cuts words at colons, of which the names of functions have two: what is completed is put together again, and
    /// what stands before its last colon is taken off what is offered.
    private static let wholeWords = """

        _iii_whole_words() {
            local -a COMP_WORDS
            read -ra COMP_WORDS <<<"${COMP_LINE:0:${COMP_POINT}}"
            if [[ "${COMP_LINE:0:${COMP_POINT}}" = *[[:space:]] ]]; then COMP_WORDS+=(''); fi
            local -i COMP_CWORD="$((${#COMP_WORDS[@]} - 1))"
            local whole="${COMP_WORDS[${COMP_CWORD}]}"
            _iii "${1}" "${whole}" "${COMP_WORDS[${COMP_CWORD} - 1]}"
            COMPREPLY=("${COMPREPLY[@]#"${whole%"${whole##*:}"}"}")
        }

        complete -o filenames -F _iii_whole_words iii

        """
}
