// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SandboxTestSupport
import Testing

/// Nothing gets out of the namespaces; and each attempt is one, as it succeeds without them.
@Suite(.timeLimit(.minutes(20)))
struct NamespacesEscapeTests {
    private let suite = EscapeSuite(Here.fixture)

    @Test func holdsAllAttempts() async throws { try await suite.holdsAll() }
    @Test func survivesEaters() async throws { try await suite.survivesEaters() }

    @Test(.enabled(if: EscapeSuite.isHostUnconfined, "what this machine itself forbids cannot be seen to succeed"))
    func attemptsSucceedWithoutProtection() async throws { try await suite.succeedsUnprotected() }
}
