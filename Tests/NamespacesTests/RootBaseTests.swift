// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Namespaces
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// The contract of all backends, in namespaces over a root file system of its own.
@Suite(.timeLimit(.minutes(20)))
struct RootBaseTests {
    private let contract: SandboxContract
    private let escape: EscapeSuite

    static func base() throws -> SandboxSpecification.Base {
        .rootFileSystem(try SmallRoot.make(), digest: Digest.sha256("small root".utf8))
    }

    init() throws {
        let fixture = SandboxFixture(backend: Here.backend, base: try Self.base(), lendsOneNumber: geteuid() != 0)
        contract = SandboxContract(fixture)
        escape = EscapeSuite(fixture)
    }

    @Test func tellsOutputAndStatus() async throws { try await contract.tellsOutputAndStatus() }
    @Test func runsFurtherCommands() async throws { try await contract.runsFurtherCommandsBesideTheWorker() }
    @Test func givesCommandsATerminal() async throws { try await contract.givesCommandsATerminal() }
    @Test func tellsWhichInterfacesThereAre() async throws { try await contract.tellsWhichInterfacesThereAre() }
    @Test func hasWhatAContainerHas() async throws { try await contract.hasWhatAContainerHas() }
    @Test func carriesConnectionsToTheEngine() async throws { try await contract.carriesConnectionsToTheEngine() }
    @Test func laysAPrivateLayer() async throws { try await contract.laysAPrivateLayerOverTheBundle() }
    @Test func keepsTheBase() async throws { try await contract.keepsTheBaseFromAWorkerThatMayNotWriteIt() }
    @Test func laysAPrivateLayerOverTheRoot() async throws { try await contract.laysAPrivateLayerOverTheRoot() }
    @Test func keepsALayerThatIsToStay() async throws { try await contract.keepsALayerThatIsToStay() }
    @Test func boundsThePrivateLayer() async throws { try await contract.boundsThePrivateLayer() }
    @Test func isTheUserThatIsAskedFor() async throws { try await contract.isTheUserInTheFolderThatIsAskedFor() }
    @Test func givesTheUserANameAndAHome() async throws { try await contract.givesTheUserANameAndAHome() }
    @Test func letsEverybodyDoWhatHeMay() async throws { try await contract.letsEverybodyDoWhatHeMayInAContainer() }
    @Test func showsTheOwnersOfTheImage() async throws { try await contract.showsTheOwnersOfTheImage() }
    @Test func makesTheFolderToStartIn() async throws { try await contract.makesTheFolderToStartInForTheWorker() }
    @Test func stopsByTheSignalThatIsAskedFor() async throws { try await contract.stopsByTheSignalThatIsAskedFor() }
    @Test func holdsAllAttemptsToEscape() async throws { try await escape.holdsAll() }
}

/// The same where an ordinary user runs the engine.
@Suite(.timeLimit(.minutes(10)))
struct OrdinaryUserTests {
    /// This program again, as somebody who is not root.
    @Test(.enabled(if: geteuid() == 0)) func ownersAreTheWorkersAlone() throws {
        try withTemporaryDirectory { folder in
            let user = "65534"
            try Shell.run("chown \(user) .", in: folder)
            let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let said = try Shell.run(
                "setpriv --reuid \(user) --regid \(user) --clear-groups env HOME=\(folder) TMPDIR=\(folder) \(program) "
                    + "--testing-library swift-testing --filter 'RootBaseTests.(lets|shows|makes|isTheUser|givesTheUser)' 2>&1",
                in: folder
            )
            #expect(said.contains("Test run with 5 tests in 1 suite passed"), "\(said)")
        }
    }
}

/// The same where file systems cannot show files as another user's: each owner is changed in the layer.
@Suite(.timeLimit(.minutes(10)))
struct ChangedOwnersTests {
    private let contract: SandboxContract

    init() throws {
        var features = NamespacesBackend.Features()
        features.mapsOwners = false
        let backend = NamespacesBackend(guest: Here.guest, bubblewrap: Here.bubblewrap, features: features)
        contract = SandboxContract(SandboxFixture(backend: backend, base: try RootBaseTests.base()))
    }

    @Test func laysAPrivateLayerOverTheRoot() async throws { try await contract.laysAPrivateLayerOverTheRoot() }
    @Test func keepsALayerThatIsToStay() async throws { try await contract.keepsALayerThatIsToStay() }
    @Test func boundsThePrivateLayer() async throws { try await contract.boundsThePrivateLayer() }
    @Test func givesTheUserANameAndAHome() async throws { try await contract.givesTheUserANameAndAHome() }
    @Test func letsEverybodyDoWhatHeMay() async throws { try await contract.letsEverybodyDoWhatHeMayInAContainer() }
    @Test func showsTheOwnersOfTheImage() async throws { try await contract.showsTheOwnersOfTheImage() }
    @Test func makesTheFolderToStartIn() async throws { try await contract.makesTheFolderToStartInForTheWorker() }

    /// The next start may find another kernel.
    @Test func aLayerThatStaysIsReadInEitherWay() async throws {
        try await withTemporaryDirectory { folder in
            let other = SandboxFixture(backend: Here.backend, base: contract.fixture.base)
            for (fixture, expected) in [(contract.fixture, "1"), (other, "2"), (contract.fixture, "3")] {
                let script = "echo run >> /var/lib/n; cat /etc/secret; grep -c run /var/lib/n"
                var specification = try fixture.specification("", workspace: .none)
                specification.command = SandboxSpecification.shell(script)
                (specification.directory, specification.owners) = ("/", .worker)
                specification.rootLayer = .persistent(folder.appending("layer"))
                let (_, output, errors) = try await fixture.run(specification)
                #expect(output == "secret\n\(expected)\n", "\(errors)")
            }
        }
    }
}

/// What a worker leaves in a layer that stays is its own affair.
@Suite(.timeLimit(.minutes(10)))
struct PlantedLinkTests {
    /// The launcher makes places in the layer as the one who runs the engine.
    @Test(arguments: ["run", "etc"])
    func aLinkInALayerThatStaysLeadsNowhere(place: String) async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("mkdir bait; chmod 777 bait; chmod 755 .", in: folder)
            let fixture = SandboxFixture(backend: Here.backend, base: try RootBaseTests.base())
            var specification = try fixture.specification("mv /etc /etc-before; ls /", workspace: .none)
            (specification.directory, specification.rootLayer) = ("/", .persistent(folder.appending("layer")))
            specification.owners = .worker
            let before = try await fixture.run(specification)
            #expect(before.exit == .exited(status: 0), "\(before.errors)")
            // As the worker could have left it: the layer's folders are its own.
            let upper = "layer/upper"
            try Shell.run("rm -rf \(upper)/\(place); ln -s '\(folder)/bait' \(upper)/\(place)", in: folder)
            await #expect(throws: SandboxError.self) { _ = try await fixture.run(specification) }
            #expect(try Shell.run("ls bait", in: folder) == "")
        }
    }
}
