// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import WorkerModel
import WorkerOperations

/// `iii worker why`.
struct WorkerWhy: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Show who needs a worker, and through whom.",
        discussion: """
            Reads the project's own files; no registry is asked.

              iii worker why splitter
              iii worker why splitter --json
            """
    )

    @Argument(help: "The worker.", completion: .custom(completeLockedNames))
    var name: String

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let project = try context.project()
        try await project.settle(ProgressRendering(context.printer))
        let outcome = try ExplainWorker(project: project).run(try WorkerName(parsing: name))
        if output.json { return context.printer.result(outcome.json) }
        for line in outcome.lines { context.printer.result(line.printable) }
    }
}

extension ExplainWorker.Outcome {
    fileprivate var lines: [String] {
        let head = "\(name)\(version.map { " \($0)" } ?? "")"
        var lines: [String] = []
        if let selector {
            lines.append("\(head) was asked for by name, as `\(selector)`")
        } else if isOwn {
            lines.append("\(head) was added from a folder or an image")
        } else if chains.isEmpty {
            lines.append("\(head) is needed by nobody that this project knows of")
        } else {
            lines.append("\(head) is needed by others")
        }
        return lines + chains.map { "  " + Self.text(of: $0) } + notes.map { $0.sentence(about: name, version ?? "") }
    }

    /// `app 1.0.0 -> stats@^0.3 -> splitter@^1.0`.
    private static func text(of chain: [ExplainWorker.Link]) -> String {
        zip(chain, [nil] + chain.map(\.range))
            .map { link, range in
                range.map { "\(link.name)@\($0)" }
                    ?? [link.name, link.version].compactMap { $0 }.joined(separator: " ")
            }
            .joined(separator: " -> ")
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "version": version.map(JSONValue.string) ?? .null,
            "selector": selector.map { .string($0.description) } ?? .null,
            "notes": .array(notes.map(\.json)),
            "chains": .array(
                chains.map { chain in
                    .array(
                        chain.map { link in
                            [
                                "name": .string(link.name), "version": link.version.map(JSONValue.string) ?? .null,
                                "range": link.range.map(JSONValue.string) ?? .null,
                            ]
                        }
                    )
                }
            ),
        ]
    }
}
