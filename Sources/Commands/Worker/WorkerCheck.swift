// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import Manifests
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker check`.
struct WorkerCheck: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a manifest, or the folder of a worker, by the rules that publish applies.",
        discussion: """
            Every problem is named with its line and column. Of a folder, what would be packed is checked too. A manifest \
            without `deploy` that runs its own install or setup is checked as a worker that stays in its folder. The exit \
            status is 3 where something is wrong.

              iii worker check
              iii worker check workers/stats/iii.worker.yaml --as bundle --json
            """
    )

    @Argument(help: "A folder that holds iii.worker.yaml, or a manifest.", completion: .file())
    var path = "."

    @Option(name: .customLong("as"), help: "Check as bundle, binary, image or local, whatever the manifest says.")
    var use: ManifestFindings.Use?

    @Option(help: ArgumentHelp("This file may look like a secret. Repeatable.", valueName: "path"))
    var allowSecret: [String] = []

    @OptionGroup var start: StartFileOption

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        var request = CheckWorker.Request(path: context.environment.absolute(path))
        request.use = use
        request.allowedSecrets = Set(allowSecret)
        request.allowsMissingStart = start.allowMissingStart
        let report = try await CheckWorker(home: try IIIHome(context.environment)).run(request)
        if output.json { context.printer.result(report.json) } else { render(report, context) }
        if !report.isFit { throw ExitCode(3) }
    }

    private func render(_ report: CheckWorker.Report, _ context: CommandContext) {
        let shown = report.manifest.shown(from: context.environment.currentDirectory)
        for finding in report.findings {
            let place = finding.place.map { ":\($0.line):\($0.column)" } ?? ""
            context.printer.result(
                "\(shown)\(place): \(finding.severity.rawValue): [\(finding.code.rawValue)] \(finding.text.printable)"
            )
            for hint in finding.hints { context.printer.say("hint: \(hint.printable)") }
        }
        guard report.isFit, let name = report.name, let use = report.use else {
            let count = report.findings.count { $0.severity == .error }
            return context.printer.say(count.of("problem"))
        }
        context.printer.result("\(shown): `\(name)` is fit for \(use == .image ? "an" : "a") \(use.rawValue) worker")
        for problem in report.refusedByPublish {
            context.printer.result("\(shown): note: publishing it as a bundle is refused: \(problem.message)")
        }
    }
}

extension ManifestFindings.Use: ExpressibleByArgument {}

extension FilePath {
    /// The path as seen from a folder, where it lies below it.
    func shown(from folder: FilePath) -> String {
        var path = self
        return (path.removePrefix(folder) && !path.isEmpty ? path : self).string.printable
    }
}

extension CheckWorker.Report {
    fileprivate var json: JSONValue {
        [
            "manifest": .string(manifest.string), "ok": .bool(isFit),
            "name": name.map { .string($0.description) } ?? .null, "kind": use.map { .string($0.rawValue) } ?? .null,
            "problems": .array(
                findings.map { finding in
                    .finding(finding.severity, finding.code, finding.place, finding.field, finding.text)
                }
            ),
            "refused_by_publish": .array(
                refusedByPublish.map { problem in
                    .finding(
                        problem.severity,
                        .bundleManifestRejected,
                        problem.place,
                        problem.path,
                        "`\(problem.path)` \(problem.sentence)"
                    )
                }
            ),
        ]
    }
}

extension JSONValue {
    fileprivate static func finding(
        _ severity: ManifestProblem.Severity,
        _ code: ErrorCode,
        _ place: ManifestProblem.Place?,
        _ field: String?,
        _ text: String
    ) -> JSONValue {
        [
            "severity": .string(severity.rawValue), "code": .string(code.rawValue),
            "line": place.map { .number(JSONNumber($0.line)) } ?? .null,
            "column": place.map { .number(JSONNumber($0.column)) } ?? .null,
            "field": field.map(JSONValue.string) ?? .null, "message": .string(text.printable),
        ]
    }
}
