// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser
import Diagnostics
import EngineClient
import EngineProtocol
import JSONText

/// `iii trigger`: calls a function.
package struct TriggerCommand: AsyncParsableCommand, Sendable {
    package static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Call a function of a running engine and print what it answers.",
        discussion: """
            Values read as JSON where they are JSON, else as text. The answer is printed as JSON; nothing is printed for \
            null. What the function says of itself is shown by --help after its name.

              iii trigger text-stats::count text='to be or not to be'
              iii trigger mail::send --json '{"to": ["a@example.com"]}' urgent=true
              iii trigger text-stats::count --help

            Ends with 1 when the function fails, with 124 when it does not answer within --timeout.
            """,
        helpNames: [],
        aliases: ["t"]
    )

    @Argument(
        help: ArgumentHelp("The function's id.", valueName: "function"),
        completion: .custom(completeFunctionIDs)
    )
    var function: String?

    @Argument(help: ArgumentHelp("Members of what it is called with.", valueName: "key=value"))
    var pairs: [String] = []

    @Option(help: ArgumentHelp("What it is called with, as one JSON text.", valueName: "json"))
    var json: String?

    @Option(help: ArgumentHelp("How long to wait: `500ms`, `30s`, `2m`.", valueName: "time"))
    var timeout: WaitingTime?

    @Option(help: .hidden) var timeoutMs: Int?

    @Option(name: .shortAndLong, help: ArgumentHelp("The namespace of the function.", valueName: "namespace"))
    var namespace: String?

    @Option(
        help: ArgumentHelp("The engine to call, instead of III_URL or the project's.", valueName: "host[:port]")
    )
    var host: EngineAddress?

    @Option(help: .hidden) var address: String?
    @Option(help: .hidden) var port: UInt16?

    @Flag(name: .shortAndLong, help: "Show help, after a function's name what it says of itself.")
    var help = false

    package init() {}

    package func validate() throws {
        if function == nil, !help { throw ValidationError("name the function to call") }
        if let timeoutMs, timeoutMs < 0 { throw ValidationError("--timeout-ms is not negative") }
    }

    package func run() async throws {
        try await CommandContext.run { [self] context in
            guard let function else { return context.printer.result(Self.helpMessage(columns: nil)) }
            let client = EngineClient(try target(context))
            if help { return try await showHelp(of: function, client, context.printer) }
            let payload = try TriggerPayload(pairs: pairs, json: json)
            do {
                let answer = try await client.call(
                    function: function,
                    payload: RawJSON(payload.value),
                    namespace: namespace,
                    timeout: limit
                )
                show(answer, context.printer)
            } catch let error as EngineClientError {
                throw ExitCode(report(error, context.printer))
            }
        }
    }

    private var limit: Duration { timeout?.duration ?? timeoutMs.map { .milliseconds($0) } ?? .seconds(30) }

    private func target(_ context: CommandContext) throws -> EngineAddress {
        let named =
            address == nil && port == nil
            ? host : EngineAddress(host: address ?? "127.0.0.1", port: Int(port ?? UInt16(EngineAddress.standardPort)))
        return try TriggerTarget.address(host: named, context: context)
    }

    /// Text that another reader of JSON would not take is printed as it came.
    private func show(_ answer: RawJSON?, _ printer: Printer) {
        guard let answer, !answer.isNull else { return }
        printer.result(answer.value()?.text(.indented) ?? answer.description)
    }

    /// A function's own stack trace helps whoever wrote it.
    private func report(_ error: EngineClientError, _ printer: Printer) -> Int32 {
        let status = ErrorRendering.report(error, to: printer, json: false)
        if case .failed(_, let remote) = error, let trace = remote.stacktrace {
            for line in trace.split(separator: "\n") { printer.say("  \(line.printable)") }
        }
        if case .timedOut = error, timeout != nil || timeoutMs != nil { return 124 }
        return status
    }

    private func showHelp(of function: String, _ client: EngineClient, _ printer: Printer) async throws {
        var request = JSONObject([("function_id", .string(function))])
        if let namespace { request["namespace"] = .string(namespace) }
        do {
            let detail = try await client.call(
                function: "engine::functions::info",
                payload: RawJSON(.object(request)),
                timeout: .seconds(5)
            )
            for line in FunctionHelp(function, detail?.value() ?? .null).lines { printer.result(line) }
        } catch EngineClientError.unreachable(let address, _) {
            printer.say("warning: no engine listens on `\(address)`, so nothing is known of `\(function.printable)`")
            printer.result(Self.helpMessage(columns: nil))
        }
    }
}

/// A time as a command line has it: `500ms`, `30s`, `2m`, `1h`; seconds where no unit is given.
struct WaitingTime: ExpressibleByArgument, Sendable, Hashable {
    let duration: Duration

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number >= 0, number < 1e9 else { return nil }
        let unit: Double
        switch argument.dropFirst(digits.count) {
        case "ms": unit = 0.001
        case "", "s": unit = 1
        case "m", "min": unit = 60
        case "h": unit = 3600
        default: return nil
        }
        duration = .milliseconds(Int64((number * unit * 1000).rounded()))
    }
}
