// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a server asks for when it answers 401, from its `WWW-Authenticate` header (RFC 9110 §11.6.1).
struct AuthenticationChallenge: Hashable, Sendable {
    /// Lower case: `bearer`, `basic`.
    let scheme: String
    /// Names in lower case.
    let parameters: [String: String]

    /// Reads all challenges of one header's value; what cannot be read ends the list.
    static func parse(_ header: String) -> [AuthenticationChallenge] {
        var reader = ChallengeReader(rest: Array(header.utf8.prefix(8192))[...])
        return reader.challenges()
    }
}

/// Reads the header from left to right.
///
/// Commas stand both between challenges and between parameters, and inside quoted strings.
private struct ChallengeReader {
    var rest: ArraySlice<UInt8>

    mutating func challenges() -> [AuthenticationChallenge] {
        var found: [AuthenticationChallenge] = []
        skip(while: isSeparator)
        var pending = token()
        while let scheme = pending, !scheme.isEmpty {
            pending = nil
            var parameters: [String: String] = [:]
            skip(while: isSeparator)
            while let name = token(), !name.isEmpty {
                skip(while: isBlank)
                guard rest.first == UInt8(ascii: "=") else {
                    // A word without a value begins the next challenge.
                    pending = name
                    break
                }
                rest.removeFirst()
                skip(while: isBlank)
                guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : token() else { return found }
                parameters[name.lowercased()] = value
                skip(while: isSeparator)
            }
            found.append(AuthenticationChallenge(scheme: scheme.lowercased(), parameters: parameters))
            skip(while: isSeparator)
        }
        return found
    }

    private mutating func token() -> String? {
        let bytes = rest.prefix { Self.isTokenByte($0) }
        rest = rest[bytes.endIndex...]
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private mutating func quoted() -> String? {
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped)
            default: value.append(byte)
            }
        }
        return nil
    }

    private mutating func skip(while matches: (UInt8) -> Bool) { rest = rest.drop(while: matches) }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private func isSeparator(_ byte: UInt8) -> Bool { isBlank(byte) || byte == UInt8(ascii: ",") }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~:/".utf8.contains(byte)
        }
    }
}
