// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Logging
import RegistryService

/// What the log has of each request: one line, whoever answered it.
///
/// Never the query, the headers or the body: keys and signed addresses stand there.
struct RequestLine {
    /// The most bytes of a path that are written.
    private static let longestPath = 200

    /// The id that the answer has.
    let id: String
    let method: String
    /// Without its query.
    let path: String
    let client: String

    /// Writes the line, where requests are logged.
    func write(status: Int, after duration: Duration, to log: LogOutput) {
        guard log.level <= .info else { return }
        var line = LogLine(.info, "request")
        line.add("client.address", client)
        line.add("hb.request.id", id)
        line.add("http.duration_ms", Self.milliseconds(duration))
        line.add("http.method", method)
        line.add("http.path", String(Self.withoutKeys(path).prefix(Self.longestPath)))
        line.add("http.status", "\(status)")
        log.add(line)
    }

    /// A path as it may be written down: somebody may have put a key where its id belongs.
    static func withoutKeys(_ path: String) -> String {
        guard path.contains(KeyText.prefix) else { return path }
        return path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.contains(KeyText.prefix) ? "[redacted]" : String($0) }.joined(separator: "/")
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let digits = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
