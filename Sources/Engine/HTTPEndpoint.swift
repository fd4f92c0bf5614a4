// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto
import Diagnostics
import EngineProtocol
import JSONText
import Transport
import WorkerModel

/// The HTTP endpoint behind a function that no connection answers.
///
/// Shape, in `registerfunction`:
/// `{"url":"https://…","method":"POST","timeout_ms":1000,"headers":{"a":"b"},"auth":{"type":"bearer","token_key":"ENV"}}`
struct HTTPEndpoint: Sendable {
    enum Authentication: Sendable, Hashable {
        /// Signs the body with a secret.
        case hmac(secretVariable: String)
        case bearer(tokenVariable: String)
        case header(name: String, valueVariable: String)
    }

    let url: RemoteURL
    let method: TransportRequest.Method
    let timeout: Duration
    let headers: [(name: String, value: String)]
    /// Its variables name what the engine's environment holds.
    let authentication: Authentication?

    /// - Throws: `CallFailure` of code `url_validation_failed` where this is no endpoint that could be called.
    init(_ raw: RawJSON) throws(CallFailure) {
        guard let value = raw.value() else { throw .badEndpoint("the invocation is no JSON that can be read") }
        let cursor = JSONCursor(value, path: "$.invocation")
        do {
            url = try RemoteURL(parsing: try cursor.required("url").string())
            let name = try cursor.optional("method")?.string() ?? "POST"
            guard let method = TransportRequest.Method(rawValue: name.uppercased()), method != .head else {
                throw cursor.fail("has no method that is known")
            }
            self.method = method
            timeout = .milliseconds(min(max(try cursor.optional("timeout_ms")?.integer() ?? 30_000, 1), 3_600_000))
            headers = try Self.headers(cursor)
            authentication = try Self.authentication(cursor)
        } catch let error as any CodedError { throw .badEndpoint(error.message) } catch {
            throw .badEndpoint("the invocation cannot be read")
        }
    }

    private static func headers(_ cursor: JSONCursor) throws(JSONShapeError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for (name, value) in try cursor.optional("headers")?.members() ?? [] {
            let text = try value.string()
            guard isName(name), isValue(text) else { throw value.fail("is no header of HTTP") }
            result.append((name, text))
        }
        return result
    }

    private static func authentication(_ cursor: JSONCursor) throws(JSONShapeError) -> Authentication? {
        guard let auth = try cursor.optional("auth") else { return nil }
        switch try auth.required("type").string() {
        case "hmac": return .hmac(secretVariable: try auth.required("secret_key").string())
        case "bearer": return .bearer(tokenVariable: try auth.required("token_key").string())
        case "api_key":
            let name = try auth.required("header").string()
            guard isName(name) else { throw auth.fail("names no header of HTTP") }
            return .header(name: name, valueVariable: try auth.required("value_key").string())
        default: throw auth.fail("has no type that is known")
        }
    }

    /// A header's name (RFC 9110), but none that decides how the message is framed or where it goes.
    static func isName(_ name: String) -> Bool {
        let framing = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"]
        return !name.isEmpty && !framing.contains(name.lowercased())
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    static func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) } }
}

/// What proves to an endpoint that a request comes from this engine: `sha256=` and the HMAC of `TIME:BASE64(BODY)`.
enum RequestSignature {
    static func sign(_ body: [UInt8], at seconds: Int64, with secret: String) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        let message = Array("\(seconds):".utf8) + Base64.encode(body)
        let code = HMAC<SHA256>.authenticationCode(for: message, using: key)
        let digits = Array("0123456789abcdef".utf8)
        let hex = code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "sha256=" + String(decoding: hex, as: UTF8.self)
    }
}

extension CallFailure {
    static func badEndpoint(_ reason: String) -> CallFailure {
        CallFailure(code: "url_validation_failed", message: reason)
    }
}
