// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// An OCI image reference, `[host[:port]/]path[:tag][@algorithm:hex]`, read whole and kept as it was written.
///
/// Grammar of the OCI distribution specification. `docker.io` and `library/` are filled in by `canonicalHost` and
/// `canonicalPath`, for pulling only.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// The text as it was written.
    package let description: String
    /// The host with its port, nil where none was written.
    package let host: String?
    /// The path as it was written, without host.
    package let path: String
    package let tag: String?
    /// `sha256:…` or `sha512:…`.
    package let digest: String?

    /// Reads a reference.
    ///
    /// - Throws: `ImageReferenceError` with the position of the part that does not fit.
    package init(parsing text: String) throws(ImageReferenceError) {
        func failure(_ reason: String, at rest: Substring) -> ImageReferenceError {
            ImageReferenceError(
                text: text,
                position: text.utf8.distance(from: text.startIndex, to: rest.startIndex) + 1,
                reason: reason
            )
        }
        if text.utf8.count > 1024 { throw failure("it is longer than 1024 characters", at: text[...]) }
        var rest = text[...]
        var digest: Substring?
        if let at = rest.firstIndex(of: "@") {
            digest = rest[rest.index(after: at)...]
            rest = rest[..<at]
        }
        var host: Substring?
        if let slash = rest.firstIndex(of: "/"), Self.isHost(rest[..<slash]) {
            host = rest[..<slash]
            rest = rest[rest.index(after: slash)...]
        }
        var tag: Substring?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        if let host, let reason = Self.problem(ofHost: host) { throw failure(reason, at: host) }
        for component in rest.split(separator: "/", omittingEmptySubsequences: false) {
            if let reason = Self.problem(ofPathComponent: component) { throw failure(reason, at: component) }
        }
        if let tag, let reason = Self.problem(ofTag: tag) { throw failure(reason, at: tag) }
        if let digest, let reason = Self.problem(ofDigest: digest) { throw failure(reason, at: digest) }
        description = text
        self.host = host.map(String.init)
        path = String(rest)
        self.tag = tag.map(String.init)
        self.digest = digest.map(String.init)
    }

    /// The name that a worker of this image gets: the last part of the path.
    package var lastPathComponent: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The host that is asked: `docker.io` where none was written.
    package var canonicalHost: String { host ?? "docker.io" }

    /// The path that is asked for: official images of `docker.io` live under `library/`.
    package var canonicalPath: String { canonicalHost == "docker.io" && !path.contains("/") ? "library/\(path)" : path }
}

extension ImageReference {
    /// Whether the text before the first `/` is a host: it has a dot or a port, or is `localhost`.
    private static func isHost(_ text: Substring) -> Bool {
        text.contains(".") || text.contains(":") || text == "localhost" || text.hasPrefix("[")
    }

    private static func problem(ofHost host: Substring) -> String? {
        var name = host
        if host.hasPrefix("[") {
            guard let bracket = host.firstIndex(of: "]") else { return "an address without its `]`" }
            let address = host[host.index(after: host.startIndex)..<bracket]
            guard !address.isEmpty, address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return "an address that is none"
            }
            name = host[host.index(after: bracket)...]
            if name.isEmpty { return nil }
            return problem(ofPort: name.dropFirst(), after: name.first)
        }
        if let colon = name.firstIndex(of: ":") {
            if let reason = problem(ofPort: name[name.index(after: colon)...], after: ":") { return reason }
            name = name[..<colon]
        }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            let isLabel = !label.isEmpty && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            if !isLabel || label.hasPrefix("-") || label.hasSuffix("-") { return "a host name that is none" }
        }
        return nil
    }

    private static func problem(ofPort port: Substring, after separator: Character?) -> String? {
        guard separator == ":", let number = UInt16(port), number > 0, port.utf8.allSatisfy({ $0 != UInt8(ascii: "+") })
        else { return "a port that is none" }
        return nil
    }

    static func problem(ofPathComponent component: Substring) -> String? {
        if component.isEmpty { return "an empty part of the path" }
        guard let first = component.utf8.first, let last = component.utf8.last,
            isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else { return "a part of the path that does not begin and end with a lower-case letter or a digit" }
        var separators = 0
        var separator: UInt8 = 0
        for byte in component.utf8 {
            if isLowerAlphanumeric(byte) {
                separators = 0
                continue
            }
            let isSeparator = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            if !isSeparator {
                return "a part of the path with a character that is no lower-case letter, digit, `.`, `_` or `-`"
            }
            separators += 1
            if separators > 1,
                separator != byte || byte == UInt8(ascii: ".") || (byte == UInt8(ascii: "_") && separators > 2)
            {
                return "a part of the path with separators in a row"
            }
            separator = byte
        }
        return nil
    }

    static func problem(ofTag tag: Substring) -> String? {
        guard let first = tag.utf8.first else { return "an empty tag" }
        let isWord: (UInt8) -> Bool = { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        let fits =
            isWord(first) && tag.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
        return fits && tag.utf8.count <= 128 ? nil : "a tag that is none"
    }

    private static func problem(ofDigest digest: Substring) -> String? {
        let parts = digest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return "a digest without its algorithm" }
        let lengths = ["sha256": 64, "sha512": 128]
        guard let length = lengths[String(parts[0])] else {
            return "a digest of an algorithm other than sha256 and sha512"
        }
        let isHex = parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return parts[1].utf8.count == length && isHex
            ? nil : "a digest that has not \(length) lower-case hexadecimal digits"
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (0x41...0x5A).contains(byte)
    }
}

/// Why a text is no image reference.
///
/// W101.
package struct ImageReferenceError: CodedError, Hashable {
    package let text: String
    /// Where it stopped making sense, counted in characters from 1.
    package let position: Int
    package let reason: String

    package var code: ErrorCode { .invalidSource }
    package var message: String {
        "`\(PrintableText(text, limit: 200))` is not an image reference: \(reason) at position \(position)"
    }
}
