// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import NIOCore
import Testing

@testable import Engine

/// Filters of observers answer as those of the published SDKs do.
@Suite struct ObserverFilterTests {
    private static let document: [ObservedPart: JSONValue] = [
        .input: [
            "amount": 750, "name": "Zoë", "tags": ["a", "b"], "none": nil, "a.b": 1, "n": 1,
            "items": [["sku": "x", "count": 1], ["sku": "y", "count": 5]],
        ],
        .output: "ok",
        .caller: ["worker_name": "shop"],
    ]

    @Test(arguments: [
        ("{}", true),
        (#"{"input.amount":{"$gte":500}}"#, true), (#"{"input.amount":{"$gt":750}}"#, false),
        (#"{"input.amount":{"$lt":750.5,"$ne":3}}"#, true), (#"{"input.amount":{"$lte":749}}"#, false),
        (#"{"input.amount":{"$eq":7.5e2}}"#, true), (#"{"input.amount":{"$gt":"1"}}"#, false),
        (#"{"input.name":{"$prefix":"Zo"}}"#, true), (#"{"input.name":{"$eq":"Zoe\u0308"}}"#, false),
        (#"{"input.name":{"$gt":"Z"}}"#, true), (#"{"input.name":{"$in":["x","Zoë"]}}"#, true),
        (#"{"input.name":{"$nin":["Zoë"]}}"#, false), (#"{"input.missing":{"$nin":["Zoë"]}}"#, true),
        (#"{"input.missing":{"$ne":1}}"#, true), (#"{"input.missing":{"$eq":null}}"#, false),
        (#"{"input.none":{"$eq":null}}"#, true), (#"{"input.none":{"$exists":true}}"#, true),
        (#"{"input.missing":{"$exists":false}}"#, true), (#"{"error":{"$exists":false}}"#, true),
        (#"{"input.tags.1":{"$eq":"b"}}"#, true), (#"{"input.tags.01":{"$exists":true}}"#, false),
        (#"{"input.tags":{"$any":{"$eq":"b"}}}"#, true), (#"{"input.tags":{"$any":{}}}"#, true),
        (#"{"input.items":{"$any":{"@.sku":{"$eq":"x"},"@.count":{"$gt":3}}}}"#, false),
        (#"{"input.items":{"$any":{"@.sku":{"$eq":"y"},"@.count":{"$gt":3}}}}"#, true),
        (#"{"input.a\\.b":{"$eq":1}}"#, true), (#"{"input.n":{"$eq":true}}"#, false),
        (#"{"output":{"$eq":"ok"},"caller.worker_name":{"$eq":"shop"}}"#, true),
        (#"{"$or":[{"output":{"$eq":"no"}},{"input.n":{"$eq":1}}]}"#, true),
        (#"{"$and":[{"output":{"$eq":"ok"}},{"input.n":{"$eq":2}}]}"#, false),
        (#"{"$not":{"output":{"$eq":"ok"}}}"#, false),
    ])
    func matches(filter: String, matches: Bool) throws {
        let raw = try RawJSON(parsing: .init(string: filter))
        #expect(try ObserverFilter(raw).matches(Self.document) == matches)
    }

    @Test(arguments: [
        "1", "[]", #"{"input.a":1}"#, #"{"input.a":{}}"#, #"{"input.a":{"$eq":1,"b":2}}"#, #"{"a":{"$eq":1}}"#,
        #"{"input..a":{"$eq":1}}"#, #"{"input.a\\x":{"$eq":1}}"#, #"{"@":{"$eq":1}}"#, #"{"$eq":1}"#,
        #"{"input":{"$near":1}}"#, #"{"input":{"$gt":null}}"#, #"{"input":{"$in":1}}"#, #"{"input":{"$exists":1}}"#,
        #"{"input":{"$prefix":1}}"#, #"{"input":{"$any":{"input":{"$eq":1}}}}"#, #"{"$or":[]}"#, #"{"$not":1}"#,
        #"{"input":{"$eq":9007199254740993}}"#,
    ])
    func refuses(filter: String) throws {
        let raw = try RawJSON(parsing: .init(string: filter))
        #expect(throws: CallFailure.self) { try ObserverFilter(raw) }
    }

    @Test func sizesAreBounded() throws {
        func isRefused(_ value: JSONValue) -> Bool {
            do {
                _ = try ObserverFilter(RawJSON(value))
                return false
            } catch { return error.code == "INVALID_FILTER" }
        }
        func nested(_ depth: Int) -> JSONValue {
            (1..<depth).reduce(["input": ["$eq": 1]] as JSONValue) { value, _ in ["$not": value] }
        }
        #expect(!isRefused(nested(8)))
        #expect(isRefused(nested(9)))
        func tests(_ count: Int) -> JSONValue {
            ["$and": .array((0..<count).map { ["input": ["$ne": .number(JSONNumber($0))]] })]
        }
        #expect(!isRefused(tests(64)))
        #expect(isRefused(tests(65)))
        func choices(_ count: Int) -> JSONValue {
            ["input": ["$in": .array((0..<count).map { .number(JSONNumber($0)) })]]
        }
        #expect(!isRefused(choices(256)))
        #expect(isRefused(choices(257)))
        func path(_ steps: Int) -> JSONValue {
            .object([("input" + String(repeating: ".a", count: steps)): ["$eq": 1]])
        }
        #expect(!isRefused(path(16)))
        #expect(isRefused(path(17)))
        #expect(isRefused(["input": ["$eq": .string(String(repeating: "x", count: 9000))]]))
    }
}
