// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText

/// The one place that turns an error into words and an exit status.
enum ErrorRendering {
    /// Reports an error on standard error, and as an envelope on standard output where JSON was asked for.
    ///
    /// Returns the exit status: 130 for an interruption, 3 for a refusal, 1 for the rest.
    static func report(_ error: any Error, to printer: Printer, json: Bool) -> Int32 {
        let error = error is CancellationError ? OperationInterrupted() : error
        let report = ErrorReport(error)
        if json { printer.result(envelope(report)) }
        for line in report.lines { printer.say(line) }
        return report.code.exitStatus
    }

    /// `{"type":"WorkerOpError","code":"W142","message":"…","details":{…}}`.
    static func envelope(_ report: ErrorReport) -> JSONValue {
        [
            "type": "WorkerOpError", "code": .string(report.code.rawValue), "message": .string(report.message),
            "details": .object(JSONObject(report.details.map { ($0.key, JSONValue.string($0.value)) })),
            "causes": .array(report.causes.map(JSONValue.string)), "hints": .array(report.hints.map(JSONValue.string)),
        ]
    }
}

/// The user interrupted the command.
struct OperationInterrupted: CodedError {
    var code: ErrorCode { .cancelled }
    var message: String { "interrupted" }
}
