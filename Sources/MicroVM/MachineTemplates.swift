// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// The saved machines of this host.
///
/// Each is made once, however many ask for it at once. The last that were used stay in memory; all are kept on disk.
///
/// Effects on disk: `FOLDER/KEY`, at most `kept` files; `FOLDER/staging` while one is written.
actor MachineTemplates {
    /// What was found, or why nothing was.
    enum Found: Sendable {
        case template(MachineTemplate)
        case none(reason: String)
    }

    private struct Entry {
        let task: Task<Found, Never>
        var use: UInt64
    }

    private let folder: FilePath
    private var entries: [Digest: Entry] = [:]
    /// Those that were made or read and did not work: they are not tried again by this process.
    private var broken: [Digest: String] = [:]
    private var uses: UInt64 = 0
    private var writing: [Digest: Task<Void, Never>] = [:]

    static let inMemory = 4
    static let kept = 8

    init(folder: FilePath) { self.folder = folder }

    /// The template of that key: the one in memory, the one on disk, or the one that `make` makes.
    func template(
        _ key: Digest,
        memory: ByteCount,
        counterKilohertz: UInt64,
        make: @escaping @Sendable () async throws -> MachineTemplate
    ) async -> Found {
        if let reason = broken[key] { return .none(reason: reason) }
        uses += 1
        if let entry = entries[key] {
            entries[key]?.use = uses
            return await entry.task.value
        }
        let task = Task { await find(key, memory, counterKilohertz, make) }
        entries[key] = Entry(task: task, use: uses)
        forgetTheLeastUsed()
        return await task.value
    }

    private func find(
        _ key: Digest,
        _ memory: ByteCount,
        _ rate: UInt64,
        _ make: @Sendable () async throws -> MachineTemplate
    ) async -> Found {
        let file = file(key)
        if let template = await Self.read(file, memory, rate) { return .template(template) }
        do {
            let template = try await make()
            writing[key] = Task(priority: .background) { [folder] in
                // One that could not be written is made again by the next process.
                try? await Self.write(template, rate, file, below: folder)
            }
            return .template(template)
        } catch {
            broken[key] = error.words
            return .none(reason: error.words)
        }
    }

    /// What is damaged or from elsewhere is as good as not there: it is written anew.
    @concurrent
    private static func read(_ file: MachineTemplateFile, _ memory: ByteCount, _ rate: UInt64) async -> MachineTemplate?
    {
        guard let template = (try? file.read(memory: memory, counterKilohertz: rate)).flatMap({ $0 }) else {
            return nil
        }
        // For the order in which they are removed.
        try? HostFiles.touch(file.path)
        return template
    }

    @concurrent
    private static func write(
        _ template: MachineTemplate,
        _ rate: UInt64,
        _ file: MachineTemplateFile,
        below folder: FilePath
    ) async throws {
        let staging = folder.appending("staging")
        try await file.write(template, counterKilohertz: rate, staging: staging)
        try KeptFiles.forget(below: folder, allBut: kept)
    }

    /// Takes one that did not work out of use.
    func discard(_ key: Digest, because reason: String) {
        entries[key] = nil
        broken[key] = reason
        try? HostFiles.removeFile(file(key).path)
    }

    /// Waits until what was made is on disk.
    func settle() async { for task in writing.values { await task.value } }

    private func forgetTheLeastUsed() {
        guard entries.count > Self.inMemory, let least = entries.min(by: { $0.value.use < $1.value.use }) else {
            return
        }
        entries[least.key] = nil
    }

    private func file(_ key: Digest) -> MachineTemplateFile {
        MachineTemplateFile(path: folder.appending(key.description))
    }
}
