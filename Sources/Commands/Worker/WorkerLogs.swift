// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import Sandboxing
import SystemPackage
import WorkerModel
import WorkerOperations
import WorkerSupervisor

/// `iii worker logs`.
struct WorkerLogs: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a worker prints.",
        discussion: """
            Both of its streams in the order in which it wrote, and between its lines, after `iii:`, what became of it. What \
            it wrote to its standard output goes to standard output, all else to standard error. The files are read whether \
            or not an engine runs.

              iii worker logs pdfkit
              iii worker logs pdfkit --tail 20 --follow
              iii worker logs pdfkit --since 10m --timestamps
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(name: .shortAndLong, help: "Go on with what it prints from now on, until interrupted; that ends with 130.")
    var follow = false

    @Option(help: "How many lines to begin with; 100, and with --since all.")
    var tail: Int?

    @Flag(name: .shortAndLong, help: "Put before each line when it came, as 2026-08-01T10:00:00.000Z.")
    var timestamps = false

    @Option(
        help: ArgumentHelp(
            "Leave out what came earlier: so long ago (`10m`, `2h`, `3d`), or a moment or day of RFC 3339.",
            valueName: "time"
        )
    )
    var since: LogBeginning?

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let tail, tail < 0 { throw ValidationError("--tail is not negative") }
        if engine.host != nil {
            if follow { throw ValidationError("--follow reads files of this machine: leave out --host") }
            if timestamps || since != nil {
                throw ValidationError("--timestamps and --since read files of this machine: leave out --host")
            }
        }
        if follow, output.json { throw ValidationError("--follow prints lines, not one JSON document") }
    }

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        if engine.host != nil { return try await showRemote(name, context) }
        let project = try context.project()
        let folder = ProjectFolder(project, in: try IIIHome(context.environment)).logs(of: name)
        let reader = LogReader(folder: folder)
        if !reader.hasLogs, !follow {
            let config = try project.readConfig()
            if config?[name] == nil { throw NotInProject(name, in: config) }
            if !output.json { return context.printer.say("\(name) has printed nothing yet") }
        }
        let (lines, following) = try reader.story(since: since?.moment(before: .now))
        if output.json { return context.printer.result(json(name, reader, lines)) }
        var story = LogRendering(showsTimes: timestamps)
        story.show(Array(lines.suffix(shown)), context.printer)
        if follow { try await go(on: following, story, reader, context.printer) }
    }

    /// How many lines to begin with.
    private var shown: Int { tail ?? (since == nil ? 100 : .max) }

    /// - Throws: `ExitCode` 130: only an interruption ends it.
    private func go(
        on following: StoryFollower,
        _ story: LogRendering,
        _ reader: LogReader,
        _ printer: Printer
    ) async throws {
        var (following, story) = (following, story)
        try HostFiles.makeDirectory(reader.folder, mode: 0o700)
        let watch = try FolderWatch(reader.folder)
        repeat { story.show(following.next(), printer) } while await watch.waitForChange()
        throw ExitCode(ErrorCode.cancelled.exitStatus)
    }

    private func showRemote(_ name: WorkerName, _ context: CommandContext) async throws {
        let engine = try RunningEngine.require(engine, about: name, context)
        let answer = try await engine.call(
            "worker::logs",
            ["name": .string(name.description), "tail": .number(JSONNumber(tail ?? 100))]
        )
        if output.json { return context.printer.result(answer) }
        for (key, isTalk) in [("stderr", true), ("stdout", false)] {
            guard case .array(let lines)? = answer[key] else { continue }
            for case .string(let line) in lines { context.printer.pass(Array("\(line)\n".utf8), toTalk: isTalk) }
        }
    }

    private func json(_ name: WorkerName, _ reader: LogReader, _ lines: [LogEntry]) -> JSONValue {
        func text(_ line: LogEntry) -> JSONValue { .string(String(decoding: line.text, as: UTF8.self)) }
        func texts(_ origin: LogEntry.Origin) -> JSONValue {
            .array(lines.filter { $0.origin == origin }.suffix(shown).map(text))
        }
        return [
            "name": .string(name.description), "logs_dir": .string(reader.folder.string), "stdout": texts(.output),
            "stderr": texts(.error),
            "lines": .array(
                lines.suffix(shown).map { line in
                    [
                        "time": line.time.map { .string($0.description) } ?? .null,
                        "stream": .string(line.origin.rawValue), "text": text(line),
                    ]
                }
            ),
        ]
    }
}

/// Prints the lines of a log, and the pieces of lines that follow.
private struct LogRendering {
    let showsTimes: Bool
    /// Streams of which the last line has not ended.
    private var open: Set<LogEntry.Origin> = []

    init(showsTimes: Bool) { self.showsTimes = showsTimes }

    mutating func show(_ entries: [LogEntry], _ printer: Printer) {
        var (bytes, isTalk): ([UInt8], Bool) = ([], false)
        for entry in entries {
            if (entry.origin != .output) != isTalk {
                if !bytes.isEmpty { printer.pass(bytes, toTalk: isTalk) }
                (bytes, isTalk) = ([], entry.origin != .output)
            }
            if open.remove(entry.origin) == nil {
                if showsTimes { bytes += Array("\(entry.time?.description ?? "-") ".utf8) }
                if entry.origin == .engine { bytes += Array("iii: ".utf8) }
            }
            bytes += entry.text
            if entry.endsLine { bytes.append(0x0A) } else { open.insert(entry.origin) }
        }
        if !bytes.isEmpty { printer.pass(bytes, toTalk: isTalk) }
    }
}

/// From when on a log is shown.
enum LogBeginning: ExpressibleByArgument, Sendable {
    case ago(Duration)
    case at(Moment)

    init?(argument: String) {
        if let time = WaitingTime(argument: argument) {
            self = .ago(time.duration)
        } else if let moment = Moment(parsing: argument) {
            self = .at(moment)
        } else {
            return nil
        }
    }

    func moment(before now: Moment) -> Moment {
        switch self {
        case .ago(let time): now.before(time)
        case .at(let moment): moment
        }
    }
}

extension FolderWatch {
    /// Waits for the next change; false when the task is cancelled.
    fileprivate func waitForChange() async -> Bool {
        for await _ in changes { return true }
        return false
    }
}
