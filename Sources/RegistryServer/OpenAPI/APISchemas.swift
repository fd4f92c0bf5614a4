// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryStorage
import WorkerModel

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
    private static let digest = APIText.digest
    private static let name = APIText.name

    private static func list(_ items: JSONValue, upTo most: Int? = nil, atLeast least: Int? = nil) -> JSONValue {
        var schema: JSONObject = ["type": "array", "items": items]
        schema["maxItems"] = most.map { .number(JSONNumber($0)) }
        schema["minItems"] = least.map { .number(JSONNumber($0)) }
        return .object(schema)
    }

    private static func orNull(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

    private static func map(_ values: JSONValue) -> JSONValue { ["type": "object", "additionalProperties": values] }

    private static func ref(_ schema: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(schema)")] }

    /// Strict: other members are refused.
    private static func object(
        _ members: JSONObject,
        required: [String] = [],
        isStrict: Bool = false
    ) -> JSONValue {
        var schema: JSONObject = ["type": "object", "properties": .object(members)]
        if isStrict { schema["additionalProperties"] = false }
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        return .object(schema)
    }

    static let all: JSONObject = JSONObject(
        (errors.members + versions.members + reading.members + changes.members + rights.members).map {
            ($0.key, $0.value)
        }
    )

    private static let errors: JSONObject = [
        "ImageErrors": object(
            [
                "errors": list(
                    object(["code": text, "message": text, "detail": anything], required: ["code", "message"])
                )
            ],
            required: ["errors"]
        ),
        "ImageToken": object(
            ["token": text, "access_token": text, "expires_in": number, "issued_at": moment],
            required: ["token", "expires_in"]
        ),
        "Nothing": anything,
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
        "Dependency": object(["name": APIText.anyName, "version": text], required: ["name", "version"]),
        "Binaries": map(object(["url": text, "sha256": digest], required: ["sha256"])),
        "PublishRequest": ["oneOf": .array(publications)],
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
        "ResolveRequest": object(
            [
                "worker": APIText.anyName, "version": orNull(APIText.selector), "target": orNull(APIText.target),
            ],
            required: ["worker"]
        ),
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
                "sha256": digest, "calls": list(text),
            ],
            required: ["name", "type", "version", "repo", "config", "dependencies"]
        ),
        "WorkerDownload": object(
            [
                "name": name, "type": text, "version": text, "config": anything, "binaries": ref("Binaries"),
                "image_url": text, "archive_url": text, "sha256": digest, "calls": list(text),
            ],
            required: ["name", "type", "version"]
        ),
    ]

    /// What each kind of worker is published with; other members are refused.
    private static let publications: [JSONValue] = {
        let artifact = object(
            ["url": orNull(APIText.artifactAddress), "sha256": digest],
            required: ["sha256"],
            isStrict: true
        )
        let builds: JSONValue = [
            "type": "object", "additionalProperties": artifact, "propertyNames": APIText.target, "minProperties": 1,
            "maxProperties": .number(JSONNumber(64)),
        ]
        return [
            publication("engine", [:], []), publication("binary", ["binaries": builds], ["binaries"]),
            publication("bundle", ["archive_url": orNull(APIText.artifactAddress), "sha256": digest], ["sha256"]),
            publication(
                "image",
                [
                    "image_tag": APIText.image,
                    "platforms": orNull(list(APIText.platform, upTo: 64)),
                ],
                ["image_tag"]
            ),
        ]
    }()

    private static func publication(_ kind: String, _ own: JSONObject, _ required: [String]) -> JSONValue {
        let dependency = object(
            ["name": APIText.anyName, "version": APIText.selectorIfAny],
            required: ["name", "version"],
            isStrict: true
        )
        let named = object(["name": ["type": "string", "minLength": 1]], required: ["name"])
        let call: JSONValue = ["type": "string", "pattern": "^[!-#%-~]+$", "maxLength": 256]
        var members: JSONObject = [
            "worker_name": name, "version": APIText.published, "type": APIText.oneOf([kind]),
            "tag": orNull(APIText.channel), "readme": text, "repo": APIText.webAddress, "description": text,
            "license": text, "tags": orNull(list(text, upTo: 64)), "dependencies": orNull(list(dependency, upTo: 256)),
            "config": orNull(anything), "functions": orNull(list(named, upTo: 4096)),
            "triggers": orNull(list(named, upTo: 4096)),
            "experimental": truth, "calls": orNull(list(call, upTo: 256)),
        ]
        for member in own.members { members[member.key] = member.value }
        return object(members, required: ["worker_name", "version", "type"] + required, isStrict: true)
    }

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
                            "readme": text, "calls": list(text), "functions": list(anything),
                            "triggers": list(anything),
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
            "name": text, "version": text, "skills": list(object(["path": text, "content": text])),
            "prompts": list(anything),
        ]),
        "SkillsRequest": [
            "allOf": [
                object(
                    [
                        "version": APIText.selector,
                        "skills": [
                            "type": "object", "propertyNames": APIText.document, "maxProperties": 512,
                            "additionalProperties": ["type": "string", "minLength": 1, "maxLength": 65536],
                        ],
                        "prompts": [
                            "anyOf": [
                                ["type": "object", "additionalProperties": anything, "maxProperties": 512],
                                list(object(["name": text], required: ["name"]), upTo: 512),
                            ]
                        ],
                    ],
                    required: ["version"],
                    isStrict: true
                )
            ],
            "anyOf": [["required": ["skills"]], ["required": ["prompts"]]],
        ],
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
        "UploadQuestion": object(
            [
                "sha256": digest,
                "size": [
                    "type": "integer", "minimum": 0,
                    "maximum": .number(JSONNumber(ServerLimits.standard.upload.bytes)),
                ],
            ],
            required: ["sha256", "size"]
        ),
        "OfferedPrograms": object(
            [
                "version": APIText.version,
                "programs": list(
                    object(
                        [
                            "target": text,
                            "files": list(
                                object(
                                    ["name": text, "url": text, "sha256": digest, "size": number],
                                    required: ["name", "url", "sha256", "size"]
                                )
                            ),
                        ],
                        required: ["target", "files"]
                    )
                ),
            ],
            required: ["version", "programs"]
        ),
        "UploadState": object(
            ["sha256": digest, "stored": truth, "offset": number],
            required: ["sha256", "stored"]
        ),
        "ChannelRequest": object(
            [
                "version": APIText.version, "expected_current_version": orNull(APIText.version),
                "expected_tag": orNull(APIText.channel),
            ],
            required: ["version"]
        ),
        "ChannelAnswer": object(
            ["tag": object(["version": text], required: ["version"]), "changed": truth],
            required: ["tag", "changed"]
        ),
        "FinalizeRequest": object(
            [
                "candidate_version": APIText.version, "stable_version": APIText.version,
                "expected_latest_version": orNull(APIText.version),
            ],
            required: ["candidate_version", "stable_version"]
        ),
        "FinalizeAnswer": object(
            ["finalize": object(["stable_version": text], required: ["stable_version"]), "changed": truth],
            required: ["finalize", "changed"]
        ),
        "YankRequest": object(["reason": orNull(APIText.line)]),
        "DeprecateRequest": object(
            [
                "message": APIText.line, "replacement": orNull(APIText.anyName),
                "versions": orNull(APIText.range),
            ],
            required: ["message"]
        ),
        "VersionChange": object(
            [
                "version": object(["version": text, "yanked": orNull(anything)], required: ["version"]),
                "changed": truth,
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
        "NewKeyRequest": object(
            [
                "label": APIText.label,
                "scopes": orNull(list(APIText.oneOf(KeyScope.allCases.map(\.rawValue)), atLeast: 1)),
                "names": orNull(list(APIText.namePattern, upTo: 32)), "expires_at": orNull(moment),
            ],
            isStrict: true
        ),
        "NewKeyAnswer": ["allOf": [ref("KeyInfo"), object(["key": text], required: ["key"])]],
    ]

    private static let keyMembers: JSONObject = [
        "id": optionalText, "account": text, "label": text, "scopes": list(text), "names": list(text),
        "created_at": optionalText, "expires_at": optionalText, "last_used_at": optionalText,
    ]
}
