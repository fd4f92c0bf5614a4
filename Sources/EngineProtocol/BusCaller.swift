// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Who makes a call of a function of the engine's own process, as far as its answer depends on it.
package struct BusCaller: Sendable, Hashable {
    /// The name of a worker that this engine has started; nil for everybody else.
    package var worker: String?
    /// The tier of its sandbox; nil for what runs as a process of a user.
    package var isolation: String?
    /// Whether it is the project's user, who may do everything.
    package var isOwner: Bool
    /// Whether a grant names the function: then it is meant for what belongs to others, too.
    package var isGranted: Bool
    /// The weakest tier that the grant allows for what the call causes to run; nil for the caller's own.
    package var grantedIsolation: String?
    /// Variables of the engine's environment that what it keeps with the engine may refer to, by `env:` of its entry.
    package var variables: Set<String> = []

    package init(
        worker: String? = nil,
        isolation: String? = nil,
        isOwner: Bool = false,
        isGranted: Bool = false,
        grantedIsolation: String? = nil
    ) {
        self.worker = worker
        self.isolation = isolation
        self.isOwner = isOwner
        self.isGranted = isGranted
        self.grantedIsolation = grantedIsolation
    }

    /// The project's user, and the engine itself.
    package static let owner = BusCaller(isOwner: true)

    /// Whether what it keeps with the engine may refer to a variable of the engine's environment.
    ///
    /// A worker that runs as a process of the user has that environment, but for what is the engine's own.
    package func mayRead(variable: String) -> Bool {
        if isOwner || variables.contains(variable) { return true }
        return worker != nil && isolation == nil && !variable.hasPrefix("III_")
    }

    /// Whether it may look at and change what belongs to a worker.
    package func mayTouch(_ worker: String) -> Bool { isOwner || isGranted || self.worker == worker }
}

extension CallFailure {
    /// The code of what may not be done.
    package static let forbidden = "FORBIDDEN"
}
