// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import WorkerModel

extension RemoteURL {
    /// The longest text that is read.
    package static let maximumLength = 8192

    /// Reads an absolute URL.
    ///
    /// - Throws: `RemoteURLError`, which never quotes user information or a query.
    package init(parsing text: String) throws(RemoteURLError) {
        func fail(_ reason: RemoteURLError.Reason) -> RemoteURLError { RemoteURLError(text: text, reason: reason) }
        guard text.utf8.count <= Self.maximumLength else { throw fail(.tooLong) }
        if text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) { throw fail(.blankOrControl) }
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()),
            text[colon...].hasPrefix("://")
        else { throw fail(.scheme) }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let (host, port): (Host, UInt16?)
        do { (host, port) = try Self.authority(rest[..<end]) } catch { throw fail(error) }
        let (path, query) = Self.target(rest[end...])
        self.init(
            origin: Origin(scheme: scheme, host: host, port: port ?? scheme.defaultPort),
            path: path,
            query: query
        )
    }

    /// The URL that a reference in an answer of this URL means (RFC 3986, section 5).
    ///
    /// - Throws: `RemoteURLError` for a reference to another scheme than http and https, or none at all.
    package func resolving(_ reference: String) throws(RemoteURLError) -> RemoteURL {
        if reference.hasPrefix("//") { return try RemoteURL(parsing: "\(scheme.rawValue):\(reference)") }
        let head = reference.prefix { !":/?#".contains($0) }
        if reference.dropFirst(head.count).first == ":" { return try RemoteURL(parsing: reference) }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return switch reference.first {
        case "/": try RemoteURL(parsing: "\(origin)\(reference)")
        case "?": try RemoteURL(parsing: "\(origin)\(path)\(reference)")
        case nil, "#": self
        default: try RemoteURL(parsing: "\(origin)\(folder)\(reference)")
        }
    }

    /// This URL with `target`, a path that starts with `/` and may have a query, behind its own path.
    package func appending(target: String) throws(RemoteURLError) -> RemoteURL {
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        return try RemoteURL(parsing: "\(origin)\(base)\(target)")
    }

    private static func authority(_ text: Substring) throws(RemoteURLError.Reason) -> (Host, UInt16?) {
        if text.contains("@") { throw .userInformation }
        let hostEnd: Substring.Index
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw .host }
            hostEnd = text.index(after: close)
        } else {
            hostEnd = text.firstIndex(of: ":") ?? text.endIndex
        }
        let host = try Self.host(text[..<hostEnd])
        let rest = text[hostEnd...]
        if rest.isEmpty || rest == ":" { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { throw .port }
        return (host, port)
    }

    private static func host(_ text: Substring) throws(RemoteURLError.Reason) -> Host {
        if text.hasPrefix("[") {
            guard case .v6(let high, let low)? = IPAddress(text.dropFirst().dropLast()) else { throw .host }
            return .address(.v6(high, low))
        }
        if let address = IPAddress(text) { return .address(address) }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count), labels.allSatisfy({ (1...63).contains($0.utf8.count) }),
            name.utf8.allSatisfy(isNameByte), let last = labels.last
        else { throw .host }
        // What some programs read as an address (`127.1`, `0x7f000001`) and others as a name.
        if last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) || last.hasPrefix("0x") { throw .host }
        return .name(name)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func target(_ text: Substring) -> (path: String, query: String?) {
        let visible = text.prefix { $0 != "#" }
        let path = visible.prefix { $0 != "?" }
        let query = visible.dropFirst(path.count).dropFirst()
        let hasQuery = path.endIndex != visible.endIndex
        return (withoutDots(encoded(path)), hasQuery ? encoded(query) : nil)
    }

    /// Percent-encodes what RFC 3986 has no place for, so that no later reader has to guess.
    private static func encoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count
                && bytes[(index + 1)...(index + 2)].allSatisfy(PercentEncoding.isHexDigit)
            if isEscape || isTargetByte(byte) {
                result.append(byte)
            } else {
                PercentEncoding.append(byte, to: &result)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isTargetByte(_ byte: UInt8) -> Bool {
        PercentEncoding.isUnreserved(byte) || "!$&'()*+,;=:@/?".utf8.contains(byte)
    }

    /// Resolves `.` and `..` components; the result starts with `/`.
    private static func withoutDots(_ path: String) -> String {
        var kept: [Substring] = []
        let components = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for component in components {
            switch component {
            case ".": continue
            case "..": _ = kept.popLast()
            default: kept.append(component)
            }
        }
        // A path that ends in a dot component names a folder.
        if let last = components.last, last == "." || last == ".." { kept.append("") }
        return "/" + kept.joined(separator: "/")
    }
}

/// Why a text is no URL to fetch from.
///
/// W142.
package struct RemoteURLError: CodedError, Hashable {
    package enum Reason: Error, Hashable, Sendable {
        case tooLong
        case blankOrControl
        case scheme
        case userInformation
        case host
        case port
    }

    /// The text, cut before anything that may be secret.
    package let shown: String
    package let reason: Reason

    init(text: String, reason: Reason) {
        let visible = text.prefix(300).prefix { $0 != "?" && $0 != "#" }
        if let at = visible.lastIndex(of: "@") {
            let scheme = visible.prefix { $0 != ":" }
            shown = "\(scheme)://…\(visible[at...])"
        } else {
            shown = String(visible)
        }
        self.reason = reason
    }

    package var code: ErrorCode { .download }

    package var message: String {
        let reason =
            switch self.reason {
            case .tooLong: "it is longer than \(RemoteURL.maximumLength) bytes"
            case .blankOrControl: "it has a blank or a control character"
            case .scheme: "it does not start with `https://` or `http://`"
            case .userInformation: "it holds a user name or password"
            case .host: "its host is neither a name nor an address"
            case .port: "its port is not a number from 1 to 65535"
            }
        return "cannot use the URL `\(PrintableText(shown, limit: 200))`: \(reason)"
    }

    package var hints: [String] {
        switch reason {
        case .host: ["write the host as an ASCII name (`xn--…` for others) or as a plain IP address"]
        case .userInformation: ["take the part before `@` out of the URL"]
        default: []
        }
    }
}
