// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import ProjectFiles
import ArgumentParser
import HostSystem
import JSONText
import Sandboxing
import WorkerModel
import WorkerOperations
import WorkerSupervisor

/// `iii worker logs`.
struct WorkerLogs: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a worker prints.",
        discussion: """
            What it wrote to its standard error goes to standard error, the rest to standard output. The files are read \
            whether or not an engine runs.

              iii worker logs pdfkit
              iii worker logs pdfkit --tail 20 --follow
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(name: .shortAndLong, help: "Go on with what it prints from now on, until interrupted.")
    var follow = false

    @Option(help: "How many lines of each log to begin with.")
    var tail = 100

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if tail < 0 { throw ValidationError("--tail is not negative") }
        if follow, engine.host != nil {
            throw ValidationError("--follow reads files of this machine: leave out --host")
        }
        if follow, output.json { throw ValidationError("--follow prints lines, not one JSON document") }
    }

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        if engine.host != nil { return try await showRemote(name, context) }
        let project = try context.project()
        let folder = ProjectFolder(project, in: try IIIHome(context.environment)).logs(of: name)
        let reader = LogReader(folder: folder)
        guard reader.hasLogs || follow else {
            let config = try project.readConfig()
            if config?[name] == nil { throw NotInProject(name, in: config) }
            if output.json { return context.printer.result(try json(name, reader)) }
            return context.printer.say("\(name) has printed nothing yet")
        }
        if output.json { return context.printer.result(try json(name, reader)) }
        var followers: [(LogFollower, OutputStreamName)] = []
        for stream in [OutputStreamName.error, .output] {
            followers.append((LogFollower(WorkerLog.file(stream, in: folder)), stream))
            context.printer.pass(try reader.last(tail, of: stream), toTalk: stream == .error)
        }
        if follow { try await go(on: followers, reader, context.printer) }
    }

    private func go(
        on followers: [(LogFollower, OutputStreamName)],
        _ reader: LogReader,
        _ printer: Printer
    ) async throws {
        var followers = followers
        try HostFiles.makeDirectory(reader.folder, mode: 0o700)
        let watch = try FolderWatch(reader.folder)
        repeat {
            for index in followers.indices {
                let bytes = followers[index].0.next()
                if !bytes.isEmpty { printer.pass(bytes, toTalk: followers[index].1 == .error) }
            }
        } while await watch.waitForChange()
        throw CancellationError()
    }

    private func showRemote(_ name: WorkerName, _ context: CommandContext) async throws {
        let engine = try RunningEngine.require(engine, about: name, context)
        let answer = try await engine.call(
            "worker::logs",
            ["name": .string(name.description), "tail": .number(JSONNumber(tail))]
        )
        if output.json { return context.printer.result(answer) }
        for (key, isTalk) in [("stderr", true), ("stdout", false)] {
            guard case .array(let lines)? = answer[key] else { continue }
            for case .string(let line) in lines { context.printer.pass(Array("\(line)\n".utf8), toTalk: isTalk) }
        }
    }

    private func json(_ name: WorkerName, _ reader: LogReader) throws -> JSONValue {
        func lines(_ stream: OutputStreamName) throws -> JSONValue {
            let text = try reader.last(tail, of: stream)
            return .array(
                text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast(text.last == 0x0A ? 1 : 0)
                    .map { .string(String(decoding: $0, as: UTF8.self)) }
            )
        }
        return [
            "name": .string(name.description), "logs_dir": .string(reader.folder.string),
            "stdout": try lines(.output), "stderr": try lines(.error),
        ]
    }
}

extension FolderWatch {
    /// Waits for the next change; false when the task is cancelled.
    fileprivate func waitForChange() async -> Bool {
        for await _ in changes { return true }
        return false
    }
}
