// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker publish`.
struct WorkerPublish: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish the worker in a folder.",
        discussion: """
            A bundle is packed, the same bytes on every machine; a native worker names its builds. What the registry \
            lacks is uploaded, then the version is published. The key comes from III_API_KEY.

              iii worker publish ./text-stats
              iii worker publish ./native --artifact x86_64-unknown-linux-gnu=build/native --tag next
            """
    )

    @OptionGroup var packing: PackingOptions

    @Option(help: "The channel that moves to this version. Default: latest, or next for a pre-release.")
    var tag: String?

    @Flag(help: "Move no channel.")
    var noTag = false

    @Flag(help: "Publish a version that is below a published one.")
    var allowOlder = false

    @Flag(help: "Show what would be published, and send nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if noTag, tag != nil { throw ValidationError("--tag and --no-tag contradict each other") }
    }

    func run(in context: CommandContext) async throws {
        let options = try options(in: context)
        let outcome = try await context.withRegistry { registry in
            try await PublishWorker(
                registry: registry,
                home: try IIIHome(context.environment),
                host: context.host,
                events: ProgressRendering(context.printer)
            ).run(options, allowsOlder: allowOlder, isDryRun: dryRun) { plan in
                if !output.json { for line in plan.lines { context.printer.say(line) } }
            }
        }
        if output.json { return context.printer.result(outcome.json) }
        context.printer.result(outcome.sentence)
    }

    private func options(in context: CommandContext) throws -> PublishRequestOptions {
        var options = try packing.options(in: context)
        options.channel = try noTag ? .none : tag.map { .named(try ChannelName(parsing: $0)) } ?? .automatic
        return options
    }
}

extension PublishPlan {
    /// The plan in words, printed before anything is sent.
    fileprivate var lines: [String] {
        var lines = ["\(name) \(version)  \(kind.rawValue)  channel \(channel?.description ?? "none")"]
        lines += uploads.map {
            "  \($0.target?.description ?? "archive")  \($0.size)  sha256:\($0.digest.abbreviated)…"
        }
        if !files.isEmpty { lines.append("  \(files.count) files, \(files.reduce(.zero) { $0 + $1.size }) unpacked") }
        lines += leftOut.map { "  left out: \($0.printable)" }
        lines += warnings.map { "warning: \($0.printable)" }
        return lines
    }
}

extension PublishWorker.Outcome {
    fileprivate var sentence: String {
        let worker = "\(plan.name) \(plan.version)"
        return switch status {
        case .planned: "would publish \(worker)"
        case .published: "published \(worker)"
        case .alreadyPublished: "\(worker) is published already, with these very bytes"
        }
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(plan.name.description), "version": .string(plan.version.description),
            "kind": .string(plan.kind.rawValue), "status": .string(status.rawValue),
            "channel": plan.channel.map { .string($0.description) } ?? .null,
            "artifacts": .array(
                plan.uploads.map { upload in
                    [
                        "target": upload.target.map { .string($0.description) } ?? .null,
                        "sha256": .string(upload.digest.description), "size": .number(JSONNumber(upload.size.bytes)),
                    ]
                }
            ),
            "warnings": .array(warnings.map(JSONValue.string)),
        ]
    }
}
