// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Namespaces
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing

/// The namespaces of this machine, as tests use them: one backend for all, since it probes once.
enum Here {
    static let guest = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending(".build/debug/iii-guest")
    static let bubblewrap: FilePath = "/usr/bin/bwrap"
    static let backend = NamespacesBackend(guest: guest, bubblewrap: bubblewrap)
    static let fixture = SandboxFixture(backend: backend, base: .host)
}

/// The contract of all backends, in namespaces over the host's own programs.
@Suite(.timeLimit(.minutes(20)))
struct NamespacesContractTests {
    private let contract = SandboxContract(Here.fixture)

    @Test func isAvailableHere() async throws {
        let availability = await Here.backend.availability()
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
    @Test func endsWithAllItsProcesses() async throws { try await contract.endsWithAllItsProcesses() }
    @Test func survivesTheDeathOfItsHostProcess() async throws { try await contract.survivesTheDeathOfItsHostProcess() }
}

/// What only namespaces over the host's programs do.
@Suite(.timeLimit(.minutes(20)))
struct HostBaseTests {
    @Test func hasPythonUnderBothNames() async throws {
        let specification = try Here.fixture.specification("python -c 'print(1)'; python3 -c 'print(2)'")
        #expect(try await Here.fixture.run(specification).output == "1\n2\n")
    }

    /// Runtimes of other languages, of those that the host has.
    @Test(arguments: [
        (
            "/usr/bin/node", "128 lo",
            ["-e", "console.log(process.constrainedMemory() / 2 ** 20, ...Object.keys(os.networkInterfaces()))"]
        ),
        ("/usr/bin/java", "Memory Limit: 128.00M", ["-Xint", "-XX:+UseSerialGC", "-XshowSettings:system", "-version"]),
    ])
    func showsOtherRuntimesItsLimits(program: FilePath, expected: String, words: [String]) async throws {
        guard try HostFiles.kind(of: program) != nil, case .available(let here) = await Here.backend.availability(),
            here.enforcement.memory == .enforced
        else { return }
        var specification = try Here.fixture.specification("")
        specification.command = [program.string] + words
        let (_, output, errors) = try await Here.fixture.run(specification)
        #expect((output + errors).contains(expected), "\(output)\(errors)")
    }

    @Test(.enabled(if: (try? HostFiles.kind(of: "/etc/os-release")) != nil))
    func tellsWhichSystemItIs() async throws {
        let specification = try Here.fixture.specification("grep ^ID= /etc/os-release | sort")
        let expected = try Shell.run("grep ^ID= /etc/os-release | sort", in: "/")
        #expect(try await Here.fixture.run(specification).output == expected)
    }
}
