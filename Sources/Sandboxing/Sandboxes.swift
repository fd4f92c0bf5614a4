// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The sandboxes of this host.
package struct Sandboxes: Sendable {
    private let backends: [IsolationTier: any SandboxBackend]

    package init(_ backends: [any SandboxBackend]) {
        self.backends = Dictionary(backends.map { ($0.tier, $0) }) { $1 }
    }

    /// The backend that a worker is to run in, nil for `none`: then it is a process of the user.
    ///
    /// - Throws: `SandboxError` where the policy is broken or no tier that it allows is available.
    package func backend(for policy: IsolationPolicy) async throws -> (any SandboxBackend)? {
        let candidates = try policy.candidates()
        var reasons: [SandboxError.TierReason] = []
        for tier in candidates {
            if tier == .none { return nil }
            switch await availability(of: tier) {
            case .available: return backends[tier]
            case .unavailable(let reason): reasons.append(SandboxError.TierReason(tier: tier, reason: reason))
            }
        }
        if let asked = policy.asked, let first = reasons.first {
            throw SandboxError.tierUnavailable(asked, first.reason)
        }
        throw SandboxError.noTier(policy.name, minimum: policy.minimum, reasons: reasons)
    }

    package func availability(of tier: IsolationTier) async -> SandboxAvailability {
        guard let backend = backends[tier] else { return .unavailable(.notOnThisHost("not in this build")) }
        return await backend.availability()
    }

    /// Every sandboxed tier with what this host says of it, strongest first, as `doctor` shows it.
    package func survey() async -> [(tier: IsolationTier, availability: SandboxAvailability)] {
        var found: [(tier: IsolationTier, availability: SandboxAvailability)] = []
        for tier in [IsolationTier.vm, .emulatedVM, .namespaces] {
            found.append((tier, await availability(of: tier)))
        }
        return found
    }
}
