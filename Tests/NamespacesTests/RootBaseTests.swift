// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SandboxTestSupport
import TestSupport
import Testing
import WorkerModel

/// The contract of all backends, in namespaces over a root file system of its own.
@Suite(.timeLimit(.minutes(10)))
struct RootBaseTests {
    private let contract: SandboxContract
    private let escape: EscapeSuite

    init() throws {
        let base = SandboxSpecification.Base.rootFileSystem(
            try SmallRoot.make(),
            digest: Digest.sha256("small root".utf8)
        )
        let fixture = SandboxFixture(backend: Here.backend, base: base)
        contract = SandboxContract(fixture)
        escape = EscapeSuite(fixture)
    }

    @Test func tellsOutputAndStatus() async throws { try await contract.tellsOutputAndStatus() }
    @Test func runsFurtherCommands() async throws { try await contract.runsFurtherCommandsBesideTheWorker() }
    @Test func givesCommandsATerminal() async throws { try await contract.givesCommandsATerminal() }
    @Test func carriesConnectionsToTheEngine() async throws { try await contract.carriesConnectionsToTheEngine() }
    @Test func laysAPrivateLayer() async throws { try await contract.laysAPrivateLayerOverTheBundle() }
    @Test func keepsTheBase() async throws { try await contract.keepsTheBaseFromAWorkerThatMayNotWriteIt() }
    @Test func laysAPrivateLayerOverTheRoot() async throws { try await contract.laysAPrivateLayerOverTheRoot() }
    @Test func keepsALayerThatIsToStay() async throws { try await contract.keepsALayerThatIsToStay() }
    @Test func boundsThePrivateLayer() async throws { try await contract.boundsThePrivateLayer() }
    @Test func isTheUserThatIsAskedFor() async throws { try await contract.isTheUserInTheFolderThatIsAskedFor() }
    @Test func stopsByTheSignalThatIsAskedFor() async throws { try await contract.stopsByTheSignalThatIsAskedFor() }
    @Test func holdsAllAttemptsToEscape() async throws { try await escape.holdsAll() }
}
