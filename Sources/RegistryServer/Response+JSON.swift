// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import RegistryService

extension Response {
    /// An answer in JSON.
    static func json(
        _ bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// An answer that was made before, or 304 where the client has it.
    ///
    /// It may be kept, and must be asked for again each time: what was published must be seen at once.
    static func ready(
        _ answer: ReadyAnswer,
        for request: Request,
        as type: String = "application/json; charset=utf-8",
        cache: String = "no-cache"
    ) -> Response {
        let tag = EntityTag(answer.tag)
        var headers: HTTPFields = [.eTag: tag.description, .cacheControl: cache]
        if tag.matches(request.headers[values: .ifNoneMatch]) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }
}

/// A strong entity tag.
struct EntityTag: CustomStringConvertible {
    /// With its quotation marks.
    let description: String

    init(_ text: String) { description = "\"\(text)\"" }

    /// Whether one of the tags of an `If-None-Match` header is this one; weak ones count.
    func matches(_ headers: [String]) -> Bool {
        headers.joined(separator: ",").split(separator: ",").contains { listed in
            let tag = listed.drop { $0 == " " || $0 == "\t" }
            return tag == "*" || tag.hasPrefix(description) || tag.hasPrefix("W/" + description)
        }
    }
}
