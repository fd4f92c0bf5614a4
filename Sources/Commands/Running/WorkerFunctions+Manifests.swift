// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import HostSystem
import JSONText
import Manifests
import ProjectFiles
import SystemPackage
import WorkerModel
import WorkerOperations

/// What authors ask.
extension WorkerFunctions {
    /// The id under which `worker::schema` shows what the folder of a worker may look like.
    private static let exampleID = WorkerManifest.fileName

    var manifestEntries: [Entry] {
        [
            Entry(
                verb: "validate",
                description: "Hold a manifest to the rules that publishing applies.",
                schemas: .validate,
                body: { $0.validate }
            ),
            Entry(
                verb: "schema",
                description: "What these functions take and answer, and an example of a worker.",
                schemas: .schema,
                body: { $0.schema }
            ),
        ]
    }

    private func validate(_ request: JSONCursor) async throws -> JSONValue {
        let bytes: [UInt8]
        switch (try request.optional("manifest")?.string(), try request.optional("path")?.string()) {
        case (let text?, nil): bytes = Array(text.utf8)
        case (nil, let path?):
            // Its errors would tell what is in the file.
            guard asker.isOwner else { throw forbidden("files of this machine are not looked at; send `manifest`") }
            bytes = try manifest(at: path)
        default: throw request.fail("needs either `manifest`, a text, or `path`")
        }
        let findings: ManifestFindings
        do throws(ManifestError) { findings = try WorkerManifest(parsing: bytes).findings() } catch {
            return Self.verdict(name: nil, errors: [error.message], problems: [])
        }
        let errors = findings.problems.filter { $0.severity == .error && $0.reason != .unknownKey }.map(\.message)
        return Self.verdict(name: findings.name?.description, errors: errors, problems: findings.problems)
    }

    /// A manifest, or that of a folder; from the project's folder on.
    private func manifest(at path: String) throws -> [UInt8] {
        var environment = context.environment
        environment.currentDirectory = project.folder
        var file = environment.absolute(path)
        if try HostFiles.kind(of: file) == .directory { file.append(WorkerManifest.fileName) }
        guard let bytes = try HostFiles.read(file, upTo: WorkerManifest.maximumSize) else {
            throw PublishError.noManifest(file)
        }
        return bytes
    }

    private static func verdict(name: String?, errors: [String], problems: [ManifestProblem]) -> JSONValue {
        let unknown = problems.filter { $0.reason == .unknownKey }
        let isValid = errors.isEmpty && !problems.contains { $0.severity == .error }
        let warnings = problems.filter { $0.severity == .warning && $0.reason != .unknownKey }
        func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
        return [
            "valid": .bool(isValid), "name": name.map(JSONValue.string) ?? .null, "errors": texts(errors),
            "unknown_keys": texts(unknown.map(\.path)), "deprecated_keys": [],
            "warnings": texts(warnings.map(\.message)),
        ]
    }

    private func schema(_ request: JSONCursor) async throws -> JSONValue {
        let id = try request.optional("function_id")?.string()
        var rows = entries.filter { id == nil || $0.id == id }.map(\.json)
        if id == nil || id == Self.exampleID { rows.append(Self.example) }
        return ["schemas": .array(rows)]
    }

    private static var example: JSONValue {
        let files = InitWorker.example(.python, named: "hello-world")
        return [
            "function_id": .string(exampleID), "description": "The files of a small worker.", "request": .null,
            "response": .object(JSONObject(files.map { ($0.path, .string($0.text)) })), "default_timeout_ms": 0,
            "idempotent": true,
        ]
    }
}

extension WorkerFunctions.Entry {
    fileprivate var json: JSONValue {
        [
            "function_id": .string(id), "description": .string(description), "request": schemas.request,
            "response": schemas.response,
            "default_timeout_ms": .number(JSONNumber(timeout.components.seconds * 1000)),
            "idempotent": .bool(isIdempotent),
        ]
    }
}
