// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import OCIImages
import RegistryAPI
import RegistryClient
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import WorkerOperations

/// How a registry is asked for several workers.
struct AskingTests {
    /// Lets nobody through before so many have come.
    private actor Gathering {
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private let size: Int

        init(of size: Int) { self.size = size }

        func arrive() async {
            if waiting.count + 1 < size {
                await withCheckedContinuation { waiting.append($0) }
            } else {
                for one in waiting { one.resume() }
                waiting = []
            }
        }
    }

    /// A registry that answers nobody before all have asked.
    private struct PatientTransport: Transport {
        let gathering: Gathering
        let answers: FakeTransport

        func send(_ request: TransportRequest) async throws -> TransportResponse {
            await gathering.arrive()
            return try await answers.send(request)
        }
    }

    private struct Nothing: ArtifactSource, ImagePuller, EventSink {
        let registry = ImageRegistry(transport: FakeTransport { _ in .respond(status: 404) }) { .none }

        func fetch(_ request: ArtifactRequest) async throws -> ArtifactDownload { throw CancellationError() }
        func pin(_ reference: ImageReference) async throws -> LockedImage { throw CancellationError() }
        func describe(_ reference: ImageReference) async throws -> ImageDescription { throw CancellationError() }
        func isPresent(_ image: LockedImage) -> Bool { false }
        func pull(_ image: LockedImage, for worker: WorkerName, replacing: Bool, _ events: any EventSink) throws {
            throw CancellationError()
        }
        func receive(_ event: OperationEvent) {}
    }

    @Test(.timeLimit(.minutes(20))) func allNamesAreAskedForAtOnceAndAnsweredInTheirOrder() async throws {
        let names = try (0..<40).map { try Made.name("worker-\($0)") }
        let transport = FakeTransport { request in
            guard case .bytes(let bytes) = request.body,
                let name = names.first(where: { String(decoding: bytes, as: UTF8.self).contains("\"\($0)\"") })
            else { return .respond(status: 400) }
            let node =
                #"{"name":"\#(name)","type":"engine","version":"1.0.0","repo":"","dependencies":{}}"#
            let graph = #"{"root":{"name":"\#(name)","version":"1.0.0"},"graph":[\#(node)],"edges":[]}"#
            return .respond(status: 200, body: Array(graph.utf8))
        }
        let patient = PatientTransport(gathering: Gathering(of: names.count), answers: transport)
        let registry = RegistryConnection(
            client: RegistryClient(base: try RegistryBase(Made.registry), transport: patient),
            artifacts: Nothing(),
            images: Nothing()
        )
        let asking = Asking(registry: registry, state: try Made.empty(), events: Nothing())
        let answers = try await asking.run(names.map { Question(name: $0, selector: .latest) }).answers
        #expect(answers.map(\.name) == names)
    }
}
