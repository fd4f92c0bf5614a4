// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import WorkerModel
import YAMLText

extension Lockfile {
    /// Reads the text of a lock file.
    ///
    /// - Throws: `LockfileError` with line and column for text that is not YAML, or breaks a rule of the format.
    package init(parsing bytes: [UInt8]) throws(LockfileError) {
        if let conflict = MergeConflict(bytes) { throw .mergeConflict(line: conflict.line) }
        let document: YAMLDocument
        do { document = try YAMLDocument(parsing: bytes, rules: Self.rules) } catch { throw .syntax(error) }
        guard let node = document.root else {
            throw .shape(YAMLShapeError(path: "version", position: .start, reason: "it is missing"))
        }
        try self.init(LockfileReader(cursor: YAMLCursor(node)))
    }

    /// What the two sides of a merge agree on, and of the rest what this side has; nil for a file without a conflict.
    ///
    /// `disputed` are the workers that both have, and have differently.
    ///
    /// - Throws: `LockfileError` of the side that cannot be read.
    static func merging(_ bytes: [UInt8]) throws(LockfileError) -> (lock: Lockfile, disputed: [WorkerName])? {
        guard let conflict = MergeConflict(bytes) else { return nil }
        var merged = try Lockfile(parsing: conflict.ours)
        var disputed: [WorkerName] = []
        for (name, worker) in try Lockfile(parsing: conflict.theirs).workers {
            if let ours = merged.workers[name] {
                if ours != worker { disputed.append(name) }
            } else {
                merged.workers[name] = worker
            }
        }
        return (merged, disputed.sorted())
    }

    private init(_ root: LockfileReader) throws(LockfileError) {
        let format = try root.read { cursor throws(YAMLShapeError) in try cursor.required("version").integer() }
        guard format == Self.format else {
            throw root["version"].broken(format > Self.format ? .newerFormat(format) : .unknownFormat(format))
        }
        manifest = try root.manifest()
        workers = [:]
        for (name, worker) in try root.namedMembers("workers", isRequired: true) { workers[name] = try worker.worker() }
        extras = try root.extras(besides: ["version", "manifest_hash", "declared_dependencies", "workers"])
    }
}

/// Reads the parts of a lock file.
private struct LockfileReader {
    let cursor: YAMLCursor

    /// The value of a key, or this one where it is absent: for the place of an error.
    subscript(key: String) -> LockfileReader {
        let child = cursor.node[key].map {
            YAMLCursor($0, path: cursor.path.isEmpty ? key : "\(cursor.path).\(key)")
        }
        return LockfileReader(cursor: child ?? cursor)
    }

    func broken(_ rule: LockfileError.Rule) -> LockfileError {
        .broken(path: cursor.path, position: cursor.node.span.start, rule)
    }

    func read<Value>(_ body: (YAMLCursor) throws(YAMLShapeError) -> Value) throws(LockfileError) -> Value {
        do { return try body(cursor) } catch { throw .shape(error) }
    }

    func required(_ key: String) throws(LockfileError) -> LockfileReader {
        LockfileReader(cursor: try read { cursor throws(YAMLShapeError) in try cursor.required(key) })
    }

    func optional(_ key: String) throws(LockfileError) -> LockfileReader? {
        try read { cursor throws(YAMLShapeError) in try cursor.optional(key) }.map { LockfileReader(cursor: $0) }
    }

    func text() throws(LockfileError) -> String {
        try read { cursor throws(YAMLShapeError) in try cursor.string() }
    }

    func text(_ key: String) throws(LockfileError) -> String {
        let value = try required(key)
        let text = try value.text()
        if text.isBlank { throw value.broken(.blank) }
        return text
    }

    func extras(besides known: Set<String>) throws(LockfileError) -> [YAMLValue.Member] {
        try read { cursor throws(YAMLShapeError) in try cursor.members() }
            .filter { !known.contains($0.key) }
            .map { YAMLValue.Member($0.key, $0.value.node.value) }
    }

    /// The members of a map whose keys are names of workers.
    func namedMembers(
        _ key: String,
        isRequired: Bool = false
    ) throws(LockfileError) -> [(name: WorkerName, value: LockfileReader)] {
        guard let map = isRequired ? try required(key) : try optional(key) else { return [] }
        var members: [(name: WorkerName, value: LockfileReader)] = []
        for (key, value) in try map.read({ cursor throws(YAMLShapeError) in try cursor.members() }) {
            let reader = LockfileReader(cursor: value)
            do throws(WorkerNameError) { members.append((try WorkerName(parsing: key), reader)) } catch {
                throw reader.broken(.invalidName(error))
            }
        }
        return members
    }

    func ranges(_ key: String) throws(LockfileError) -> [WorkerName: LockedRange] {
        var ranges: [WorkerName: LockedRange] = [:]
        for (name, value) in try namedMembers(key) { ranges[name] = LockedRange(try value.text()) }
        return ranges
    }
}

extension LockfileReader {
    func manifest() throws(LockfileError) -> LockedManifest {
        let declared = try optional("declared_dependencies")
        guard let value = try optional("manifest_hash") else {
            if let declared { throw declared.broken(.declaredWithoutHash) }
            return .none
        }
        let text = try value.text()
        guard let hash = ManifestHash(text: text) else { throw value.broken(.malformedHash(text)) }
        guard let declared else { return .hash(hash) }
        let ranges = try ranges("declared_dependencies")
        for (name, range) in ranges {
            if let problem = LockedManifest.problem(of: range) { throw declared[name.description].broken(problem) }
        }
        let computed = ManifestHash(of: ranges)
        if computed != hash { throw value.broken(.hashMismatch(found: hash, computed: computed)) }
        return .declared(ranges)
    }

    func worker() throws(LockfileError) -> LockedWorker {
        let type = try text("type")
        guard let kind = WorkerKind(rawValue: type) else { throw self["type"].broken(.unknownType(type)) }
        let versionText = try text("version")
        guard let version = LockedVersion(text: versionText) else { throw self["version"].broken(.blank) }
        var known: Set<String> = ["version", "type", "dependencies", "source"]
        let registry = try optional("registry")?.text()
        if registry != nil { known.insert("registry") }
        // A selector in words of the future is kept as it is.
        let selector = try optional("selector").flatMap { try? VersionSelector(parsing: $0.cursor.string()) }
        if selector != nil { known.insert("selector") }
        // Notes in a shape of the future are kept as they are.
        let notes = try optional("notes").flatMap { try? $0.notes() }
        if notes != nil { known.insert("notes") }
        let (source, sourceExtras) = try source(of: kind)
        var worker = LockedWorker(
            version: version,
            source: source,
            dependencies: try ranges("dependencies"),
            selector: selector,
            registry: registry,
            notes: notes ?? []
        )
        worker.extras = try extras(besides: known)
        worker.sourceExtras = sourceExtras
        return worker
    }

    /// What a registry said of a version: `[{code: yanked, message: loses data}]`.
    private func notes() throws -> [VersionNote] {
        try cursor.elements().map { note in
            VersionNote(
                code: try note.required("code").string(),
                message: try note.required("message").string(),
                replacement: try note.optional("replacement").map { try WorkerName(parsing: try $0.string()) }
            )
        }
    }

    private func source(of kind: WorkerKind) throws(LockfileError) -> (LockedWorker.Source, [YAMLValue.Member]) {
        if kind == .engine {
            if let source = try optional("source") { throw source.broken(.engineWithSource) }
            return (.engine, [])
        }
        let source = try required("source")
        let found = try source.text("kind")
        if found != kind.rawValue { throw source["kind"].broken(.kindMismatch(type: kind, found: found)) }
        switch kind {
        case .engine: return (.engine, [])
        case .image:
            let reference = try source.text("image")
            if !reference.contains("@sha256:") { throw source["image"].broken(.imageWithoutDigest(reference)) }
            return (.image(reference), try source.extras(besides: ["kind", "image"]))
        case .bundle:
            let artifact = try source.artifact(urlKey: "archive_url")
            return (.bundle(artifact), try source.extras(besides: ["kind", "archive_url", "sha256"]))
        case .binary: return try source.binary()
        }
    }

    private func binary() throws(LockfileError) -> (LockedWorker.Source, [YAMLValue.Member]) {
        guard let list = try optional("artifacts") else {
            // One archive, as the first lock files had it.
            guard try optional("target") != nil else { throw broken(.noArtifacts) }
            let target = try required("target").target(try text("target"))
            let extras = try extras(besides: ["kind", "target", "url", "sha256"])
            return (.binary([target: try artifact(urlKey: "url")]), extras)
        }
        var artifacts: [TargetTriple: LockedWorker.Artifact] = [:]
        for (key, value) in try list.read({ cursor throws(YAMLShapeError) in try cursor.members() }) {
            let reader = LockfileReader(cursor: value)
            var artifact = try reader.artifact(urlKey: "url")
            artifact.extras = try reader.extras(besides: ["url", "sha256"])
            artifacts[try reader.target(key)] = artifact
        }
        if artifacts.isEmpty { throw list.broken(.noArtifacts) }
        return (.binary(artifacts), try extras(besides: ["kind", "artifacts"]))
    }

    private func artifact(urlKey: String) throws(LockfileError) -> LockedWorker.Artifact {
        let url = try text(urlKey)
        let digits = try text("sha256")
        guard digits.utf8.count == 64, let digest = try? Digest(parsing: digits) else {
            throw self["sha256"].broken(.invalidDigest(digits))
        }
        return LockedWorker.Artifact(url: url, digest: digest)
    }

    private func target(_ text: String) throws(LockfileError) -> TargetTriple {
        do throws(TargetTripleError) { return try TargetTriple(parsing: text) } catch {
            throw broken(.invalidTarget(error))
        }
    }
}
