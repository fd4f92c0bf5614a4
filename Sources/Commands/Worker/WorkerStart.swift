// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser

/// `iii worker start`.
struct WorkerStart: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a worker of the project, or one that crashed.",
        discussion: """
            A worker that was stopped stays so until this, or until the engine starts anew. Ends when the worker is ready, after 120 seconds at most; at once when it ends instead. --isolation holds until it is started by hand again; `isolation:` in its entry of config.yaml stays.

              iii worker start pdfkit
              iii worker start pdfkit --no-wait
              iii worker start pdfkit --isolation namespaces
            """
    )

    @OptionGroup var options: StartOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        try await options.start(by: "worker::start", isJSON: output.json, in: context)
    }
}
