// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Sandboxing
import Testing
import WorkerModel

/// Nothing runs weaker than it must, and an explicit choice never falls back.
struct IsolationPolicyTests {
    private static let name = WorkerName.sample

    private func policy(_ origin: WorkerOrigin, _ asked: IsolationTier?, _ minimum: IsolationTier?) -> IsolationPolicy {
        IsolationPolicy(name: Self.name, origin: origin, asked: asked, machineMinimum: minimum)
    }

    @Test(
        arguments: [
            (.bundle, nil, nil, [.vm, .namespaces, .emulatedVM]), (.image, nil, .vm, [.vm, .emulatedVM]),
            (.bundle, .emulatedVM, .vm, [.emulatedVM]), (.binary, nil, nil, [.none]),
            (.binary, .namespaces, nil, [.namespaces]),
            (.binary, nil, .namespaces, [.vm, .namespaces, .emulatedVM]),
            (.localPath, nil, nil, [.vm, .namespaces, .emulatedVM]),
            (.localPath, IsolationTier.none, nil, [.none]), (.bundle, .vm, .namespaces, [.vm]),
        ] as [(WorkerOrigin, IsolationTier?, IsolationTier?, [IsolationTier])]
    )
    func triesTiersInThisOrder(
        origin: WorkerOrigin,
        asked: IsolationTier?,
        minimum: IsolationTier?,
        expected: [IsolationTier]
    ) throws {
        #expect(try policy(origin, asked, minimum).candidates() == expected)
    }

    @Test(
        arguments: [
            (.bundle, IsolationTier.none, nil), (.image, IsolationTier.none, nil),
            (.binary, IsolationTier.none, .namespaces),
            (.bundle, .namespaces, .vm), (.localPath, .namespaces, .emulatedVM),
        ] as [(WorkerOrigin, IsolationTier, IsolationTier?)]
    )
    func refusesLessThanTheMinimumWithStatus3(origin: WorkerOrigin, asked: IsolationTier, minimum: IsolationTier?) {
        let error = #expect(throws: SandboxError.self) { try policy(origin, asked, minimum).candidates() }
        #expect(error?.code == .isolationTooWeak)
        #expect(error?.code.exitStatus == 3)
    }

    @Test func whatNeedsFilesOfTheHostRunsInNamespaces() throws {
        let policy = IsolationPolicy(name: Self.name, origin: .bundle, needsHostFiles: true)
        #expect(try policy.candidates() == [.namespaces])
    }

    @Test func takesTheFirstTierThatIsThere() async throws {
        let sandboxes = Sandboxes([
            FakeBackend(tier: .vm, isThere: false), FakeBackend(tier: .namespaces, isThere: true),
        ])
        #expect(try await sandboxes.backend(for: policy(.bundle, nil, nil))?.tier == .namespaces)
    }

    @Test func neverFallsBackFromAnExplicitChoice() async {
        let sandboxes = Sandboxes([
            FakeBackend(tier: .vm, isThere: false), FakeBackend(tier: .namespaces, isThere: true),
        ])
        await #expect(throws: SandboxError.self) { try await sandboxes.backend(for: policy(.bundle, .vm, nil)) }
    }

    @Test func neverRunsABundleUnconfined() async throws {
        let sandboxes = Sandboxes([FakeBackend(tier: .namespaces, isThere: false)])
        let error = await #expect(throws: SandboxError.self) {
            try await sandboxes.backend(for: policy(.bundle, nil, nil))
        }
        #expect(error?.code == .sandboxUnavailable)
        #expect(error?.hints == ["run `apt-get install fake` to have `namespaces`"])
    }
}

private struct FakeBackend: SandboxBackend {
    let tier: IsolationTier
    let isThere: Bool

    func availability() async -> SandboxAvailability {
        isThere
            ? .available(.init(program: "fake 1", enforcement: .all))
            : .unavailable(.missingProgram("fake", package: "fake"))
    }

    func start(
        _ specification: SandboxSpecification,
        output: any SandboxOutput
    ) async throws -> any RunningSandbox { throw SandboxError.ended }
}

extension WorkerName {
    /// A name that needs no error handling: the text is known to be one.
    static var sample: WorkerName {
        do { return try WorkerName(parsing: "sample") } catch { preconditionFailure("\(error)") }
    }
}
