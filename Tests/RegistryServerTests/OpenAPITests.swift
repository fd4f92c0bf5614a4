// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import Testing

@testable import RegistryServer

/// The description and the routes say the same.
struct OpenAPITests {
    private var paths: JSONObject {
        if case .object(let paths) = OpenAPIDocument.json["paths"] { paths } else { [:] }
    }

    private static let methods: Set<String> = ["get", "head", "post", "put", "patch", "delete"]

    @Test func everyRouteIsDescribedAndNothingElse() async throws {
        var described: Set<String> = []
        for member in paths.members {
            let path = member.key
            guard case .object(let methods) = member.value else { continue }
            // What is there is the distribution specification's, which describes it.
            if path.hasPrefix("/v2/") { continue }
            for method in methods.keys where Self.methods.contains(method) {
                described.insert("\(method.uppercased()) \(path)")
            }
        }
        try await ServerFixture.run { [described] fixture in
            let routes = fixture.server.router().routes.filter {
                Self.methods.contains($0.method.rawValue.lowercased())
                    && !ImageRoutes.paths.map(\.description).contains($0.path.description)
            }
            let served = Set(routes.map { "\($0.method.rawValue) \($0.path.description)" })
            #expect(served.subtracting(described) == [], "not described")
            #expect(described.subtracting(served) == [], "not served")
        }
    }

    @Test func everyReferenceLeadsSomewhere() {
        var open = [OpenAPIDocument.json]
        var seen: Set<String> = []
        while let value = open.popLast() {
            switch value {
            case .object(let object):
                if case .string(let target) = object["$ref"] {
                    seen.insert(target)
                    var place: JSONValue? = OpenAPIDocument.json
                    for part in target.split(separator: "/").dropFirst() { place = place?[String(part)] }
                    #expect(place != nil, "\(target)")
                }
                open += object.members.map(\.value)
            case .array(let items): open += items
            default: break
            }
        }
        #expect(seen.count == APISchemas.all.keys.count + 3, "schemas that nothing refers to")
    }

    @Test func operationsHaveNamesOfTheirOwn() {
        var names: [String] = []
        for case .object(let item) in paths.members.map(\.value) {
            for member in item.members where Self.methods.contains(member.key) {
                if case .string(let name) = member.value["operationId"] { names.append(name) }
            }
        }
        #expect(names.count > 40 && Set(names).count == names.count)
    }

    @Test func whatNeedsAKeyIsRefusedWithoutOne() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                for operation in APIOperation.all {
                    guard let method = HTTPRequest.Method(rawValue: operation.method.rawValue.uppercased()) else {
                        continue
                    }
                    let path = operation.path.replacing("{digest}", with: RouteTests.hex)
                        .replacing("{name}", with: "smoke").replacing("{version}", with: "1.0.0")
                        .replacing("{tag}", with: "next").replacing("{account}", with: "acme").replacing(
                            "{id}",
                            with: "a"
                        )
                    let status = try await server.ask(method, path, Array("{}".utf8)).status
                    #expect((status == 401) == (operation.key != .none), "\(method) \(path): \(status)")
                }
            }
        }
    }
}
