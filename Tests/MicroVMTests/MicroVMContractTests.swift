// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import MicroVM
import SandboxTestSupport
import Sandboxing
import Testing

/// The contract of all backends, and the escape suite, in emulated machines.
///
/// They need QEMU, mksquashfs and a kernel (`scripts/fetch-machine-kernel`); under CI their absence is a failure.
@Suite(.timeLimit(.minutes(20)), .serialized, .enabled(if: MachinesHere.areExpected))
struct MicroVMContractTests {
    private let contract: SandboxContract
    private let escape: EscapeSuite

    init() throws {
        let fixture = try MachineFixture.make()
        contract = SandboxContract(fixture)
        escape = EscapeSuite(fixture)
    }

    @Test func isAvailableHere() async throws {
        let availability = await MachineFixture.backend.availability()
        #expect(availability.isAvailable, "\(availability)")
    }

    @Test func tellsOutputAndStatus() async throws { try await contract.tellsOutputAndStatus() }
    @Test func tellsHowLongItTookToAnswer() async throws { try await contract.tellsHowLongItTookToAnswer() }
    @Test func setsTheEnvironment() async throws {
        try await contract.setsTheEnvironmentOfWorkersAndNothingOfTheHosts()
    }
    @Test func saysThatAProgramIsNotThere() async throws { try await contract.saysThatAProgramIsNotThere() }
    @Test func tellsOfCommandsWhatAShellWould() async throws { try await contract.tellsOfCommandsWhatAShellWould() }
    @Test func tellsSignalsApart() async throws { try await contract.tellsSignalsApart() }
    @Test func stopsByAskingFirst() async throws { try await contract.stopsByAskingFirst() }
    @Test func killsWhoDoesNotListen() async throws { try await contract.killsWhoDoesNotListen() }
    @Test func runsFurtherCommands() async throws { try await contract.runsFurtherCommandsBesideTheWorker() }
    @Test func givesCommandsATerminal() async throws { try await contract.givesCommandsATerminal() }
    @Test func tellsWhichInterfacesThereAre() async throws { try await contract.tellsWhichInterfacesThereAre() }
    @Test func hasWhatAContainerHas() async throws { try await contract.hasWhatAContainerHas() }
    @Test func carriesConnectionsToTheEngine() async throws { try await contract.carriesConnectionsToTheEngine() }
    @Test func opensWhatIsAllowed() async throws { try await contract.opensWhatIsAllowedAndNothingElse() }
    @Test func showsTheBundleReadOnly() async throws { try await contract.showsTheBundleReadOnly() }
    @Test func laysAPrivateLayer() async throws { try await contract.laysAPrivateLayerOverTheBundle() }
    @Test func killsTheOneThatEatsMemory() async throws { try await contract.killsAndNamesTheOneThatEatsMemory() }
    @Test func isKilledFirst() async throws { try await contract.isKilledBeforeTheOneThatTellsOfIt() }
    @Test func slowsAWriterDown() async throws { try await contract.slowsAWriterDownInsteadOfKeepingAll() }
    @Test func survivesTheDeathOfItsHostProcess() async throws { try await contract.survivesTheDeathOfItsHostProcess() }
    @Test func keepsTheBase() async throws { try await contract.keepsTheBaseFromAWorkerThatMayNotWriteIt() }
    @Test func laysAPrivateLayerOverTheRoot() async throws { try await contract.laysAPrivateLayerOverTheRoot() }
    @Test func boundsThePrivateLayer() async throws { try await contract.boundsThePrivateLayer() }
    @Test func isTheUserThatIsAskedFor() async throws { try await contract.isTheUserInTheFolderThatIsAskedFor() }
    @Test func givesTheUserANameAndAHome() async throws { try await contract.givesTheUserANameAndAHome() }
    @Test func letsEverybodyDoWhatHeMay() async throws { try await contract.letsEverybodyDoWhatHeMayInAContainer() }
    @Test func showsTheOwnersOfTheImage() async throws { try await contract.showsTheOwnersOfTheImage() }
    @Test func makesTheFolderToStartIn() async throws { try await contract.makesTheFolderToStartInForTheWorker() }
    @Test func stopsByTheSignalThatIsAskedFor() async throws { try await contract.stopsByTheSignalThatIsAskedFor() }
    @Test func survivesEaters() async throws { try await escape.survivesEaters() }
    @Test func holdsAllAttemptsToEscape() async throws { try await escape.holdsAll() }
}

enum MachinesHere {
    /// True where the parts are there, and wherever they must be.
    static var areExpected: Bool {
        let programs = ["/usr/bin/qemu-system-x86_64", "/usr/bin/mksquashfs"]
        return ProcessInfo.processInfo.environment["CI"] != nil
            || programs.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }
}
