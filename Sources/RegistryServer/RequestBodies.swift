// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import NIOHTTP1
import RegistryAPI
import RegistryStorage
import WorkerModel

/// What can be wrong with a request before anybody looks at what it asks for.
enum RequestFault: Error {
    /// No such path, or not with this method.
    case unknownRoute
    /// A path that is there, and not with this method.
    case wrongMethod
    case tooLarge(limit: ByteCount)
    /// The client went away inside its request.
    case cut(any Error)
    case notJSON(JSONSyntaxError)
    case shape(JSONShapeError)
    case badDigest
    /// A header that is needed and missing, or cannot be.
    case header(String, String)
    case rangeNotSatisfiable(size: Int64)
    /// A target with more combining marks in a row than any language needs.
    case marks
}

extension Request {
    /// The body as JSON, at most `limit` bytes of it.
    ///
    /// - Throws: `RequestFault`.
    func json(upTo limit: ByteCount) async throws -> JSONValue {
        var bytes: [UInt8] = []
        try await forEachPiece(upTo: limit) { bytes += $0.readableBytesView }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: bytes, limits: JSONLimits(bytes: Int(limit.bytes)))
        } catch { throw RequestFault.notJSON(error) }
    }

    /// The body as what it means, at most `limit` bytes of it; `missing` stands for a body without any.
    ///
    /// - Throws: `RequestFault`.
    func value<Value: WireValue>(
        upTo limit: ByteCount,
        or missing: JSONValue? = nil,
        as type: Value.Type = Value.self
    ) async throws -> Value {
        let document: JSONValue
        if let missing, declaredLength ?? 0 == 0, headers[.transferEncoding] == nil {
            document = missing
        } else {
            document = try await json(upTo: limit)
        }
        do throws(JSONShapeError) {
            return try Value(json: document)
        } catch { throw RequestFault.shape(error) }
    }

    /// Expects a body of at most `limit` bytes, as far as the client says how much it will send.
    ///
    /// - Throws: `RequestFault.tooLarge`.
    func expect(upTo limit: ByteCount) throws(RequestFault) {
        if let declaredLength, declaredLength > limit.bytes { throw RequestFault.tooLarge(limit: limit) }
    }

    /// Gives the body to `use` as it arrives, piece by piece.
    ///
    /// - Throws: `RequestFault.tooLarge` before the first piece where the client says how much it will send,
    ///   `RequestFault.cut`; what `use` throws.
    func forEachPiece(upTo limit: ByteCount, _ use: (ByteBuffer) async throws -> Void) async throws {
        try expect(upTo: limit)
        var received: Int64 = 0
        var pieces = body.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            do {
                next = try await pieces.next()
            } catch let error as HTTPParserError {
                throw error
            } catch { throw RequestFault.cut(error) }
            guard let piece = next else { return }
            received += Int64(piece.readableBytes)
            if received > limit.bytes { throw RequestFault.tooLarge(limit: limit) }
            try await use(piece)
        }
    }
}
