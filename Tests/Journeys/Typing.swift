// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Subprocess
import SystemPackage
import Testing

/// Somebody at a real pseudo-terminal: sees what `iii` draws there, and types.
enum Typing {
    /// What is typed as soon as something was seen, behind what was seen before.
    struct Step: Sendable {
        let seen: String
        let typed: String
    }

    /// Ctrl-C, as a terminal takes it.
    static let interrupt = "\u{3}"

    /// Runs `iii` to its end; the output is everything that it drew.
    static func run(
        _ arguments: [String],
        on road: Road,
        variables: [String: String] = [:],
        columns: Int = 80,
        _ steps: [Step] = []
    ) async throws -> Programs.Result {
        let program = ([Programs.folder.appending("iii").string] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let result = try await Subprocess.run(
            .path("/usr/bin/script"),
            // Quiet, the program's own exit status, nothing held back.
            arguments: ["-qefc", "stty rows 24 columns \(columns) && exec \(program)", "/dev/null"],
            environment: Programs.environment(
                road.variables.merging(["TERM": "xterm", "SHELL": "/bin/sh"]) { $1 }.merging(variables) { $1 }
            ),
            workingDirectory: road.project,
            input: .inputWriter,
            output: .sequence,
            error: .discarded
        ) { execution in
            var bytes: [UInt8] = []
            var open = steps[...]
            var seen = 0
            for try await piece in execution.standardOutput {
                bytes += piece.withUnsafeBytes { Array($0) }
                while let step = open.first, let end = bytes[seen...].end(of: Array(step.seen.utf8)) {
                    seen = end
                    open.removeFirst()
                    _ = try await execution.standardInputWriter.write(step.typed)
                }
            }
            #expect(open.isEmpty, "never seen: \(open.map(\.seen))")
            return String(decoding: bytes, as: UTF8.self)
        }
        let status = result.terminationStatus.code
        return Programs.Result(status: status, output: result.takeClosureResult(), talk: "")
    }
}

extension ArraySlice<UInt8> {
    /// Behind the first place where `part` stands.
    fileprivate func end(of part: [UInt8]) -> Int? {
        guard count >= part.count else { return nil }
        return (startIndex...(endIndex - part.count)).first { self[$0...].starts(with: part) }.map { $0 + part.count }
    }
}
