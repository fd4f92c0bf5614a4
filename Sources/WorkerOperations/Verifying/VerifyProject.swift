// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
package import Diagnostics
import ImageDocuments
import ImageStore
import Manifests
package import ProjectFiles
package import WorkerModel

/// Holds `config.yaml`, `iii.lock` and what is installed against each other.
///
/// Changes nothing, fetches nothing.
package struct VerifyProject: Sendable {
    /// One thing that does not agree.
    package struct Problem: Sendable, Hashable {
        /// Nil where it is about the project as a whole.
        package let worker: WorkerName?
        /// W150 for files of the project, W152 for installed bytes, W117 for a missing platform, else the manifest's own.
        package let code: ErrorCode
        package let text: String
    }

    package struct Report: Sendable {
        /// Workers that were compared.
        package var workers = 0
        /// Installed files that were hashed.
        package var files = 0
        package var problems: [Problem] = []
    }

    let project: Project
    let installation: Installation
    let registries: RegistryList

    /// `registries` says which registry each name belongs to.
    package init(project: Project, installation: Installation, registries: RegistryList) {
        self.project = project
        self.installation = installation
        self.registries = registries
    }

    /// - Throws: `ProjectError`, `HostError`.
    @concurrent
    package func run(isStrict: Bool) async throws -> Report {
        let state = try ProjectState(reading: project)
        var report = Report()
        for entry in state.config.entries {
            guard let locked = state.lock.workers[entry.name] else {
                if case .named = entry.source, !BuiltinWorkers.names.contains(entry.name.description) {
                    report.add(entry.name, .lockfileMismatch, "stands in config.yaml but not in iii.lock")
                }
                continue
            }
            report.workers += 1
            if let text = entry.disagreement(with: locked) { report.add(entry.name, .lockfileMismatch, text) }
            try await check(entry.name, locked, isStrict, &report)
            try Task.checkCancellation()
        }
        for name in state.unlisted { report.add(name, .lockfileMismatch, "stands in iii.lock but not in config.yaml") }
        for (name, from, to) in state.strayed(registries) {
            report.add(name, .lockfileMismatch, "is locked from `\(from.printable)`, and belongs to \(to)")
        }
        for problem in state.locals.problems where problem.isAbsence && !isStrict {
            report.add(problem.name, .lockfileMismatch, problem.error.message)
        }
        if isStrict { StrictChecks(state: state, installation: installation, registries: registries).run(&report) }
        return report
    }

    private func check(
        _ name: WorkerName,
        _ locked: LockedWorker,
        _ isStrict: Bool,
        _ report: inout Report
    ) async throws {
        if case .image(let text) = locked.source { return try await check(name, image: text, isStrict, &report) }
        guard let key = installation.key(of: name, locked) else {
            guard case .binary(let builds) = locked.source else { return }
            let available = builds.keys.sorted().map(\.description).joined(separator: ", ")
            report.add(name, .platformNotSupported, "iii.lock has no build for this platform, only for: \(available)")
            return
        }
        do {
            report.files += try installation.store.listing(of: key).files.count
            for difference in try await installation.store.verify(key) {
                report.add(name, .installedContentChanged, difference.sentence)
            }
        } catch let error as ArtifactStoreError { report.add(name, .installedContentChanged, error.message) }
    }
}

extension VerifyProject {
    /// Looks at every entry of an unpacked image; strictly it is compared with its layers, byte by byte.
    private func check(
        _ name: WorkerName,
        image text: String,
        _ isStrict: Bool,
        _ report: inout Report
    ) async throws {
        do {
            guard let image = try await installation.image(text) else {
                return report.add(name, .installedContentChanged, "its image is not on this machine")
            }
            let found = try await installation.images.compare(image)
            report.files += found.entries.found
            if !found.isWhole { return report.add(name, .installedContentChanged, found.sentence) }
            guard isStrict, let platform = installation.host.flatMap({ ImagePlatform(of: $0) }) else { return }
            for path in try await installation.images.changedFiles(of: image, for: platform) {
                report.add(name, .installedContentChanged, "/\(path.printable) is not what its image has")
            }
        } catch let error as ArchiveError { report.add(name, error.code, error.message) } catch let error
            as ImageStoreError
        { report.add(name, error.code, error.message) }
    }
}

extension ImageComparison {
    /// The difference in words.
    fileprivate var sentence: String {
        "its image is not what was unpacked: \(entries.found) files, folders and links of \(size.found) are there, of "
            + "\(entries.unpacked) of \(size.unpacked)"
    }
}

extension VerifyProject.Report {
    mutating func add(_ worker: WorkerName?, _ code: ErrorCode, _ text: String) {
        problems.append(VerifyProject.Problem(worker: worker, code: code, text: text))
    }
}

extension ConfigEntry {
    /// Why the lock file cannot be about this entry.
    fileprivate func disagreement(with locked: LockedWorker) -> String? {
        switch (source, locked.source) {
        case (.path, _): "stands in config.yaml as a local worker, and in iii.lock as \(locked.kind.rawValue)"
        case (.image(let written), .image(let pinned)):
            ConfigEntry.repository(of: written) == ConfigEntry.repository(of: pinned)
                ? nil : "stands in config.yaml as `\(written.printable)`, and in iii.lock as `\(pinned.printable)`"
        case (.image, _): "stands in config.yaml as an image, and in iii.lock as \(locked.kind.rawValue)"
        case (.named, _): nil
        }
    }

    private static func repository(of text: String) -> String? {
        (try? ImageReference(parsing: text)).map { "\($0.canonicalHost)/\($0.canonicalPath)" }
    }
}

/// A project whose files or installed workers do not agree.
///
/// W152 where installed bytes are not what they should be, else W150.
package struct ProjectDisagrees: CodedError {
    package let report: VerifyProject.Report

    package init(report: VerifyProject.Report) { self.report = report }

    package var code: ErrorCode {
        report.problems.contains { $0.code == .installedContentChanged } ? .installedContentChanged : .lockfileMismatch
    }

    package var message: String {
        let workers = Set(report.problems.compactMap(\.worker)).count
        let count = report.problems.count
        return
            "\(count) thing\(count == 1 ? "" : "s") did not agree, in \(workers) worker\(workers == 1 ? "" : "s")"
    }

    package var hints: [String] {
        let damaged = report.problems.filter { $0.code == .installedContentChanged }.compactMap(\.worker).unique
        let others = report.problems.contains { $0.code != .installedContentChanged }
        var hints: [String] = []
        if !damaged.isEmpty {
            hints.append(
                "`iii worker add \(damaged.map(\.description).joined(separator: " ")) --force` installs afresh, `iii worker sync` what is missing"
            )
        }
        if others { hints.append("`iii worker sync --frozen` tells what puts the files right") }
        return hints
    }
}
