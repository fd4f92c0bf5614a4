// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Sandboxing

/// The JSON Schemas of what a function of `worker::*` is called with and answers.
struct WorkerSchemas: Sendable {
    let request: JSONValue
    let response: JSONValue

    static let start = WorkerSchemas(
        request: object(["name": name, "wait": wait, "isolation": isolation], required: ["name"]),
        response: statusRow
    )
    static let stop = WorkerSchemas(
        request: object(["name": name], required: ["name"]),
        response: object(["name": name, "stopped": field("boolean", "Whether it ran.")])
    )
    static let status = WorkerSchemas(
        request: object(
            ["name": name, "wait": wait, "version": field("string", "With wait: the version to wait for.")],
            required: ["name"]
        ),
        response: object(
            statusMembers.merging([
                "installed": ["type": "boolean"],
                "worker_type": ["enum": ["binary", "bundle", "oci", "local", "builtin", "not-installed"]],
                "hint": ["type": ["string", "null"], "description": "A command that helps."],
                "stdout_tail": texts("The last lines."), "stderr_tail": texts("The last lines."),
            ])
        )
    )
    static let list = WorkerSchemas(
        request: object(["running_only": field("boolean", "Leave out those without a process.")]),
        response: object(["config_path": configPath, "workers": array(of: statusRow, "In the order of config.yaml.")])
    )
    static let logs = WorkerSchemas(
        request: object(
            ["name": name, "tail": field("integer", "How many lines, 1000 at most, instead of 100.")],
            required: ["name"]
        ),
        response: object([
            "name": name, "logs_dir": field("string", "The folder of the files."), "stdout": texts("Lines."),
            "stderr": texts("Lines."),
        ])
    )
    static let calls = WorkerSchemas(
        request: object(["name": name], required: ["name"]),
        response: object([
            "name": name,
            "calls": array(
                of: object([
                    "function_id": ["type": "string"], "calls": ["type": "integer"], "refused": ["type": "integer"],
                ]),
                "By function."
            ),
        ])
    )
    static let removal = WorkerSchemas(
        request: object(["names": names, "all": all, "yes": yes], required: ["yes"]),
        response: object(["removed": texts("With those that only they needed."), "config_path": configPath])
    )
    static let update = WorkerSchemas(
        request: object([
            "names": texts("The workers' names; none for all."),
            "latest": field("boolean", "Go beyond what was asked for."), "yes": large,
        ]),
        response: object([
            "updated": array(
                of: object([
                    "name": name, "from_version": ["type": "string"], "to_version": ["type": "string"],
                ]),
                "What has another version now."
            ),
            "config_path": configPath,
        ])
    )
    static let clear = WorkerSchemas(
        request: object(["names": names, "all": all, "yes": yes], required: ["yes"]),
        response: object(["cleared_bytes": field("integer", "What was freed on disk.")])
    )
    static let validate = WorkerSchemas(
        request: object([
            "manifest": field("string", "The text of an iii.worker.yaml."),
            "path": field("string", "Such a file, or the folder of a worker."),
        ]),
        response: object([
            "valid": ["type": "boolean"], "name": ["type": ["string", "null"]], "errors": texts("What is wrong."),
            "unknown_keys": texts("Paths of keys that mean nothing."), "deprecated_keys": texts("Paths of keys."),
            "warnings": texts("What the author should know."),
        ])
    )
    static let schema = WorkerSchemas(
        request: object(["function_id": field("string", "One of them; all where none is named.")]),
        response: object([
            "schemas": array(
                of: object([
                    "function_id": ["type": "string"], "description": ["type": "string"], "request": [:],
                    "response": [:], "default_timeout_ms": ["type": "integer"], "idempotent": ["type": "boolean"],
                ]),
                "Empty for an id that is none."
            )
        ])
    )
    static let add = WorkerSchemas(
        request: object([
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
            "sources": texts("Several, added together."),
            "force": field("boolean", "Fetch and install again what is installed already."),
            "isolation": isolation,
            "reset_config": field("boolean", "With force: start the config blocks afresh."), "yes": large,
            "wait": field("boolean", "Answer once the workers are ready; true unless said otherwise."),
        ]),
        response: object([
            "name": name, "version": ["type": ["string", "null"]],
            "status": ["enum": ["installed", "already_current", "repaired", "replaced"]],
            "awaited_ready": ["type": "boolean"], "config_path": configPath,
            "workers": array(
                of: object([
                    "name": name, "version": ["type": ["string", "null"]], "requested": ["type": "boolean"],
                    "status": field("string", "How it is, where that was waited for; else what was done to it."),
                ]),
                "All that the plan had."
            ),
        ])
    )

    /// The `config` of a binding to the trigger `worker`.
    static let eventFilter = object([
        "operations": array(of: operation, "Which operations; all where none is named."),
        "stages": array(of: stage, "Which stages; all where none is named."),
        "workers": texts("Which workers; all where none is named."),
    ])
    /// What a function bound to the trigger `worker` is called with.
    static let event = object(
        [
            "operation": operation, "worker": name, "stage": stage, "timestamp_ms": ["type": "integer"],
            "caller_mode": ["enum": ["cli", "trigger"]], "version": ["type": "string"],
            "error": object(["code": ["type": "string"], "message": ["type": "string"]]),
        ],
        required: ["operation", "worker", "stage", "timestamp_ms", "caller_mode"]
    )

    // MARK: Parts

    private static func object(_ properties: JSONObject, required: [String] = []) -> JSONValue {
        [
            "type": "object", "properties": .object(properties),
            "required": .array(required.map(JSONValue.string)),
        ]
    }

    private static func field(_ type: String, _ description: String) -> JSONValue {
        ["type": .string(type), "description": .string(description)]
    }

    private static func array(of items: JSONValue, _ description: String) -> JSONValue {
        ["type": "array", "items": items, "description": .string(description)]
    }

    private static func texts(_ description: String) -> JSONValue { array(of: ["type": "string"], description) }

    private static let name = field("string", "The worker's name in config.yaml.")
    private static let names = texts("The workers' names.")
    private static let all = field("boolean", "Every worker, instead of names.")
    private static let yes = field("boolean", "Must be true.")
    private static let large = field("boolean", "Allows a plan of more than 32 workers.")
    private static let wait = field("boolean", "Answer once it is ready, waits or has ended; after 120 s at most.")
    private static let isolation: JSONValue = [
        "enum": .array(IsolationTier.allCases.map { .string($0.rawValue) }), "description": "The sandbox to run in.",
    ]
    private static let configPath = field("string", "The project's file.")
    private static let operation: JSONValue = [
        "enum": .array(WorkerEvents.Operation.allCases.map { .string($0.rawValue) })
    ]
    private static let stage: JSONValue = ["enum": .array(WorkerEvents.Stage.allCases.map { .string($0.rawValue) })]
    private static let statusRow = object(statusMembers)
    private static let statusMembers: JSONObject = [
        "name": name, "kind": ["type": "string"], "version": ["type": ["string", "null"]],
        "status": field("string", "ready, booting, starting, waiting, restarting, failed, stopped …"),
        "running": ["type": "boolean"], "pid": ["type": ["integer", "null"]],
        "isolation": ["type": ["string", "null"]],
        "landlock": [
            "type": ["integer", "null"], "description": "The version of the kernel's file rules that hold it.",
        ],
        "sandbox_ready_after_ms": [
            "type": ["integer", "null"],
            "description": "From the start of its sandbox to the first answer from inside.",
        ],
        "uptime_ms": ["type": ["integer", "null"]],
        "ready_after_ms": ["type": ["integer", "null"]], "restarts": ["type": "integer"],
        "restart_in_ms": ["type": ["integer", "null"]],
        "last_end": ["type": ["string", "null"]], "last_lines": texts("What it printed last."),
        "last_reason": [
            "type": ["string", "null"], "description": "The line of what it printed that says what went wrong.",
        ],
        "calls_refused": ["type": "object", "description": "How often each function was called in vain."],
        "reason": ["type": ["string", "null"]], "remedy": ["type": ["string", "null"]],
        "logs_dir": ["type": "string"],
    ]
}

extension JSONObject {
    fileprivate func merging(_ more: JSONObject) -> JSONObject {
        var result = self
        for member in more.members { result[member.key] = member.value }
        return result
    }
}
