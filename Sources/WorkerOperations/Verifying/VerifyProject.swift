// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
package import Diagnostics
package import ProjectFiles
package import WorkerModel

/// Holds `config.yaml`, `iii.lock` and what is installed against each other.
///
/// Changes nothing, fetches nothing.
package struct VerifyProject: Sendable {
    /// One thing that does not agree.
    package struct Problem: Sendable, Hashable {
        package let worker: WorkerName
        /// W150 for files of the project, W152 for installed bytes, W117 for a missing platform.
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

    package init(project: Project, installation: Installation) {
        self.project = project
        self.installation = installation
    }

    /// - Throws: `ProjectError`, `HostError`.
    @concurrent
    package func run(isStrict: Bool) async throws -> Report {
        let state = try ProjectState(reading: project)
        var report = Report()
        for entry in state.config.entries {
            guard case .named = entry.source else { continue }
            guard let locked = state.lock.workers[entry.name] else {
                if !BuiltinWorkers.names.contains(entry.name.description) {
                    report.add(entry.name, .lockfileMismatch, "stands in config.yaml but not in iii.lock")
                }
                continue
            }
            report.workers += 1
            try await check(entry.name, locked, &report)
            try Task.checkCancellation()
        }
        if isStrict { checkNeeds(state.lock, &report) }
        return report
    }

    private func check(_ name: WorkerName, _ locked: LockedWorker, _ report: inout Report) async throws {
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

    private func checkNeeds(_ lock: Lockfile, _ report: inout Report) {
        for (name, worker) in lock.workers.sorted(by: { $0.key < $1.key }) {
            for (needed, range) in worker.dependencies.sorted(by: { $0.key < $1.key }) {
                guard let found = lock.workers[needed] else {
                    report.add(name, .lockfileMismatch, "needs `\(needed)`, which iii.lock does not have")
                    continue
                }
                guard let version = found.version.semantic, let selector = range.selector, !selector.mayMean(version)
                else { continue }
                report.add(name, .lockfileMismatch, "needs `\(needed)@\(range)`, but iii.lock has \(version)")
            }
        }
    }
}

extension VerifyProject.Report {
    fileprivate mutating func add(_ worker: WorkerName, _ code: ErrorCode, _ text: String) {
        problems.append(VerifyProject.Problem(worker: worker, code: code, text: text))
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
        let workers = Set(report.problems.map(\.worker)).count
        return
            "\(report.problems.count) thing\(report.problems.count == 1 ? "" : "s") did not agree, in \(workers) worker\(workers == 1 ? "" : "s")"
    }

    package var hints: [String] {
        var names: [String] = []
        for problem in report.problems where !names.contains(problem.worker.description) {
            names.append(problem.worker.description)
        }
        return ["`iii worker add \(names.joined(separator: " ")) --force` installs afresh"]
    }
}
