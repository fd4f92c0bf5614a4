// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Why a program was not started, as `failure` carries it.
///
/// Shape: words for people, and where the program itself was at fault a zero byte and the status that a shell would tell:
/// 127 where it is not there, 126 where it cannot be executed.
package struct GuestFailure: Error, Hashable, Sendable {
    package let text: String
    package let status: Int32?

    package init(text: String, status: Int32? = nil) {
        self.text = text
        self.status = status
    }

    package init(payload: [UInt8]) {
        let parts = payload.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        text = String(decoding: parts[0], as: UTF8.self)
        // Nothing else would be a failure.
        status = parts.count > 1 ? parts[1].first.map(Int32.init).flatMap { [126, 127].contains($0) ? $0 : nil } : nil
    }

    package var payload: [UInt8] { Array(text.utf8) + (status.map { [0, UInt8(truncatingIfNeeded: $0)] } ?? []) }

    /// The error of a command that did not start for this reason.
    package func error(of command: [String]) -> SandboxError {
        let command = command.joined(separator: " ")
        guard let status else { return .notStarted(command: command, detail: text) }
        return .notExecuted(command: command, detail: text, status: status)
    }
}
