// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Sandboxing

/// The JSON Schemas of what `worker::*` are called with.
enum WorkerSchemas {
    private static func object(_ properties: JSONObject, required: [String] = []) -> JSONValue {
        [
            "type": "object", "properties": .object(properties),
            "required": .array(required.map(JSONValue.string)),
        ]
    }

    private static func field(_ type: String, _ description: String) -> JSONValue {
        ["type": .string(type), "description": .string(description)]
    }

    private static let name = field("string", "The worker's name in config.yaml.")
    private static let wait = field("boolean", "Answer once it is ready, waits or has ended; after 120 s at most.")
    private static let isolation: JSONValue = [
        "enum": .array(IsolationTier.allCases.map { .string($0.rawValue) }), "description": "The sandbox to run in.",
    ]
    private static let names: JSONValue = [
        "type": "array", "items": ["type": "string"], "description": "The workers' names.",
    ]

    static let start = object(["name": name, "wait": wait, "isolation": isolation], required: ["name"])
    static let stop = object(["name": name], required: ["name"])
    static let status = object(
        ["name": name, "wait": wait, "version": field("string", "With wait: the version to wait for.")],
        required: ["name"]
    )
    static let list = object(["running_only": field("boolean", "Leave out those without a process.")])
    static let logs = object(
        ["name": name, "tail": field("integer", "How many lines, 1000 at most, instead of 100.")],
        required: ["name"]
    )
    static let removal = object(
        ["names": names, "yes": field("boolean", "Must be true.")],
        required: ["names", "yes"]
    )
    static let add = object([
        "source": [
            "description": "What to add: a name with a selector, or an object with `kind`.",
            "anyOf": [
                ["type": "string"],
                object(
                    [
                        "kind": ["enum": ["registry", "oci", "local"]], "name": ["type": "string"],
                        "version": ["type": "string"], "reference": ["type": "string"], "path": ["type": "string"],
                    ],
                    required: ["kind"]
                ),
            ],
        ],
        "sources": ["type": "array", "items": ["type": "string"], "description": "Several, added together."],
        "force": field("boolean", "Fetch and install again what is installed already."),
        "isolation": isolation,
        "reset_config": field("boolean", "With force: start the config blocks afresh."),
        "wait": field("boolean", "Answer once the workers are ready; true unless said otherwise."),
    ])
}
