// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// The values of the interface, as JSON Schema.
///
/// What is not listed may be there as well: readers pass over members that they do not know.
enum APISchemas {
    private static let text: JSONValue = ["type": "string"]
    private static let optionalText: JSONValue = ["type": ["string", "null"]]
    private static let truth: JSONValue = ["type": "boolean"]
    private static let number: JSONValue = ["type": "integer"]
    private static let anything: JSONValue = ["type": "object"]
    private static let moment: JSONValue = ["type": "string", "format": "date-time"]
    private static let digest: JSONValue = ["type": "string", "pattern": "^[0-9a-fA-F]{64}$"]
    private static let name: JSONValue = ["type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 64]

    private static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    private static func map(_ values: JSONValue) -> JSONValue { ["type": "object", "additionalProperties": values] }

    private static func ref(_ schema: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(schema)")] }

    private static func object(_ members: JSONObject, required: [String] = []) -> JSONValue {
        var schema: JSONObject = ["type": "object", "properties": .object(members)]
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        return .object(schema)
    }

    static let all: JSONObject = JSONObject(
        (errors.members + versions.members + reading.members + changes.members + rights.members).map {
            ($0.key, $0.value)
        }
    )

    private static let errors: JSONObject = [
        "Error": object(
            [
                "error": object(
                    [
                        "code": text, "message": text, "fix": text, "available": list(text), "request_id": text,
                        "requested": list(text), "scope": text, "worker": text, "dependency_path": text,
                        "identical": truth,
                        "details": list(object(["path": text, "reason": text, "code": text])),
                    ],
                    required: ["code", "message", "fix", "available", "request_id"]
                )
            ],
            required: ["error"]
        ),
        "Status": object(["status": text], required: ["status"]),
    ]

    private static let versions: JSONObject = [
        "Dependency": object(["name": name, "version": text], required: ["name", "version"]),
        "Binaries": map(object(["url": text, "sha256": digest], required: ["sha256"])),
        "PublishRequest": object(
            [
                "worker_name": name, "version": text, "type": ["enum": ["binary", "image", "bundle", "engine"]],
                "tag": text, "readme": text, "repo": text, "description": text, "license": text, "tags": list(text),
                "dependencies": list(ref("Dependency")), "config": anything, "functions": list(anything),
                "triggers": list(anything), "experimental": truth, "binaries": ref("Binaries"), "image_tag": text,
                "platforms": list(text), "archive_url": text, "sha256": digest,
            ],
            required: ["worker_name", "version", "type"]
        ),
        "PublishAnswer": object(
            [
                "worker": object(["name": name]),
                "version": object(
                    ["version": text, "tag": optionalText, "published_at": moment],
                    required: ["version"]
                ),
                "warnings": list(text),
            ],
            required: ["version"]
        ),
        "ResolveRequest": object(["worker": name, "version": text, "target": text], required: ["worker"]),
        "ResolvedGraph": object(
            [
                "root": object(["name": name, "version": text], required: ["name", "version"]), "target": text,
                "graph": list(ref("GraphNode")),
                "edges": list(object(["from": name, "to": name, "range": text], required: ["from", "to", "range"])),
            ],
            required: ["root", "graph", "edges"]
        ),
        "GraphNode": object(
            [
                "name": name, "type": text, "version": text, "repo": text, "config": anything,
                "dependencies": map(text), "binaries": ref("Binaries"), "image": text, "archive_url": text,
                "sha256": digest,
            ],
            required: ["name", "type", "version", "repo", "config", "dependencies"]
        ),
        "WorkerDownload": object(
            [
                "name": name, "type": text, "version": text, "config": anything, "binaries": ref("Binaries"),
                "image_url": text, "archive_url": text, "sha256": digest,
            ],
            required: ["name", "type", "version"]
        ),
    ]

    private static let reading: JSONObject = [
        "WorkerRow": object(
            [
                "name": name, "description": text, "type": text, "version": text, "repo": text, "config": anything,
                "supported_targets": list(text), "total_downloads": number, "dependencies": list(ref("Dependency")),
                "author": object(["name": text, "pfp": optionalText, "verified": truth]), "license": text,
                "tags": list(text), "experimental": truth, "image": text, "platforms": list(text),
            ],
            required: ["name", "version", "type"]
        ),
        "WorkerPage": object(
            [
                "workers": list(ref("WorkerRow")),
                "pagination": ref("Pagination"),
            ],
            required: ["workers", "pagination"]
        ),
        "WorkerDetail": object(
            [
                "worker": [
                    "allOf": [
                        ref("WorkerRow"),
                        object([
                            "readme": text, "functions": list(anything), "triggers": list(anything),
                            "published_at": moment,
                        ]),
                    ]
                ]
            ],
            required: ["worker"]
        ),
        "VersionList": object(
            [
                "versions": list(
                    object(
                        [
                            "version": text, "tag": optionalText, "tags": list(text),
                            "dependencies": list(ref("Dependency")), "published_at": moment,
                        ],
                        required: ["version", "tags"]
                    )
                )
            ],
            required: ["versions"]
        ),
        "Skills": object([
            "version": text, "skills": ["type": ["object", "array"]], "prompts": ["type": ["object", "array"]],
        ]),
        "SkillsAnswer": object(["version": text], required: ["version"]),
        "Events": object(
            [
                "events": list(
                    object(
                        [
                            "sequence": number, "kind": text, "at": moment, "account": optionalText,
                            "version": optionalText, "details": anything,
                        ],
                        required: ["sequence", "kind", "at"]
                    )
                ), "pagination": ref("Pagination"),
            ],
            required: ["events", "pagination"]
        ),
        "Dependents": object(
            [
                "dependents": list(object(["name": name, "version": text, "range": text])),
                "pagination": ref("Pagination"),
            ],
            required: ["dependents", "pagination"]
        ),
        "Downloads": object(
            [
                "name": name, "since": text, "total_downloads": number, "weekly_downloads": number,
                "period_downloads": number, "period_ci_downloads": number, "versions": list(anything),
            ],
            required: ["name", "total_downloads"]
        ),
        "Pagination": object(["next_cursor": optionalText, "has_more": truth, "page_size": number]),
    ]

    private static let changes: JSONObject = [
        "UploadQuestion": object(["sha256": digest, "size": number], required: ["sha256", "size"]),
        "UploadState": object(
            ["sha256": digest, "stored": truth, "offset": number],
            required: ["sha256", "stored"]
        ),
        "ChannelRequest": object(
            ["version": text, "expected_current_version": optionalText, "expected_tag": text],
            required: ["version"]
        ),
        "ChannelAnswer": object(
            ["tag": object(["version": text], required: ["version"]), "changed": truth],
            required: ["tag", "changed"]
        ),
        "FinalizeRequest": object(
            ["candidate_version": text, "stable_version": text, "expected_latest_version": optionalText],
            required: ["candidate_version", "stable_version"]
        ),
        "FinalizeAnswer": object(
            ["finalize": object(["stable_version": text], required: ["stable_version"]), "changed": truth],
            required: ["finalize", "changed"]
        ),
        "YankRequest": object(["reason": text]),
        "DeprecateRequest": object(["message": text, "replacement": name, "versions": text], required: ["message"]),
        "VersionChange": object(
            [
                "version": object(["version": text, "yanked": anything], required: ["version"]), "changed": truth,
                "latest": optionalText,
            ],
            required: ["version", "changed"]
        ),
        "Change": object(["changed": truth]),
    ]

    private static let rights: JSONObject = [
        "OwnerRequest": object(["account": text], required: ["account"]),
        "OwnerList": object(["owners": list(object(["name": text], required: ["name"]))], required: ["owners"]),
        "KeyInfo": object(keyMembers, required: ["account", "scopes"]),
        "KeyList": object(["keys": list(ref("KeyInfo"))], required: ["keys"]),
        "NewKeyRequest": object(["label": text, "scopes": list(text), "names": list(text), "expires_at": text]),
        "NewKeyAnswer": ["allOf": [ref("KeyInfo"), object(["key": text], required: ["key"])]],
    ]

    private static let keyMembers: JSONObject = [
        "id": optionalText, "account": text, "label": text, "scopes": list(text), "names": list(text),
        "created_at": optionalText, "expires_at": optionalText, "last_used_at": optionalText,
    ]
}
