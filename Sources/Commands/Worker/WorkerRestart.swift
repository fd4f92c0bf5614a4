// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser

/// `iii worker restart`.
struct WorkerRestart: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop a worker where it runs, and start it.",
        discussion: """
            Also takes up what changed in its files. Ends when the worker is ready, after 120 seconds at most; at once when it ends instead. --isolation holds until it is started by hand again; `isolation:` in its entry of config.yaml stays.

              iii worker restart pdfkit
              iii worker restart pdfkit --no-wait
              iii worker restart pdfkit --isolation namespaces
            """
    )

    @OptionGroup var options: StartOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        try await options.start(by: "worker::restart", isJSON: output.json, in: context)
    }
}
