// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel
import YAMLText

extension Lockfile {
    /// The file as it is written: workers, dependencies and targets sorted by their bytes, unknown keys behind known ones.
    ///
    /// - Throws: `LockfileError.broken` for contents that the format does not allow, so that a file that could not be read
    ///   again is never written.
    package func bytes() throws(LockfileError) -> [UInt8] {
        var members = [YAMLValue.Member("version", .integer(String(Self.format)))]
        if let hash = manifest.hash { members.append(YAMLValue.Member("manifest_hash", .string(hash.description))) }
        if case .declared(let dependencies) = manifest {
            for (name, range) in dependencies {
                guard let problem = LockedManifest.problem(of: range) else { continue }
                throw .broken(path: "declared_dependencies.\(name)", position: nil, problem)
            }
            members.append(YAMLValue.Member("declared_dependencies", Self.value(of: dependencies)))
        }
        var entries: [YAMLValue.Member] = []
        for (name, worker) in workers.sorted(by: { $0.key < $1.key }) {
            try worker.check(path: "workers.\(name)")
            entries.append(YAMLValue.Member(name.description, .mapping(worker.members)))
        }
        members.append(YAMLValue.Member("workers", .mapping(entries)))
        return Array(YAMLValue.mapping(members.extended(by: extras)).text.utf8)
    }

    fileprivate static func value(of ranges: [WorkerName: LockedRange]) -> YAMLValue {
        .mapping(
            ranges.sorted { $0.key < $1.key }
                .map { YAMLValue.Member($0.key.description, .string($0.value.description)) }
        )
    }
}

extension LockedWorker {
    /// - Throws: `LockfileError.broken` for what a reader would refuse.
    fileprivate func check(path: String) throws(LockfileError) {
        func broken(_ path: String, _ rule: LockfileError.Rule) -> LockfileError {
            .broken(path: path, position: nil, rule)
        }
        switch source {
        case .engine: return
        case .image(let reference):
            if !reference.contains("@sha256:") { throw broken("\(path).source.image", .imageWithoutDigest(reference)) }
        case .bundle(let artifact):
            if artifact.url.isBlank { throw broken("\(path).source.archive_url", .blank) }
        case .binary(let artifacts):
            if artifacts.isEmpty { throw broken("\(path).source.artifacts", .noArtifacts) }
            for (target, artifact) in artifacts where artifact.url.isBlank {
                throw broken("\(path).source.artifacts.\(target).url", .blank)
            }
        }
    }

    fileprivate var members: [YAMLValue.Member] {
        var members: [YAMLValue.Member] = [
            .init("version", .string(version.description)), .init("type", .string(kind.rawValue)),
        ]
        if let selector { members.append(.init("selector", .string(selector.description))) }
        if let registry { members.append(.init("registry", .string(registry))) }
        if !notes.isEmpty { members.append(.init("notes", .sequence(notes.map(\.value)))) }
        members.append(.init("dependencies", Lockfile.value(of: dependencies)))
        if let source = sourceMembers { members.append(.init("source", .mapping(source.extended(by: sourceExtras)))) }
        return members.extended(by: extras)
    }

    private var sourceMembers: [YAMLValue.Member]? {
        let kind = YAMLValue.Member("kind", .string(kind.rawValue))
        switch source {
        case .engine: return nil
        case .image(let reference): return [kind, .init("image", .string(reference))]
        case .bundle(let artifact): return [kind] + artifact.members(urlKey: "archive_url")
        case .binary(let artifacts):
            let targets = artifacts.sorted { $0.key < $1.key }.map { target, artifact in
                YAMLValue.Member(
                    target.description,
                    .mapping(artifact.members(urlKey: "url").extended(by: artifact.extras))
                )
            }
            return [kind, .init("artifacts", .mapping(targets))]
        }
    }
}

extension VersionNote {
    fileprivate var value: YAMLValue {
        var members = [YAMLValue.Member("code", .string(code)), YAMLValue.Member("message", .string(message))]
        if let replacement { members.append(.init("replacement", .string(replacement.description))) }
        return .mapping(members)
    }
}

extension LockedWorker.Artifact {
    fileprivate func members(urlKey: String) -> [YAMLValue.Member] {
        [.init(urlKey, .string(url)), .init("sha256", .string(digest.description))]
    }
}

extension [YAMLValue.Member] {
    /// These members, and behind them those of `extras` whose keys are not among them, sorted by their keys' bytes.
    fileprivate func extended(by extras: [YAMLValue.Member]) -> [YAMLValue.Member] {
        let own = Set(map(\.key))
        return self + (YAMLValue.mapping(extras.filter { !own.contains($0.key) }).sorted.members ?? [])
    }
}
