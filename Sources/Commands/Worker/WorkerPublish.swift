// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import OCIImages
import RegistryAPI
import RegistryClient
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker publish`.
struct WorkerPublish: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish the worker in a folder.",
        discussion: """
            A bundle is packed, the same bytes on every machine; a native worker names its builds. What the registry \
            lacks is uploaded, then the version is published; a command that was interrupted is repeated. The key is the \
            one of `iii registry login`, or III_API_KEY. --boot starts what was packed in its sandbox, with an engine of \
            its own, and publishes the functions and trigger types that it registers with their schemas; --from-engine \
            takes them from the engine in which the worker runs already.

              iii worker publish ./text-stats --boot
              iii worker publish ./native --artifact x86_64-unknown-linux-gnu=build/native --tag next
              iii worker publish ./scraper --image ghcr.io/acme/scraper:1.2
              iii worker publish ./scraper --image oci:build/image
            """
    )

    @OptionGroup var packing: PackingOptions

    @Option(help: "The channel that moves to this version. Default: latest, or next for a pre-release.")
    var tag: String?

    @Flag(help: "Move no channel.")
    var noTag = false

    @Option(
        help: ArgumentHelp(
            "The image of an image worker: HOST/PATH:TAG, oci:FOLDER[:TAG], oci-archive:FILE, docker-archive:FILE, or what else skopeo reads.",
            valueName: "image"
        )
    )
    var image: String?

    @Flag(help: "Leave the image at the registry where it is, instead of bringing it into this one.")
    var byReference = false

    @OptionGroup var interface: InterfaceOptions

    @Flag(help: "Publish a version that is below a published one.")
    var allowOlder = false

    @Flag(help: "Show what would be published, and send nothing.")
    var dryRun = false

    @OptionGroup var registry: RegistryOption
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if byReference, image == nil { throw ValidationError("--by-reference needs --image") }
        if noTag, tag != nil { throw ValidationError("--tag and --no-tag contradict each other") }
    }

    func run(in context: CommandContext) async throws {
        var options = try options(in: context)
        if interface.fromEngine { options.interface = try await registered(options.folder, in: context) }
        let boot = try interface.booting(in: context)
        let name = PublishWorker.name(in: options.folder)
        let outcome = try await context.withRegistry(of: name, try registry.base) { [options] registry in
            try await PublishWorker(
                registry: registry,
                home: try IIIHome(context.environment),
                host: context.host,
                environment: context.environment,
                events: ProgressRendering(context.printer)
            ).run(options, allowsOlder: allowOlder, isDryRun: dryRun, boot: boot) { plan, account in
                if output.json { return }
                for line in plan.lines { context.printer.say(line) }
                let owner = account.map { " as \($0.account.printable)" } ?? ""
                context.printer.say("  to \(registry.client.base.description.printable)\(owner)")
            }
        }
        if output.json { return context.printer.result(outcome.json) }
        context.printer.result(outcome.sentence)
    }

    private func options(in context: CommandContext) throws -> PublishRequestOptions {
        var options = try packing.options(in: context)
        options.image = try image.map { try ImageOrigin(parsing: $0, absolute: context.environment.absolute) }
        options.leavesImage = byReference
        options.channel = try noTag ? .none : tag.map { .named(try ChannelName(parsing: $0)) } ?? .automatic
        return options
    }

    private func registered(_ folder: FilePath, in context: CommandContext) async throws -> WorkerInterface {
        let report = try await CheckWorker(home: try IIIHome(context.environment)).run(.init(path: folder))
        guard let name = report.name else { throw PublishError.noManifest(report.manifest) }
        let engine = RunningEngine(try TriggerTarget.address(host: nil, context: context))
        return try await WorkerInterface.collect(of: name) { function, payload in
            try await engine.call(function, payload)
        }
    }
}

extension PublishPlan {
    /// The plan in words, printed before anything is sent.
    fileprivate var lines: [String] {
        var lines = ["\(name) \(version)  \(kind.rawValue)  channel \(channel?.description ?? "none")"]
        if let image { lines.append("  image  \(image.printable)") }
        if let pushes {
            let from = pushes.origin.description.printable
            lines.append(
                pushes.blobs == 0
                    ? "  from \(from), which the registry has already"
                    : "  from \(from), of which \(pushes.blobs.of("blob")) (\(pushes.size)) must be sent"
            )
        }
        if !request.platforms.isEmpty {
            lines.append("  for \(request.platforms.joined(separator: ", ").printable)")
        }
        lines += uploads.map {
            "  \($0.target?.description ?? "archive")  \($0.size)  sha256:\($0.digest.abbreviated)…"
        }
        if !files.isEmpty {
            lines.append("  \(files.count.of("file")), \(files.reduce(.zero) { $0 + $1.size }) unpacked")
        }
        if !request.functions.isEmpty || !request.triggers.isEmpty {
            lines.append(
                "  \(counted(request.functions, "function")), \(counted(request.triggers, "trigger type"))"
            )
        }
        lines += leftOut.map { "  left out: \($0.printable)" }
        lines += warnings.map { "warning: \($0.printable)" }
        return lines
    }

    private func counted(_ things: [some Any], _ name: String) -> String {
        "\(things.count) \(name)" + (things.count == 1 ? "" : "s")
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
