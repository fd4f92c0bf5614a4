// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `Codable` values as the JSON that passes between workers.
enum WireCoding {
    /// A function that takes nothing is called with null, or with an object of whatever its callers add.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: RawJSON, for function: String) throws -> Value {
        if let nothing = Nothing() as? Value { return nothing }
        do {
            return try JSONDecoder().decode(type, from: Data(json.text.readableBytesView))
        } catch let error as DecodingError {
            throw WorkerError(code: "deserialization_error", message: "\(function): \(Self.sentence(of: error))")
        }
    }

    static func encode(_ value: some Encodable) throws -> RawJSON {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let data = try encoder.encode(value)
        return try RawJSON(parsing: ByteBuffer(bytes: data))
    }

    private static func sentence(of error: DecodingError) -> String {
        func place(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
            let keys = path + (last.map { [$0] } ?? [])
            return keys.isEmpty
                ? "the value"
                : "`" + keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".") + "`"
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context.codingPath, key)) is missing"
        case .valueNotFound(_, let context): "\(place(context.codingPath)) is null"
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            "\(place(context.codingPath)) is not as expected: \(context.debugDescription)"
        @unknown default: "it is not as expected"
        }
    }
}

/// What a function takes that takes nothing, and what one answers that answers nothing.
public struct Nothing: Codable, Sendable, Hashable {
    /// The only value.
    public init() {}
    /// Takes whatever is there.
    public init(from decoder: any Decoder) throws {}
    /// Writes null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
