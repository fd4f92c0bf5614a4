// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import ProjectFiles
import RegistryAPI
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker info`.
struct WorkerInfo: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what the registry knows of a worker.",
        discussion: """
              iii worker info text-stats
              iii worker info text-stats@1.2.0 --readme
              iii worker info text-stats --versions
              iii worker info ghcr.io/acme/scraper:1
            """
    )

    @Argument(help: ArgumentHelp("The worker, with a version or a channel where it matters.", valueName: "name"))
    var worker: String

    @Flag(help: "Show the README.")
    var readme = false

    @Flag(help: "Show every version, newest published first.")
    var versions = false

    @OptionGroup var registry: RegistryOption
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let option = try registry.base
        let rules = try context.registryRules(option, of: try Project.find(context.environment))
        let (source, named) = try rules.source(worker)
        if let reference = try image(source, context) {
            if versions || readme { throw NotOfImages(reference: reference) }
            return try await context.withRegistries(rules) { registry in
                try await registry.images.describe(reference).render(output, context.printer)
            }
        }
        guard case .registry(let name, let selector) = source else { throw VersionNeeded(text: worker) }
        try await context.withRegistry(of: name, named?.base) { registry in
            if versions {
                render(try await registry.asking(for: name) { try await $0.versions(of: name) }, context.printer)
            } else {
                let detail = try await registry.asking(for: name) { try await $0.detail(of: name, selector) }
                render(detail, from: registry.client.base.description, context.printer)
            }
        }
    }

    /// The image that is asked about: by its reference, or by the name that its worker has in the project.
    private func image(_ source: WorkerSource, _ context: CommandContext) throws -> ImageReference? {
        switch source {
        case .image(let reference, _): return reference
        case .localPath: return nil
        case .registry(let name, let selector):
            guard selector == nil, let project = try Project.find(context.environment) else { return nil }
            return try ListWorkers.image(of: name, in: project)
        }
    }

    private func render(_ list: VersionList, _ printer: Printer) {
        if output.json { return printer.result(list.json) }
        let rows = list.versions.map { row in
            let needs = row.dependencies.map { "\($0.name)@\($0.selector)" }.joined(separator: " ")
            let channels = row.channels.map(\.description).joined(separator: ", ")
            return [
                row.version.description, channels.isEmpty ? "-" : channels, row.publishedAt ?? "-",
                needs.isEmpty ? "-" : needs, row.notes.cell,
            ].map(\.printable)
        }
        printer.table(head: ["VERSION", "CHANNELS", "PUBLISHED", "NEEDS", "NOTES"], rows)
    }

    private func render(_ detail: WorkerDetail, from registry: String, _ printer: Printer) {
        if output.json { return printer.result(detail.json["worker"] ?? detail.json) }
        if readme {
            // Line by line: what came from outside moves no cursor.
            for line in detail.readme.split(separator: "\n", omittingEmptySubsequences: false) {
                printer.result(line.printable)
            }
            return
        }
        printer.result("\(detail.name) \(detail.version)  \(detail.kind.rawValue)")
        for note in detail.notes { printer.result("\(note)") }
        if !detail.description.isEmpty { printer.result(detail.description.printable) }
        let cells = (rows(of: detail) + [["registry", registry.printable]]).filter { !$0[1].isEmpty }
        printer.table(cells)
    }

    private func rows(of detail: WorkerDetail) -> [[String]] {
        [
            ["license", detail.license], ["repository", detail.repository],
            ["author", detail.author?.name ?? ""], ["published", detail.publishedAt ?? ""],
            ["downloads", String(detail.totalDownloads)], ["tags", detail.tags.joined(separator: ", ")],
            ["targets", (detail.supportedTargets ?? []).map(\.description).joined(separator: ", ")],
            ["image", detail.image ?? ""], ["platforms", detail.platforms.joined(separator: ", ")],
            ["needs", detail.dependencies.map { "\($0.name)@\($0.selector)" }.joined(separator: ", ")],
            ["asks to call", detail.calls.joined(separator: ", ")],
            ["functions", names(detail.functions)], ["triggers", names(detail.triggers)],
        ].map { $0.map(\.printable) }
    }

    private func names(_ objects: [JSONValue]) -> String {
        objects.compactMap { object in
            if case .string(let name)? = object["name"] { name } else { nil }
        }.joined(separator: ", ")
    }
}
