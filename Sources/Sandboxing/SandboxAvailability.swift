// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Whether a host can run a tier, and why not.
package enum SandboxAvailability: Hashable, Sendable {
    case available(Details)
    case unavailable(Reason)

    /// What to know of a tier that can be run.
    package struct Details: Hashable, Sendable {
        /// The program that does it, with its version: `bubblewrap 0.8.0`.
        package var program: String
        package var enforcement: SandboxEnforcement

        package init(program: String, enforcement: SandboxEnforcement) {
            self.program = program
            self.enforcement = enforcement
        }
    }

    package enum Reason: Hashable, Sendable {
        /// A program is not installed.
        case missingProgram(String, package: String)
        /// A file of ours or of the host is not there.
        case missingFile(String, package: String?)
        /// The program is there and cannot do what is needed.
        case refused(String)
        /// The device is there and does not work: it was tried.
        case doesNotWork(String)
        /// Nothing of it exists on such hosts.
        case notOnThisHost(String)
    }

    package var isAvailable: Bool {
        if case .available = self { true } else { false }
    }
}

extension SandboxAvailability.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missingProgram(let program, _): "`\(program)` is not installed"
        case .missingFile(let file, _): "`\(file)` is not there"
        case .refused(let text), .doesNotWork(let text), .notOnThisHost(let text): text
        }
    }

    /// The command that would make the tier available, where one can.
    package var remedy: String? {
        switch self {
        case .missingProgram(_, let package): "apt-get install \(package)"
        case .missingFile(_, let package): package.map { "apt-get install \($0)" }
        default: nil
        }
    }
}
