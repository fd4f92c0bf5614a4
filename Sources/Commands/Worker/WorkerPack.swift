// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker pack`.
struct WorkerPack: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Pack a worker as publish would, without sending anything.",
        discussion: """
            The bytes depend on the files alone: packed in two places at two times they are equal. `.iiiignore`, else \
            `.gitignore`, says what stays out; a file that looks like a secret stops the command.

              iii worker pack ./text-stats --list
              iii worker pack ./text-stats --output dist
            """
    )

    @OptionGroup var packing: PackingOptions

    @Flag(help: "Show what would go in, with sizes, and write nothing.")
    var list = false

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: "Where archives go: a folder, or the file where there is one.",
        completion: .file()
    )
    var destination = "."

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let packer = PackWorker(home: try IIIHome(context.environment), host: context.host)
        let destination = list ? nil : context.environment.absolute(self.destination)
        let outcome = try await packer.run(try packing.options(in: context), to: destination)
        if output.json { return context.printer.result(outcome.json) }
        for warning in outcome.plan.warnings { context.printer.say("warning: \(warning.printable)") }
        for path in outcome.plan.leftOut { context.printer.say("left out: \(path.printable)") }
        if list { return renderList(outcome.plan, context.printer) }
        for (upload, path) in zip(outcome.plan.uploads, outcome.archives) {
            let shown = path.shown(from: context.environment.currentDirectory)
            context.printer.result("\(shown)  \(upload.size)  sha256:\(upload.digest)")
        }
    }

    private func renderList(_ plan: PublishPlan, _ printer: Printer) {
        printer.table(plan.files.map { ["\($0.size)", $0.isExecutable ? "x" : "-", $0.path.printable] })
        for upload in plan.uploads {
            let what = plan.files.isEmpty ? "" : "\(plan.files.count.of("file")), \(plan.files.totalSize) unpacked, "
            printer.result("\(plan.fileName(of: upload))  \(what)\(upload.size) packed  sha256:\(upload.digest)")
        }
    }
}

extension [PackingList.Item] {
    /// The sizes of all files together.
    var totalSize: ByteCount { reduce(.zero) { $0 + $1.size } }
}

extension PackWorker.Outcome {
    fileprivate var json: JSONValue {
        [
            "name": .string(plan.name.description), "version": .string(plan.version.description),
            "kind": .string(plan.kind.rawValue),
            "files": .array(
                plan.files.map { file in
                    [
                        "path": .string(file.path), "size": .number(JSONNumber(file.size.bytes)),
                        "executable": .bool(file.isExecutable),
                    ]
                }
            ),
            "left_out": .array(plan.leftOut.map(JSONValue.string)),
            "archives": .array(
                plan.uploads.enumerated().map { index, upload in
                    [
                        "target": upload.target.map { .string($0.description) } ?? .null,
                        "sha256": .string(upload.digest.description), "size": .number(JSONNumber(upload.size.bytes)),
                        "path": index < archives.count ? .string(archives[index].string) : .null,
                    ]
                }
            ),
            "warnings": .array(plan.warnings.map(JSONValue.string)),
        ]
    }
}
