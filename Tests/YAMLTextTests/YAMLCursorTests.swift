// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

@testable import YAMLText

/// Reading a known shape: what does not fit is named by path and place.
struct YAMLCursorTests {
    private let cursor: YAMLCursor

    init() throws {
        let text = """
            name: pdf
            count: 3
            on: true
            nothing: ~
            tags: [a, 2]
            nested:
              inner:
                deep: x
            """
        let document = try YAMLDocument(parsing: text, rules: .strict(upTo: 1000))
        cursor = YAMLCursor(try #require(document.root))
    }

    @Test func readsWhatIsThere() throws {
        #expect(try cursor.required("name").string() == "pdf")
        #expect(try cursor.required("count").integer() == 3)
        #expect(try cursor.required("on").bool())
        #expect(try cursor.optional("nothing") == nil)
        #expect(try cursor.optional("absent") == nil)
        #expect(try cursor.required("nested").required("inner").required("deep").string() == "x")
        #expect(try cursor.required("tags").elements().count == 2)
        #expect(try cursor.members().map(\.key) == ["name", "count", "on", "nothing", "tags", "nested"])
        #expect(try cursor.unknownKeys(besides: ["name", "tags", "on", "nothing"]) == ["count", "nested"])
    }

    @Test(arguments: [
        ("tags[1]", 5, 11, "expected text, found a whole number; put it in quotes"),
        ("count", 2, 8, "expected a list, found a whole number"),
        ("nested.inner", 8, 5, "expected text, found a map"),
        ("nested.gone", 7, 3, "it is missing"),
        ("nothing", 1, 1, "it is missing"),
    ])
    func namesPathAndPlaceOfWhatDoesNotFit(_ path: String, _ line: Int, _ column: Int, _ reason: String) throws {
        let error = #expect(throws: YAMLShapeError.self) {
            switch path {
            case "tags[1]": for element in try cursor.required("tags").elements() { _ = try element.string() }
            case "count": _ = try cursor.required("count").elements()
            case "nested.inner": _ = try cursor.required("nested").required("inner").string()
            case "nested.gone": _ = try cursor.required("nested").required("gone")
            default: _ = try cursor.required("nothing")
            }
        }
        #expect(error?.path == path)
        #expect(error?.position.line == line && error?.position.column == column)
        #expect(error?.reason == reason)
        #expect(error?.code == .configParse)
    }
}
