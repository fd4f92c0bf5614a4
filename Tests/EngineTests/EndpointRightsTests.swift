// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Sandboxing
import Synchronization
import Testing
import Transport

@testable import Engine

/// For a worker's functions that are HTTP endpoints the engine goes where the worker itself may go, with what it may have.
@Suite struct EndpointRightsTests {
    private var rights: BusRights.Worker {
        BusRights.Worker(
            network: [
                NetworkAddress(host: "far.example", port: 443), NetworkAddress(host: "10.0.0.7", port: 8080),
                NetworkAddress(host: "2001:db8::1", port: 443),
            ],
            variables: ["MINE"]
        )
    }

    /// What the rights of whoever registered a function make of its endpoint: the code of a refusal, or nil.
    private func code(_ url: String, _ variable: String? = nil, as identity: BusIdentity) throws -> String? {
        var hub = HubDriver(endpoints: HTTPEndpointCaller(transport: NoNetwork()) { _ in "value" })
        hub.receive(.rightsChanged(BusRights(["w": rights])))
        let worker = hub.worker(identity.name ?? "far", as: identity)
        var invocation: JSONObject = ["url": .string(url)]
        if let variable { invocation["auth"] = ["type": "bearer", "token_key": .string(variable)] }
        hub.send(
            worker,
            .registerFunction(FunctionRegistration(id: "far::f", invocation: RawJSON(.object(invocation))))
        )
        let owner = try #require(hub.hub.functions["default"]?["far::f"]?.owner)
        do throws(CallFailure) {
            try hub.hub.endpointRights(of: owner).check(try HTTPEndpoint(RawJSON(.object(invocation))))
            return nil
        } catch { return error.code }
    }

    private static func started(_ tier: IsolationTier) -> BusIdentity { .worker(StartedWorker(name: "w", tier: tier)) }

    @Test(arguments: [
        ("https://far.example/a", true), ("https://FAR.example/", true), ("https://far.example:444/", false),
        ("http://far.example/", false), ("https://far.example.evil/", false), ("https://near.example/", false),
        ("http://10.0.0.7:8080/x", true), ("http://10.0.0.7/", false), ("https://[2001:db8::1]/", true),
        ("https://[2001:db8::2]/", false), ("http://127.0.0.1:49134/", false), ("http://169.254.169.254/", false),
    ])
    func aSandboxedWorkerIsHeldToItsOwnWall(url: String, isAllowed: Bool) throws {
        #expect(try code(url, as: Self.started(.namespaces)) == (isAllowed ? nil : "FORBIDDEN"))
        #expect(try code(url, as: Self.started(.vm)) == (isAllowed ? nil : "FORBIDDEN"))
        // Whom it may contact is for the rules of downloads to say, for those without a wall.
        #expect(try code(url, as: Self.started(.none)) == nil)
        #expect(try code(url, as: .owner) == nil)
    }

    @Test(arguments: [
        ("MINE", true, true), ("AWS_SECRET_ACCESS_KEY", false, true), ("III_API_KEY", false, false),
        ("HOME", false, true), ("", false, true),
    ])
    func variablesAreThoseOfItsEntry(name: String, sandboxed: Bool, native: Bool) throws {
        let url = "https://far.example/"
        #expect(try code(url, name, as: Self.started(.namespaces)) == (sandboxed ? nil : "FORBIDDEN"))
        #expect(try code(url, name, as: Self.started(.none)) == (native ? nil : "FORBIDDEN"))
        #expect(try code(url, name, as: .stranger) == "FORBIDDEN")
        #expect(try code(url, name, as: .network) == "FORBIDDEN")
        #expect(try code(url, name, as: .owner) == nil)
    }

    /// Nothing is sent, and the caller hears why; a redirect does not lead out of the wall.
    @Test func whatIsRefusedIsNotContacted() async throws {
        let network = NoNetwork()
        var hub = HubDriver(endpoints: HTTPEndpointCaller(transport: network) { _ in "value" })
        hub.receive(.rightsChanged(BusRights(["w": rights])))
        let worker = hub.worker("w", as: Self.started(.namespaces))
        for (id, url) in [("w::near", "https://near.example/"), ("far::f", "https://far.example/")] {
            hub.send(
                worker,
                .registerFunction(FunctionRegistration(id: id, invocation: RawJSON(["url": .string(url)])))
            )
        }
        let caller = hub.worker("user")
        hub.send(caller, .call("a", "w::near"))
        let refused = try #require(hub.localCalls.last)
        await #expect(throws: CallFailure.self) { try await refused.handler(refused) }
        #expect(network.requests.withLock { $0.isEmpty })
        hub.send(caller, .call("b", "far::f"))
        let sent = try #require(hub.localCalls.last)
        _ = try? await sent.handler(sent)
        #expect(network.requests.withLock { $0.map(\.staysAtOrigin) } == [true])
        // A changed `network:` counts at the next call.
        hub.receive(.rightsChanged(BusRights(["w": BusRights.Worker()])))
        hub.send(caller, .call("c", "far::f"))
        let later = try #require(hub.localCalls.last)
        await #expect(throws: CallFailure.self) { try await later.handler(later) }
        #expect(network.requests.withLock { $0.count } == 1)
    }
}

/// A network that only remembers what it was asked.
private final class NoNetwork: Transport {
    let requests = Mutex<[TransportRequest]>([])

    func send(_ request: TransportRequest) async throws -> TransportResponse {
        requests.withLock { $0.append(request) }
        return TransportResponse(status: 200, url: request.url, body: BodyStream([]))
    }
}
