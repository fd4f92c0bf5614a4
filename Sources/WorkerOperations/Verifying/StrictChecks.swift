// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import Manifests
import ProjectFiles
import WorkerModel

/// What `verify --strict` looks at besides: dependency ranges, versions, and manifests.
struct StrictChecks {
    let state: ProjectState
    let installation: Installation
    let registries: RegistryList

    func run(_ report: inout VerifyProject.Report) {
        for (name, worker) in state.lock.workers.sorted(by: { $0.key < $1.key }) {
            checkNeeds(name, worker, &report)
            checkManifest(name, worker, &report)
        }
        checkLocals(&report)
    }

    private func checkNeeds(_ name: WorkerName, _ worker: LockedWorker, _ report: inout VerifyProject.Report) {
        // Of a part of the engine a registry may say nothing; it is as new as the engine.
        if worker.version.semantic == nil, worker.kind != .image, worker.kind != .engine {
            report.add(name, .lockfileMismatch, "has the version `\(worker.version)` in iii.lock, which is none")
        }
        for (needed, range) in worker.dependencies.sorted(by: { $0.key < $1.key }) {
            if let text = shortcoming(of: Demand(.worker(name), needed, text: range.description, meaning: nil)) {
                report.add(name, .lockfileMismatch, text)
            }
        }
    }

    /// What is wrong with what a worker gets; nil where all is well.
    private func shortcoming(of demand: Demand) -> String? {
        let own = state.own
        if own[demand.name] == nil, state.lock.workers[demand.name] == nil {
            return "needs `\(demand.name)`, which iii.lock does not have"
        }
        if state.meets(demand, own) { return nil }
        let version = state.version(of: demand.name) ?? "no version"
        return "needs `\(demand.name)@\(demand.text.printable)`, but iii.lock has \(version)"
    }

    private func checkManifest(_ name: WorkerName, _ worker: LockedWorker, _ report: inout VerifyProject.Report) {
        guard case .bundle(let artifact) = worker.source,
            (try? installation.store.contains(.bundle(artifact.digest))) == true
        else { return }
        do {
            _ = try InstalledBundle.manifest(in: installation.store.tree(of: .bundle(artifact.digest)))
                .checkedAsBundle(named: name, version: worker.version.semantic)
        } catch {
            let coded = error as? any CodedError
            report.add(name, coded?.code ?? .bundleManifestRejected, coded?.message ?? "its manifest cannot be read")
        }
    }

    private func checkLocals(_ report: inout VerifyProject.Report) {
        for problem in state.locals.problems { report.add(problem.name, problem.error.code, problem.error.message) }
        for worker in state.locals.workers {
            for text in worker.demands.compactMap(shortcoming) { report.add(worker.name, .lockfileMismatch, text) }
            guard worker.name != nil else { continue }
            do throws(LocalFolderError) { _ = try LocalFolder.worker(in: worker.folder) } catch {
                report.add(worker.name, error.code, error.message)
            }
        }
        for item in state.drift(registries) {
            switch item {
            case .needChanged, .needRemoved, .manifestsChanged, .manifestGone:
                report.add(nil, .lockfileMismatch, "drift: \(item.line)")
            case .needAdded, .notLocked, .notListed, .otherRegistry, .unreadable, .notInstalled, .noBase, .noBuild:
                continue
            }
        }
    }
}
