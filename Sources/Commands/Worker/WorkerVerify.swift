// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import WorkerModel
import WorkerOperations

/// `iii worker verify`.
struct WorkerVerify: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that config.yaml, iii.lock and the installed files agree.",
        discussion: """
            Every installed file is hashed again. Nothing is changed and nothing is fetched; the exit status is 3 where \
            something does not agree.

              iii worker verify
              iii worker verify --strict --json
            """
    )

    @Flag(help: "Also check manifests, and that every worker gets the versions that it needs.")
    var strict = false

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let project = try context.project()
        try await project.settle(ProgressRendering(context.printer))
        let verify = VerifyProject(
            project: project,
            installation: try context.installation(),
            registries: try context.registryRules(of: project).list
        )
        let report = try await verify.run(isStrict: strict)
        if output.json { context.printer.result(report.json) }
        guard report.problems.isEmpty else {
            if !output.json {
                for problem in report.problems {
                    context.printer.result("\(problem.worker.map { "\($0): " } ?? "")\(problem.text)".printable)
                }
            }
            let error = ProjectDisagrees(report: report)
            throw ExitCode(ErrorRendering.report(error, to: context.printer, json: false))
        }
        if !output.json {
            context.printer.result("\(report.workers.of("worker")) and \(report.files.of("file")) agree with iii.lock")
        }
    }
}

extension VerifyProject.Report {
    fileprivate var json: JSONValue {
        [
            "workers": .number(JSONNumber(workers)), "files": .number(JSONNumber(files)), "ok": .bool(problems.isEmpty),
            "problems": .array(
                problems.map { problem in
                    [
                        "worker": problem.worker.map { .string($0.description) } ?? .null,
                        "code": .string(problem.code.rawValue),
                        "message": .string(problem.text),
                    ]
                }
            ),
        ]
    }
}
