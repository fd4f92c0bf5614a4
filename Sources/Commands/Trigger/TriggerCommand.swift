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

            What the function's schema requires has to be there, else it is not called. Ends with 1 when the function fails, \
            with 124 when it does not answer within --timeout. Where nobody watches standard error, the function's error \
            is all that goes there: `Error: ` and `{"code": …, "message": …, "stacktrace": …}`.
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
        name: [.long, .customLong("engine")],
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
                let call = FunctionCall(function: function, namespace: namespace, payload: payload.value, limit: limit)
                show(try await call.run(client), context.printer)
            } catch let error as EngineClientError {
                throw ExitCode(report(error, hint: await suggestion(for: error, client), context.printer))
            }
        }
    }

    /// What may have been meant by the name of a function that is not there.
    private func suggestion(for error: EngineClientError, _ client: EngineClient) async -> String? {
        guard let function, case .failed(_, let remote) = error, remote.code == FunctionCall.notFound else {
            return nil
        }
        // What the function itself called and did not find is no matter of this command.
        guard let known = try? await client.functions(), !known.contains(function) else { return nil }
        return Likeness.hint(for: function, among: known)
            ?? "`iii trigger engine::functions::list` shows what can be called"
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

    /// To a person in words, with the function's own stack trace, which helps whoever wrote it; to a script as one JSON text.
    private func report(_ error: EngineClientError, hint: String?, _ printer: Printer) -> Int32 {
        guard case .failed(_, let remote) = error else {
            let status = ErrorRendering.report(error, to: printer, json: false)
            if case .timedOut = error, timeout != nil || timeoutMs != nil { return 124 }
            return status
        }
        if !printer.isInteractive {
            printer.say("Error: \(remote.json(hint: hint).text(.indented))")
            return error.code.exitStatus
        }
        let status = ErrorRendering.report(error, to: printer, json: false)
        for line in remote.stacktrace?.split(separator: "\n") ?? [] { printer.say("  \(line.printable)") }
        if let hint { printer.say("hint: \(hint)") }
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
        } catch let error as EngineClientError where error.remoteCode == FunctionCall.notFound {
            throw ExitCode(report(error, hint: await suggestion(for: error, client), printer))
        } catch EngineClientError.unreachable(let address, _) {
            printer.say("warning: no engine listens on `\(address)`, so nothing is known of `\(function.printable)`")
            printer.result(Self.helpMessage(columns: nil))
        }
    }
}

/// A time as a command line has it: `500ms`, `30s`, `2m`, `1h`, `3d`; seconds where no unit is given.
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
        case "d": unit = 86_400
        default: return nil
        }
        duration = .milliseconds(Int64((number * unit * 1000).rounded()))
    }
}

extension RemoteError {
    /// `{"code":…,"message":…,"stacktrace":…}`, null where there is none, and a hint of ours where there is one.
    fileprivate func json(hint: String?) -> JSONValue {
        var object: JSONObject = [
            "code": .string(code), "message": .string(message), "stacktrace": stacktrace.map(JSONValue.string) ?? .null,
        ]
        if let hint { object["hint"] = .string(hint) }
        return .object(object)
    }
}

extension EngineClientError {
    fileprivate var remoteCode: String? { if case .failed(_, let remote) = self { remote.code } else { nil } }
}
