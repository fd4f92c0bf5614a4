// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser
import Diagnostics
import HostSystem

/// Prints the references that are made from the program itself; `scripts/generate-docs` writes them to `docs/`.
package struct GenerateDocs: ParsableCommand {
    enum Page: String, ExpressibleByArgument, CaseIterable {
        case environment
        case errors
    }

    package static let configuration = CommandConfiguration(
        commandName: "generate-docs",
        abstract: "Print a page of the reference.",
        shouldDisplay: false
    )

    @Argument(help: "The page.") var page: Page

    package init() {}

    package func run() {
        let printer = Printer(isInteractive: false)
        switch page {
        case .errors: printer.result(Self.errors)
        case .environment: printer.result(Self.environment)
        }
    }

    private static var errors: String {
        var lines = [
            "# Error codes", "",
            "Every error of `iii` carries one of these codes. A code is never reused. With `--json` an error is printed as",
            "`{\"type\":\"WorkerOpError\",\"code\":\"W142\",\"message\":\"…\",\"details\":{…}}`.", "",
            "Exit statuses: 0 done · 1 failed · 2 wrong usage · 3 refused by a policy or a check · 130 interrupted.",
        ]
        for code in ErrorCode.allCases {
            let (meaning, remedy) = code.reference
            lines += ["", "## \(code.rawValue)", "", meaning, "", "*What to do:* \(remedy)", ""]
            lines += ["*Exit status:* \(code == .bundleResourceClamped ? 0 : code.exitStatus)"]
        }
        return lines.joined(separator: "\n")
    }

    private static var environment: String {
        let rows = EnvironmentVariable.allCases.map { "| `\($0.rawValue)` | \($0.summary) |" }
        let services = ContinuousIntegration.variables.map { "`\($0)`" }.joined(separator: ", ")
        return
            ([
                "# Environment variables", "",
                "Flags win over variables, variables over defaults. An empty variable is as good as none.", "",
            ]
            + ["| variable | what it does |", "| --- | --- |"] + rows
            + ["", "Those of `iii-registry` begin with `III_REGISTRY_`: `registry-configuration.md` lists them.", ""]
            + ["Downloads are counted apart where one of these is set: \(services)."]).joined(separator: "\n")
    }
}
