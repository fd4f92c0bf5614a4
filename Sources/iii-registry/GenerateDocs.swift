// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryServer

/// Prints the references that are made from this program; `scripts/generate-docs` writes them to `docs/`.
struct GenerateDocs: ParsableCommand {
    enum Page: String, ExpressibleByArgument, CaseIterable {
        case configuration
        case openapi
    }

    static let configuration = CommandConfiguration(
        commandName: "generate-docs",
        abstract: "Print a page of the reference.",
        shouldDisplay: false
    )

    @Argument(help: "The page.") var page: Page

    func run() {
        switch page {
        case .configuration: Output.result(SettingsReference.page)
        case .openapi: Output.result(OpenAPIDocument.json.text(.pretty))
        }
    }
}
