// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Engine
import EngineClient
import EngineProtocol
import IIIWorker
import JSONText
import Logging
import Testing

/// Workers of the library with a real engine between them.
@Suite(.timeLimit(.minutes(20))) struct WorkerTests {
    struct Numbers: Codable, Sendable {
        var a: Int
        var b: Int
    }

    private static func engine(
        port: Int = 0,
        _ body: @escaping @Sendable (ListenAddress) async throws -> Void
    ) async throws {
        var configuration = EngineConfiguration(version: "1")
        configuration.port = port
        let server = EngineServer(configuration, logger: Logger(label: "engine") { _ in SwiftLogNoOpLogHandler() })
        let (addresses, listening) = AsyncStream.makeStream(of: ListenAddress.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await server.run { listening.yield($0) }
            }
            for await address in addresses {
                try await body(address)
                break
            }
            group.cancelAll()
        }
    }

    /// A worker that serves while `body` runs.
    private static func worker(
        _ name: String,
        _ url: String,
        onEvent: @escaping @Sendable (Worker.Event) -> Void = { _ in },
        _ body: (Worker) async throws -> Void
    ) async throws {
        var options = Worker.Options()
        (options.name, options.url) = (name, url)
        let worker = try Worker(options, onEvent: onEvent)
        let running = Task { try await worker.run() }
        do { try await body(worker) } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        try await running.value
    }

    /// Calls until the function is there: its registration may still be on its way.
    private static func call<Output: Decodable & Sendable>(
        _ worker: Worker,
        _ function: String,
        _ numbers: Numbers,
        as type: Output.Type
    ) async throws -> Output {
        while true {
            do { return try await worker.call(function, numbers) } catch let error as WorkerError {
                guard error.code == "function_not_found" || error.code == "disconnected" else { throw error }
                await Task.yield()
            }
        }
    }

    @Test func workersCallEachOther() async throws {
        try await Self.engine { address in
            try await Self.worker("adder", address.url) { adder in
                adder.register("adder::add", description: "Adds.") { (numbers: Numbers) in numbers.a + numbers.b }
                adder.register("adder::fail") { (_: Nothing) -> Nothing in
                    throw WorkerError(code: "no_luck", message: "today")
                }
                try await Self.worker("caller", address.url) { caller in
                    let sum = try await Self.call(caller, "adder::add", Numbers(a: 2, b: 3), as: Int.self)
                    #expect(sum == 5)
                    let failure = await #expect(throws: WorkerError.self) {
                        _ = try await caller.call("adder::fail", Nothing(), as: Nothing.self)
                    }
                    #expect(failure?.code == "no_luck")
                    let unfit = await #expect(throws: WorkerError.self) {
                        _ = try await caller.call("adder::add", ["a": 1], as: Int.self)
                    }
                    #expect(unfit?.code == "deserialization_error")
                    #expect(unfit?.message.contains("`b` is missing") == true)
                    let late = await #expect(throws: WorkerError.self) {
                        _ = try await caller.call("adder::add", ["a": 1], as: Int.self, timeout: .zero)
                    }
                    #expect(late?.code == "timeout")
                }
                let client = EngineClient(host: address.host, port: address.port)
                let info = try await client.call(
                    function: "engine::functions::info",
                    payload: RawJSON(["function_id": "adder::add"])
                )?.value()
                #expect(info?["request_schema"]?["required"] == ["a", "b"])
                let worker = try await client.call(
                    function: "engine::workers::info",
                    payload: RawJSON(["name": "adder"])
                )?.value()
                #expect(worker?["worker"]?["status"] == "connected")
            }
        }
    }

    @Test func aWorkerComesBackWithAllThatItOffers() async throws {
        let (ports, learned) = AsyncStream.makeStream(of: Int.self)
        let (events, happened) = AsyncStream.makeStream(of: Worker.Event.self)
        try await Self.engine { address in
            learned.yield(address.port)
            learned.finish()
        }
        var port = 0
        for await number in ports { port = number }
        try await Self.worker("adder", "ws://127.0.0.1:\(port)", onEvent: { happened.yield($0) }) { adder in
            adder.register("adder::add") { (numbers: Numbers) in numbers.a + numbers.b }
            var iterator = events.makeAsyncIterator()
            for _ in 0..<2 {
                try await Self.engine(port: port) { _ in
                    let sum = try await Self.call(adder, "adder::add", Numbers(a: 1, b: 1), as: Int.self)
                    #expect(sum == 2)
                }
                while case .connected? = await iterator.next() {}
            }
        }
    }

    @Test func aBoundFunctionIsCalledWhenItsTriggerFires() async throws {
        struct Change: Codable, Sendable { var event: String }
        let (changes, changed) = AsyncStream.makeStream(of: String.self)
        try await Self.engine { address in
            try await Self.worker("watch", address.url) { watch in
                watch.register("watch::seen") { (change: Change) in changed.yield(change.event) }
                let binding = try watch.bind("watch::seen", to: "engine::workers-available")
                let wanted = Set(["worker_connected", "worker_metadata_updated", "worker_disconnected"])
                while (try? await watch.call("watch::seen", Change(event: "begun"), as: Nothing.self)) == nil {}
                try await Self.worker("guest", address.url) { guest in
                    _ = try await guest.call("engine::workers::list", Nothing(), as: Nothing.self)
                }
                var seen: Set<String> = []
                for await change in changes {
                    seen.insert(change)
                    if seen.isSuperset(of: wanted) { break }
                }
                watch.unbind(binding)
                while true {
                    struct Rows: Decodable, Sendable {
                        struct Row: Decodable, Sendable {
                            var function: String
                            enum CodingKeys: String, CodingKey { case function = "function_id" }
                        }
                        var triggers: [Row]
                        enum CodingKeys: String, CodingKey { case triggers = "registered_triggers" }
                    }
                    let rows = try await watch.call("engine::registered-triggers::list", Nothing(), as: Rows.self)
                    if !rows.triggers.contains(where: { $0.function == "watch::seen" }) { break }
                }
            }
        }
    }

    @Test func aSecondWorkerOfOneNameIsTurnedAway() async throws {
        try await Self.engine { address in
            try await Self.worker("twin", address.url) { first in
                first.register("twin::first") { (_: Nothing) in true }
                while (try? await first.call("twin::first", Nothing(), as: Bool.self)) != true {}
                var options = Worker.Options()
                (options.name, options.url) = ("twin", address.url)
                let second = try Worker(options)
                let error = await #expect(throws: WorkerError.self) { try await second.run() }
                #expect(error?.code == "name_taken")
            }
        }
    }
}
