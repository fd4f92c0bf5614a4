// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import EngineClient
import EngineProtocol
import HostSystem
import JSONText
import ProjectFiles
import WorkerModel
import WorkerOperations
import WorkerSupervisor

/// Which engine a command about running workers asks.
struct EngineOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Ask the engine at this address instead of the project's.", valueName: "host[:port]"))
    var host: EngineAddress?
}

extension EngineAddress: ExpressibleByArgument {
    package init?(argument: String) {
        guard let address = try? EngineAddress(parsing: argument) else { return nil }
        self = address
    }
}

/// The engine that runs a project, as a command talks to it.
struct RunningEngine: Sendable {
    let address: EngineAddress

    init(_ address: EngineAddress) { self.address = address }

    /// The engine that an option names, else the one that runs the project; nil where none does.
    static func find(_ options: EngineOptions, _ context: CommandContext) throws -> RunningEngine? {
        if let host = options.host { return RunningEngine(host) }
        return try find(of: try context.project(), context)
    }

    /// The engine that runs a project on this machine.
    static func find(of project: Project, _ context: CommandContext) throws -> RunningEngine? {
        let folder = ProjectFolder(project, in: try IIIHome(context.environment))
        guard let record = try EngineRecord.running(folder) else { return nil }
        return RunningEngine(EngineAddress(host: record.host, port: record.port))
    }

    /// The engine that `find` finds, to be asked about a worker.
    ///
    /// - Throws: `NotInProject` for a worker that the project does not list; `NoEngine` where there is none.
    static func require(
        _ options: EngineOptions,
        about name: WorkerName,
        _ context: CommandContext
    ) throws -> RunningEngine {
        if let host = options.host { return RunningEngine(host) }
        return try require(of: try context.project(), about: name, context)
    }

    /// The engine that runs a project on this machine, to be asked about a worker of it.
    ///
    /// - Throws: as above.
    static func require(
        of project: Project,
        about name: WorkerName,
        _ context: CommandContext
    ) throws -> RunningEngine {
        let engine = try find(of: project, context)
        try expectListed(name, in: project, isRunning: engine != nil)
        guard let engine else { throw NoEngine() }
        return engine
    }

    private static func expectListed(_ name: WorkerName, in project: Project, isRunning: Bool) throws {
        let config: ConfigFile?
        do { config = try project.readConfig() } catch  where isRunning {
            // The engine goes on with what it read before the file broke.
            return
        }
        if config?[name] == nil { throw NotInProject(name, in: config) }
    }

    /// Calls one of the functions that every engine has for its workers.
    ///
    /// - Throws: `OperationFailed` where the engine says what went wrong; `EngineClientError`.
    func call(
        _ function: String,
        _ request: JSONValue,
        timeout: Duration = .seconds(30)
    ) async throws -> JSONValue {
        var payload = request
        if case .object(var members) = request {
            members["caller_mode"] = "cli"
            payload = .object(members)
        }
        do {
            let answer = try await EngineClient(address)
                .call(function: function, payload: RawJSON(payload), timeout: timeout)
            return answer?.value() ?? .null
        } catch EngineClientError.failed(_, let remote) {
            throw OperationFailed(remote)
        }
    }
}

/// No engine runs the project.
///
/// W164.
struct NoEngine: CodedError {
    var code: ErrorCode { .engineUnreachable }
    var message: String { "no engine runs this project" }
    var hints: [String] { ["start it with `iii` in the project's folder"] }
}

/// What an engine could not do, in its own words.
struct OperationFailed: CodedError {
    let code: ErrorCode
    let message: String
    let hints: [String]
    let details: [(key: String, value: String)]

    /// Reads the envelope that errors of `worker::*` carry as their message; any other error is shown as it is.
    init(_ remote: RemoteError) {
        code = ErrorCode(rawValue: remote.code) ?? .callFailed
        let envelope = try? JSONValue(parsing: remote.message)
        if case .string(let text)? = envelope?["message"] {
            message = text
        } else {
            message = code == .callFailed ? "\(remote.code): \(remote.message)" : remote.message
        }
        hints =
            if case .array(let texts)? = envelope?["hints"] {
                texts.compactMap { if case .string(let text) = $0 { text } else { nil } }
            } else { [] }
        details =
            if case .object(let object)? = envelope?["details"] {
                object.members.compactMap { member in
                    if case .string(let text) = member.value { (member.key, text) } else { nil }
                }
            } else { [] }
    }
}
