// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import HostSystem
import JSONText
import SystemPackage
import WorkerModel

/// The entries of one project, one file `ID.yaml` each; the folder appears with the first one.
///
/// Files are read whenever they are asked for: what a person changed counts at once.
actor ConfigurationStore {
    /// Bytes of one file; and entries of one project.
    static let largestFile = (4 << 20, entries: 1000)

    /// An entry before and after a change.
    struct Change: Sendable {
        var before: ConfigurationEntry?
        /// Nil where the file is gone.
        var after: ConfigurationEntry?
    }

    nonisolated let folder: FilePath
    /// What the files were last known to say.
    private var known: [ConfigurationID: ConfigurationEntry] = [:]
    private let (folderMade, folderIsMade) = AsyncStream.makeStream(
        of: Void.self,
        bufferingPolicy: .bufferingNewest(1)
    )

    init(folder: FilePath) { self.folder = folder }

    /// Takes what a worker says of an entry; a value that is there stays, unless another one is given.
    ///
    /// Effects on disk: the entry's file is replaced.
    /// - Throws: `CallFailure`: `SCHEMA_INVALID` where the value does not fit, `ADAPTER_ERROR` for a failed file.
    func register(_ entry: ConfigurationEntry) throws -> (before: ConfigurationEntry?, after: ConfigurationEntry) {
        if let value = entry.value { try Self.check(value, against: entry) }
        let before = try find(entry.id)
        if before == nil, try ids().count >= Self.largestFile.entries { throw CallFailure.adapter("too many entries") }
        var after = entry
        after.value = entry.value ?? before?.value
        try write(after)
        return (before, after)
    }

    /// Replaces the value of an entry.
    ///
    /// - Throws: `CallFailure`: `NOT_FOUND`, `SCHEMA_INVALID`, `ADAPTER_ERROR`.
    func set(
        _ id: ConfigurationID,
        to value: JSONValue
    ) throws -> (before: ConfigurationEntry?, after: ConfigurationEntry) {
        let before = try entry(id)
        try Self.check(value, against: before)
        var after = before
        after.value = value
        try write(after)
        return (before, after)
    }

    /// - Throws: `CallFailure`: `NOT_FOUND`, `ADAPTER_ERROR`.
    func entry(_ id: ConfigurationID) throws -> ConfigurationEntry {
        guard let entry = try find(id) else {
            throw CallFailure(code: "NOT_FOUND", message: "there is no configuration `\(id.text)`")
        }
        return entry
    }

    /// All entries whose files can be read, by id; one broken file does not hide the others.
    func all() throws -> [ConfigurationEntry] { try ids().sorted { $0.text < $1.text }.compactMap { try? find($0) } }

    // MARK: Changes by others

    /// Waits until the folder exists.
    func folderAppears() async throws {
        while try HostFiles.kind(of: folder) == nil {
            for await _ in folderMade { break }
            try Task.checkCancellation()
        }
    }

    /// Takes what the files say as known.
    func learn() throws {
        for entry in try all() { known[entry.id] = entry }
    }

    /// What has changed in a file since it was last known; nil for nothing, and for what cannot be read.
    func change(inFile name: String) -> Change? {
        guard let id = Self.id(ofFile: name) else { return nil }
        let now: ConfigurationEntry?
        // A file that cannot be read is half written, or wrong; neither is news.
        do { now = try find(id) } catch { return nil }
        let before = known[id]
        known[id] = now
        switch (before, now) {
        case (nil, nil): return nil
        case (let before?, let now?) where before.json.isEquivalent(to: now.json): return nil
        default: return Change(before: before, after: now)
        }
    }

    private static func id(ofFile name: String) -> ConfigurationID? {
        name.hasSuffix(".yaml") ? try? ConfigurationID(parsing: String(name.dropLast(5))) : nil
    }

    private static func check(_ value: JSONValue, against entry: ConfigurationEntry) throws(CallFailure) {
        let problems = SchemaCheck(entry.schema).problems(of: value)
        guard problems.isEmpty else {
            throw CallFailure(
                code: "SCHEMA_INVALID",
                message: "the value does not fit the schema of `\(entry.id.text)`: \(problems.joined(separator: "; "))"
            )
        }
    }

    // MARK: Files

    private func path(_ id: ConfigurationID) -> FilePath { folder.appending(id.text + ".yaml") }

    private func ids() throws -> [ConfigurationID] {
        do {
            guard try HostFiles.kind(of: folder) != nil else { return [] }
            return try HostFiles.entries(of: folder).compactMap(Self.id)
        } catch { throw CallFailure.adapter(error.message) }
    }

    private func find(_ id: ConfigurationID) throws -> ConfigurationEntry? {
        do {
            let bytes = try HostFiles.read(path(id), upTo: ByteCount(Self.largestFile.0))
            return try bytes.map { try ConfigurationEntry(parsing: $0, id: id) }
        } catch let error as any CodedError { throw CallFailure.adapter("\(id.text).yaml: \(error.message)") } catch {
            throw CallFailure.adapter("\(id.text).yaml holds a number that JSON cannot hold")
        }
    }

    private func write(_ entry: ConfigurationEntry) throws(CallFailure) {
        let bytes = Array(entry.fileText.utf8)
        guard bytes.count <= Self.largestFile.0 else { throw .adapter("the entry is too large") }
        do {
            try HostFiles.makeDirectory(folder)
            // Values may hold what only the user is to read.
            try HostFiles.write(bytes, to: path(entry.id), mode: 0o600)
            known[entry.id] = entry
            folderIsMade.yield()
        } catch { throw .adapter(error.message) }
    }
}

extension CallFailure {
    fileprivate static func adapter(_ reason: String) -> CallFailure {
        CallFailure(code: "ADAPTER_ERROR", message: reason)
    }
}
