// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import Logging

/// Writes each log event as one line of JSON.
///
///     {"time":"2026-08-01T10:00:00Z","level":"info","message":"request","http.status":"200","hb.request.id":"…"}
///
/// Whatever a value holds, it cannot begin a line of its own.
package struct LineLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let time: @Sendable () -> String
    private let write: @Sendable ([UInt8]) -> Void

    /// `write` gets whole lines, several at once from different threads.
    package init(
        level: Logger.Level,
        time: @escaping @Sendable () -> String,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        logLevel = level
        self.time = time
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line: JSONObject = [
            "time": .string(time()), "level": .string(event.level.rawValue), "message": .string("\(event.message)"),
        ]
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line[key] = Self.json(value) }
        write(JSONValue.object(line).bytes() + [0x0A])
    }

    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let members):
            .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }
}
