// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import JSONText
import NIOCore
import Sandboxing
import Testing
import WorkerModel

@testable import Engine

/// All that the engine holds for one sandboxed worker has one bound, and who reaches it harms itself only.
@Suite(.timeLimit(.minutes(20))) struct WorkerBudgetTests {
    private static let mebibyte = 1 << 20
    private static let large = String(repeating: "x", count: mebibyte)

    private static func started(_ name: String = "hog") -> BusIdentity {
        .worker(StartedWorker(name: name, tier: .namespaces))
    }

    private struct House {
        var hub = HubDriver()
        let hog: ConnectionID
        let user: ConnectionID
        let other: ConnectionID
        let budget: ByteBudget

        init() throws {
            hub.receive(.rightsChanged(BusRights(["hog": BusRights.Worker(), "other": BusRights.Worker()])))
            hog = hub.worker("hog", functions: ["hog::f"], as: started())
            other = hub.worker("other", functions: ["other::f"], as: started("other"))
            user = hub.worker("user")
            budget = try #require(hub.hub.sessions[hog]?.budget)
        }

        /// Whether those beside it are served.
        mutating func expectOthersUnharmed() {
            hub.isWriting = true
            _ = (hub.take(user), hub.take(other))
            hub.send(user, .call("unharmed", "other::f"))
            #expect(hub.takeCalls(other).map(\.functionID) == ["other::f"])
            hub.send(other, .ok("unharmed", 1))
            #expect(hub.takeAnswers(user) == [1])
        }
    }

    @Test func registrationsEndWhereItIsFull() throws {
        var house = try House()
        for number in 0..<100 {
            let function = FunctionRegistration(id: "hog::\(number)", description: Self.large)
            house.hub.send(house.hog, .registerFunction(function))
        }
        #expect(house.budget.held <= house.budget.limit)
        #expect(house.hub.notes.contains("no room for a function"))
        let count = try #require(house.hub.hub.sessions[house.hog]?.functions.count)
        #expect((60...65).contains(count))
        // Room that is given back may be taken again.
        house.hub.send(house.hog, .unregisterFunction(id: "hog::1"))
        house.hub.send(house.hog, .registerFunction(FunctionRegistration(id: "hog::new", description: Self.large)))
        #expect(house.hub.hub.functions["default"]?["hog::new"] != nil)
        house.expectOthersUnharmed()
        house.hub.receive(.disconnected(house.hog))
        #expect(house.budget.held == 0)
    }

    /// Its calls wait in the engine until they fail; what is small still gets through for a while, then it is sent away.
    @Test func whoDoesNotReadIsNotWaitedFor() throws {
        var house = try House()
        for number in 0..<6000 { house.hub.send(house.hog, .call("early\(number)", "other::f")) }
        _ = house.hub.take(house.other)
        house.hub.isWriting = false
        let payload = RawJSON(.string(Self.large))
        var refused = 0
        for number in 0..<100 {
            let call = InvokeFunction(id: "c\(number)", functionID: "hog::f", data: payload)
            house.hub.send(house.user, .invoke(call))
            refused += house.hub.takeAnswers(house.user).count { $0["error"]?["code"] == "channel_send_failed" }
        }
        #expect((35...45).contains(refused))
        #expect(house.budget.held <= house.budget.limit + house.budget.limit / 4)
        house.expectOthersUnharmed()
        house.hub.isWriting = false
        // Small answers to what it asked before.
        for number in 0..<6000 where house.hub.closed[house.hog] == nil {
            house.hub.send(house.other, .ok("early\(number)", .string(String(repeating: "y", count: 3000))))
        }
        #expect(house.hub.closed[house.hog] == .policy)
        #expect(house.budget.held == 0)
        house.expectOthersUnharmed()
    }

    /// What it leaves waiting for another worker that is slow does not fill that one's queue.
    @Test func aFloodLeavesRoomForOthers() throws {
        var house = try House()
        house.hub.isWriting = false
        let payload = RawJSON(.string(Self.large))
        for number in 0..<60 {
            let call = InvokeFunction(id: "f\(number)", functionID: "other::f", data: payload)
            house.hub.send(house.hog, .invoke(call))
        }
        let refused = house.hub.takeAnswers(house.hog).count { $0["error"]?["code"] == "channel_send_failed" }
        #expect((43...46).contains(refused))
        let before = house.hub.takeCalls(house.other).count
        house.hub.send(house.user, .invoke(InvokeFunction(id: "u", functionID: "other::f", data: payload)))
        #expect(house.hub.takeCalls(house.other).count == 1 && before <= 17)
    }

    @Test func whatWaitsForItsAnnouncementIsBounded() throws {
        var house = try House()
        let second = house.hub.connect(as: Self.started())
        for number in 0..<100 {
            let function = FunctionRegistration(id: "hog::w\(number)", description: Self.large)
            house.hub.send(second, .registerFunction(function))
        }
        #expect(house.hub.closed[second] == .policy)
        #expect(house.budget.held < Self.mebibyte)
        house.expectOthersUnharmed()
    }

    /// What the engine's own functions are called with is given back, whether they are called or not.
    @Test func callsOfTheEnginesOwnFunctionsGiveTheirRoomBack() throws {
        let function = LocalFunction(FunctionRegistration(id: "local::f")) { _ in nil }
        let local = LocalWorker(name: "local", description: "", functions: [function])
        var hub = HubDriver({ $0.openCalls = 3 }, localWorkers: [local])
        hub.receive(.rightsChanged(BusRights(["hog": BusRights.Worker()])))
        let hog = hub.worker("hog", as: Self.started())
        let budget = try #require(hub.hub.sessions[hog]?.budget)
        let before = budget.held
        let others = (0..<3).map { hub.worker("u\($0)") }
        for user in others { hub.send(user, .call("c", "local::f")) }
        let payload = RawJSON(.string(Self.large))
        hub.send(hog, .invoke(InvokeFunction(id: "full", functionID: "local::f", data: payload)))
        #expect(hub.takeAnswers(hog).last?["error"]?["code"] == "channel_send_failed")
        #expect(budget.held == before)
        for call in hub.localCalls { hub.receive(.localResult(callID: call.callID, .success(nil))) }
        hub.send(hog, .invoke(InvokeFunction(id: "room", functionID: "local::f", data: payload)))
        #expect(budget.held > before + Self.mebibyte)
        hub.receive(.localResult(callID: try #require(hub.localCalls.last?.callID), .success(nil)))
        #expect(budget.held == before)
    }

    /// An answer goes to whom it is for, though somebody else uses the same id by now.
    @Test func aLateAnswerIsNobodyElses() throws {
        let function = LocalFunction(FunctionRegistration(id: "local::f")) { _ in nil }
        let local = LocalWorker(name: "local", description: "", functions: [function])
        var hub = HubDriver(localWorkers: [local])
        let first = hub.worker("first")
        hub.send(first, .call("same", "local::f"))
        let late = try #require(hub.localCalls.last?.callID)
        hub.receive(.disconnected(first))
        let second = hub.worker("second")
        hub.send(second, .call("same", "local::f"))
        hub.receive(.localResult(callID: late, .success(RawJSON("secret"))))
        #expect(hub.takeAnswers(second).isEmpty)
        hub.receive(.localResult(callID: try #require(hub.localCalls.last?.callID), .success(RawJSON(1))))
        #expect(hub.takeAnswers(second) == [1])
    }

    @Test func channelsTakeRoomAndBindingsDo() throws {
        var house = try House()
        house.hub.send(house.hog, .registerFunction(FunctionRegistration(id: "hog::big", description: Self.large)))
        let before = house.budget.held
        #expect(house.hub.call(house.hog, "engine::channels::create")?["writer"] != nil)
        #expect(house.budget.held == before + ChannelTicket.cost)
        let config = RawJSON(["text": .string(Self.large)])
        for number in 0..<100 {
            let binding = TriggerRegistration(
                id: "b\(number)",
                triggerType: "engine::workers-available",
                functionID: "hog::f",
                config: config
            )
            house.hub.send(house.hog, .registerTrigger(binding))
        }
        #expect(house.budget.held <= house.budget.limit)
        #expect(house.hub.hub.bindings.count < 65)
        house.expectOthersUnharmed()
    }

    // MARK: Over real connections

    private func half(of size: Int, sending part: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        // A text frame that promises more than comes, with a mask of zeros.
        bytes.writeBytes([0x81, 0xFF])
        bytes.writeInteger(UInt64(size))
        bytes.writeInteger(UInt32(0))
        bytes.writeRepeatingByte(UInt8(ascii: " "), count: part)
        return bytes
    }

    @Test func messagesThatNeverEndAreHeldAgainstIt() async throws {
        let bus = BusControl()
        let door = bus.door(for: try WorkerName(parsing: "hog"), in: .namespaces)
        var configuration = EngineConfiguration(version: "1.2.3")
        configuration.port = 0
        try await withEngine(configuration, bus: bus) { addresses in
            func connect() async throws -> RawConnection {
                let connection = try await RawConnection(socket: try door.connect())
                try await connection.send(ByteBuffer(string: upgrade("/")))
                #expect(try await connection.receive(until: "workerregistered"))
                return connection
            }
            let budget = try #require(
                bus.budgets.budget(of: .worker(StartedWorker(name: "hog", tier: .namespaces)))
            )
            let client = EngineClient(port: addresses[0].port)
            // A size that cannot be is no reason to wait.
            let liar = try await connect()
            try await liar.send(half(of: Int.max, sending: 10))
            #expect(try await liar.receiveAll())
            // Two halves of what one message may be are more than one worker may have.
            let first = try await connect()
            try await first.send(half(of: 60 << 20, sending: 40 << 20))
            let second = try await connect()
            try? await second.send(half(of: 60 << 20, sending: 40 << 20))
            #expect(try await second.receiveAll())
            #expect(try await client.call(function: "engine::workers::list") != nil)
            // Fragments without an end come to the same.
            let third = try await connect()
            var fragment = ByteBuffer()
            fragment.writeBytes([0x01, 0xFF])
            fragment.writeInteger(UInt64(Self.mebibyte))
            fragment.writeInteger(UInt32(0))
            fragment.writeRepeatingByte(UInt8(ascii: " "), count: Self.mebibyte)
            for _ in 0..<64 {
                do { try await third.send(fragment) } catch { break }
                fragment.setInteger(UInt8(0x00), at: 0)
            }
            #expect(try await third.receiveAll())
            #expect(budget.held <= budget.limit)
            try await first.close()
            // With the connection its room comes back, and the next one is served.
            while budget.held > 0 { await Task.yield() }
            try await connect().close()
            #expect(try await client.call(function: "engine::workers::list") != nil)
        }
    }
}
