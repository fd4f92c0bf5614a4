// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ProjectFiles
import RegistryAPI
import Sandboxing
import WorkerModel

extension InstallPlan {
    /// Makes sure that nothing of the plan is to run in less than its kind and this machine ask for.
    ///
    /// `asked`: for the requested workers; nil for what their entries say.
    /// - Throws: `SandboxError.tooWeak` (W187), `.unknownTier`.
    func expectIsolation(_ asked: IsolationTier?, in state: ProjectState, _ machine: MachineSettings) throws {
        for step in steps {
            guard let origin = step.origin else { continue }
            let written = try state.config[step.name]?.isolation
                .map { try IsolationTier(parsing: $0, in: "the entry of `\(step.name)`") }
            let policy = IsolationPolicy(
                name: step.name,
                origin: origin,
                needsHostFiles: origin == .binary || origin == .localPath,
                asked: step.isRequested ? asked ?? written : written,
                machineMinimum: machine.minimumIsolation
            )
            _ = try policy.candidates()
        }
    }
}

extension InstallPlan.Step {
    /// Nil for a part of the engine.
    fileprivate var origin: WorkerOrigin? {
        switch content {
        case .local: .localPath
        case .image: .image
        case .builtin: nil
        case .registry(let node):
            switch node.kind {
            case .binary: .binary
            case .bundle: .bundle
            case .image: .image
            case .engine: nil
            }
        }
    }
}

extension MachineSettings {
    mutating func raiseMinimum(to floor: IsolationTier) {
        if minimumIsolation?.isAtLeast(floor) != true { minimumIsolation = floor }
    }
}

extension ProjectState {
    /// Writes a tier into the entries of those workers of a plan that would run as processes of the user.
    mutating func raise(_ plan: InstallPlan, to floor: IsolationTier) throws {
        for step in plan.changes where [.binary, .localPath].contains(step.origin) {
            guard let entry = config[step.name], entry.isolation == nil else { continue }
            config = try config.settingIsolation(floor.rawValue, of: step.name)
        }
    }

    /// Writes the tier of the requested workers of a plan into their entries.
    mutating func isolate(_ plan: InstallPlan, in tier: IsolationTier) throws {
        for step in plan.steps where step.isRequested && step.origin != nil {
            config = try config.settingIsolation(tier.rawValue, of: step.name)
        }
    }
}
