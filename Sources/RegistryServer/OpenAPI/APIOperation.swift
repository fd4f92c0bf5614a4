// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage

/// One thing that can be asked of the registry, as `GET /openapi.json` describes it.
struct APIOperation {
    enum Method: String { case get, post, put, patch, delete }

    /// What it takes to be allowed.
    enum Key: Hashable {
        case none
        /// Any key.
        case any
        case scope(KeyScope)
    }

    /// What an answer holds.
    enum Content: Hashable {
        case nothing
        /// JSON of a schema in `APISchemas`.
        case json(String)
        /// One of these types.
        case media([String])

        static func media(_ types: String...) -> Content { .media(types) }
    }

    /// Something that is asked for beside path and body.
    struct Parameter {
        let name: String
        let meaning: String
        let schema: JSONValue
        let isRequired: Bool

        init(_ name: String, _ meaning: String, _ schema: JSONValue = ["type": "string"], isRequired: Bool = false) {
            (self.name, self.meaning, self.schema, self.isRequired) = (name, meaning, schema, isRequired)
        }
    }

    var method: Method
    var path: String
    var summary: String
    var key = Key.none
    var query: [Parameter] = []
    var headers: [Parameter] = []
    /// The schema of the body; `bytes` for a body that is no JSON.
    var body: String?
    /// Whether a request without a body means something too.
    var isBodyOptional = false
    var status = 200
    var content: Content
    /// Other statuses of success, and the failures besides those that every operation may have.
    var others: [Int: String] = [:]
    /// Whether HEAD answers the same without its body.
    var hasHead: Bool { method == .get }

    static func read(
        _ route: RegistryRoute,
        _ summary: String,
        _ content: Content,
        query: [Parameter] = [],
        others: [Int: String] = [:]
    ) -> APIOperation {
        APIOperation(
            method: .get,
            path: route.rawValue,
            summary: summary,
            query: query,
            content: content,
            others: others
        )
    }

    static func change(
        _ method: Method,
        _ route: RegistryRoute,
        _ summary: String,
        _ key: Key,
        query: [Parameter] = [],
        headers: [Parameter] = [],
        body: String? = nil,
        isBodyOptional: Bool = false,
        _ content: Content,
        others: [Int: String] = [:]
    ) -> APIOperation {
        APIOperation(
            method: method,
            path: route.rawValue,
            summary: summary,
            key: key,
            query: query,
            headers: headers,
            body: body,
            isBodyOptional: isBodyOptional,
            status: content == .nothing ? 204 : 200,
            content: content,
            others: others
        )
    }
}
