// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerSupervisor

/// Has an engine add workers to the project that it runs.
struct RemoteAdd: Sendable {
    let address: EngineAddress
    let context: CommandContext

    /// Adding may take long: the engine fetches.
    private static let patience = Duration.seconds(600)

    /// Local folders are named as this machine knows them where the engine is on it, and left as they are elsewhere.
    ///
    /// - Throws: `OperationFailed`, `EngineClientError`, `SupervisorError.crashed` for the first worker that ended.
    func run(_ sources: [String], _ options: JSONObject, isJSON: Bool) async throws {
        let texts = try sources.map { text in
            guard case .localPath = try WorkerSource(parsing: text), address.isLoopback else { return text }
            return context.environment.absolute(text).string
        }
        var request = options
        request["sources"] = .array(texts.map(JSONValue.string))
        let answer = try await RunningEngine(address).call("worker::add", .object(request), timeout: Self.patience)
        if isJSON { context.printer.result(answer) }
        guard case .array(let rows)? = answer["workers"] else { return }
        for row in rows {
            guard case .string(let name)? = row["name"], case .string(let status)? = row["status"] else { continue }
            if !isJSON { context.printer.result("added \(name.printable)  \(status.printable)") }
            guard status == "failed" || status == "restarting" else { continue }
            let worker = try WorkerName(parsing: name)
            let state = try await RunningEngine(address).call("worker::status", ["name": .string(name)])
            try WorkerState(state).report(worker, context.printer)
        }
    }
}
