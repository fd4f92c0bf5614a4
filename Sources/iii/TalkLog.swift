// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Commands
import Diagnostics
import Logging

/// Writes what the engine logs as lines of talk: `warning: message (key=value)`.
struct TalkLog: LogHandler {
    let printer: Printer
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.warning

    init(printer: Printer) { self.printer = printer }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let values = all.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        let text = values.isEmpty ? "\(event.message)" : "\(event.message) (\(values))"
        printer.say("\(event.level): \(text.printable)")
    }
}
