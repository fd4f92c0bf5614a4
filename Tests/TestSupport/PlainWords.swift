// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Testing

/// Words that no person should have to read: names of types, places in sources, numbers of system errors, and the language
/// that programs speak with a registry.
package enum PlainWords {
    private static let internals = [
        "Optional(", "Swift.", "NIO", "BoringSSL", "OPENSSL_internal", "SocketAddress", "HTTPClientError", "IOError",
        "ChannelError", "errno", "I/O on closed", "error of the system", "descriptor:", ".swift:", ".cc:",
        ".c:",
        "/checkouts/", "/.build/", "Error(", "Unmanaged", "(extension in", "0x0000",
        "`GET /", "`POST /", "`PUT /", "`DELETE /", "X-API-Key", "`details`",
    ]

    /// The first such word in a text; nil where there is none.
    package static func internalWord(in text: String) -> String? { internals.first { text.contains($0) } }

    package static func expect(in text: String, of what: String, sourceLocation: SourceLocation = #_sourceLocation) {
        guard let word = internalWord(in: text) else { return }
        Issue.record("`\(word)` in what people read of \(what): \(text)", sourceLocation: sourceLocation)
    }
}
