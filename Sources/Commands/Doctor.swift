// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import RegistryClient
import Sandboxing
import WorkerOperations

/// `iii doctor`.
package struct Doctor: ContextCommand {
    package static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check that this machine has what workers need, and say what installs the rest.",
        discussion: """
            Nothing is changed. The exit status is 1 where something does not work, 0 where it only could work better.

              iii doctor
              iii doctor --offline --json
            """
    )

    @Flag(help: "Do not ask the registry.")
    var offline = false

    @OptionGroup var output: OutputOptions

    package init() {}

    func run(in context: CommandContext) async throws {
        var findings = ExamineHost(context.environment, host: context.host).run()
        findings += await Sandboxes.live(context.environment).survey().map(ExamineHost.Finding.init)
        findings += context.networkFindings
        let settings = try MachineSettings(try IIIHome(context.environment))
        for oversight in settings.oversights {
            findings.append(ExamineHost.Finding(subject: "settings", status: .lacking, text: oversight, remedy: nil))
        }
        if settings.permitsAllCalls {
            findings.append(
                ExamineHost.Finding(
                    subject: "calls of workers",
                    status: .lacking,
                    text: "all are permitted: what workers may not call is only counted",
                    remedy: "take `isolation: calls: permissive` out of settings.yaml once the grants are written"
                )
            )
        }
        if !offline { findings.append(await registry(in: context)) }
        let isFine = !findings.contains { $0.status == .missing }
        if output.json {
            context.printer.result(["ok": .bool(isFine), "findings": .array(findings.map(\.json))])
        } else {
            for finding in findings { render(finding, context.printer) }
        }
        if !isFine { throw ExitCode.failure }
    }

    private func render(_ finding: ExamineHost.Finding, _ printer: Printer) {
        let mark =
            switch finding.status {
            case .fine: "ok      "
            case .lacking: "lacking "
            case .missing: "missing "
            }
        printer.result("\(mark) \(finding.subject): \(finding.text.printable)")
        if let remedy = finding.remedy { printer.result("         → \(remedy.printable)") }
    }

    private func registry(in context: CommandContext) async -> ExamineHost.Finding {
        let subject = "registry"
        do {
            let rules = try context.registryRules(of: try Project.find(context.environment))
            var question = ListQuestion()
            question.pageSize = 1
            _ = try await context.withRegistries(rules) { [question] in try await $0.client.list(question) }
            let text = "\(rules.fallback) answers"
            return ExamineHost.Finding(subject: subject, status: .fine, text: text, remedy: nil)
        } catch {
            let report = ErrorReport(error)
            let text = "[\(report.code.rawValue)] \(report.message)"
            return ExamineHost.Finding(subject: subject, status: .missing, text: text, remedy: report.hints.first)
        }
    }
}

extension ExamineHost.Finding {
    /// What a try of the tier showed, with what it does not stop.
    fileprivate init(_ tier: IsolationTier, _ availability: SandboxAvailability) {
        switch availability {
        case .available(let details):
            let limits = details.enforcement
            let isHeld = limits.memory == .enforced
            let text =
                "works (\(details.program)); limits of memory are \(limits.memory.rawValue), of processors "
                + "\(limits.cpus.rawValue); not stopped: \(tier.caveat)"
            let remedy =
                HostProcess.isRoot
                ? "let the engine write control groups: in a container, mount `/sys/fs/cgroup` writable"
                : "start the engine with its own: `systemd-run --user --scope --property Delegate=yes iii`"
            self.init(
                subject: "sandbox \(tier)",
                status: isHeld ? .fine : .lacking,
                text: text,
                remedy: isHeld ? nil : remedy
            )
        case .unavailable(let reason):
            // Bundles need one tier; which pieces that takes is told above.
            let text = "cannot be used: \(reason)"
            self.init(subject: "sandbox \(tier)", status: .lacking, text: text, remedy: reason.remedy)
        }
    }

    fileprivate var json: JSONValue {
        [
            "subject": .string(subject), "status": .string(status.rawValue), "message": .string(text),
            "remedy": remedy.map(JSONValue.string) ?? .null,
        ]
    }
}
