// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
import RegistryAPI
import RegistryStorage

/// The description of the registry's HTTP interface, OpenAPI 3.1.
package enum OpenAPIDocument {
    package static let json = make()
    static let bytes = json.bytes()

    private static func make() -> JSONValue {
        var paths: JSONObject = [:]
        for operation in APIOperation.all {
            var item: JSONObject =
                if case .object(let known) = paths[operation.path] { known } else { parameters(operation) }
            item[operation.method.rawValue] = describe(operation, "")
            if operation.hasHead { item["head"] = describe(operation, "Head") }
            paths[operation.path] = .object(item)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "iii worker registry", "version": "1",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "externalDocs": [
                "description": "Images and artifacts, below `/v2/`: the distribution specification 1.1.",
                "url": "https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md",
            ],
            "servers": [["url": "/"]],
            "paths": .object(paths),
            "components": [
                "schemas": .object(APISchemas.all),
                "securitySchemes": ["key": ["type": "apiKey", "in": "header", "name": "X-API-Key"]],
                "responses": [
                    "Error": [
                        "description": "Why it was not done, and the next step.",
                        "content": ["application/json": ["schema": reference("Error")]],
                    ],
                    "ImageErrors": [
                        "description": "Why it was not done, as clients of images read it.",
                        "content": ["application/json": ["schema": reference("ImageErrors")]],
                    ],
                    "ErrorPage": [
                        "description": "Why it was not done, for people or for programs, as they ask.",
                        "content": [
                            "text/html": .object([:]), "application/json": ["schema": reference("Error")],
                        ],
                    ],
                ],
            ],
        ]
    }

    /// The parts of paths that have a form; any other name is that of nothing.
    private static let forms: [String: JSONValue] = ["version": APIText.version, "tag": APIText.channel]

    /// The parts of the path, which all methods share.
    private static func parameters(_ operation: APIOperation) -> JSONObject {
        let names = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        if names.isEmpty { return [:] }
        return [
            "parameters": .array(
                names.map { name in
                    [
                        "name": .string(String(name)), "in": "path", "required": true,
                        "schema": forms[String(name)] ?? ["type": "string"],
                    ]
                }
            )
        ]
    }

    private static func describe(_ operation: APIOperation, _ suffix: String) -> JSONValue {
        var value: JSONObject = [
            "operationId": .string(identifier(operation) + suffix), "summary": .string(operation.summary),
        ]
        let parameters = [("query", operation.query), ("header", operation.headers)].flatMap { place, parameters in
            parameters.map { parameter -> JSONValue in
                [
                    "name": .string(parameter.name), "in": .string(place), "description": .string(parameter.meaning),
                    "required": .bool(parameter.isRequired), "schema": parameter.schema,
                ]
            }
        }
        if !parameters.isEmpty { value["parameters"] = .array(parameters) }
        if let body = operation.body { value["requestBody"] = self.body(body, isOptional: operation.isBodyOptional) }
        switch operation.key {
        case .none: value["security"] = .array([])
        case .any: value["security"] = [["key": .array([])]]
        case .scope(let scope):
            value["security"] = [["key": .array([])]]
            value["description"] = .string("The key needs the scope `\(scope.rawValue)`.")
        }
        value["responses"] = .object(answers(operation, hasContent: suffix.isEmpty))
        return .object(value)
    }

    private static func body(_ schema: String, isOptional: Bool) -> JSONValue {
        let content: JSONValue =
            schema == "bytes"
            ? ["application/octet-stream": .object([:])] : ["application/json": ["schema": reference(schema)]]
        return ["required": .bool(!isOptional), "content": content]
    }

    private static func answers(_ operation: APIOperation, hasContent: Bool) -> JSONObject {
        var success: JSONObject = ["description": "Done."]
        switch operation.content {
        case .nothing: break
        case .json(let schema) where hasContent:
            success["content"] = ["application/json": ["schema": reference(schema)]]
        case .media(let types) where hasContent:
            success["content"] = .object(JSONObject(types.map { ($0, .object([:])) }))
        case .json, .media: break
        }
        var answers: JSONObject = [String(operation.status): .object(success)]
        for (status, meaning) in operation.others.sorted(by: { $0.key < $1.key }) {
            answers[String(status)] = ["description": .string(meaning)]
        }
        if operation.key != .none {
            for (status, meaning) in [("401", "The key is missing or wrong."), ("403", "The key may not do this.")] {
                answers[status] = ["description": .string(meaning)]
            }
        }
        let error =
            operation.path.hasPrefix(ImagePath.prefix)
            ? "ImageErrors" : operation.content == .media("text/html") ? "ErrorPage" : "Error"
        answers["default"] = ["$ref": .string("#/components/responses/\(error)")]
        return answers
    }

    /// The method and the words of the path: `getWNameVersions`.
    private static func identifier(_ operation: APIOperation) -> String {
        let words = operation.path.split { !$0.isLetter && !$0.isNumber }
        return operation.method.rawValue + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func reference(_ schema: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(schema)")]
    }
}
