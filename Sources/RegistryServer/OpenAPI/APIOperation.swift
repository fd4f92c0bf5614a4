// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

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
        case media(String)
    }

    var method: Method
    var path: String
    var summary: String
    var key = Key.none
    /// Names of the query with what they mean.
    var query: [(name: String, meaning: String)] = []
    /// The schema of the body; `bytes` for a body that is no JSON.
    var body: String?
    var status = 200
    var content: Content
    /// Other statuses of success, and the failures besides those that every operation may have.
    var others: [Int: String] = [:]
    /// Whether HEAD answers the same without its body.
    var hasHead = false

    static func read(
        _ route: RegistryRoute,
        _ summary: String,
        _ content: Content,
        query: [(name: String, meaning: String)] = [],
        others: [Int: String] = [:],
        hasHead: Bool = true
    ) -> APIOperation {
        APIOperation(
            method: .get,
            path: route.rawValue,
            summary: summary,
            query: query,
            content: content,
            others: others,
            hasHead: hasHead
        )
    }

    static func change(
        _ method: Method,
        _ route: RegistryRoute,
        _ summary: String,
        _ key: Key,
        query: [(name: String, meaning: String)] = [],
        body: String? = nil,
        _ content: Content,
        others: [Int: String] = [:]
    ) -> APIOperation {
        APIOperation(
            method: method,
            path: route.rawValue,
            summary: summary,
            key: key,
            query: query,
            body: body,
            status: content == .nothing ? 204 : 200,
            content: content,
            others: others
        )
    }
}
