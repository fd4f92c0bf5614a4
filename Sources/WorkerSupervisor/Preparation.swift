// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import GuestChannel
import HostSystem
import LocalWorkspaces
import Manifests
import Sandboxing
import SystemPackage
import WorkerModel

/// `setup` and `install` of a folder of the user's own.
struct Preparation: Sendable {
    let workspace: LocalWorkspace
    let source: SourceTree
    let scripts: WorkerManifest.Scripts
    /// The image that they run on; nil for the host's own programs.
    let base: Digest?

    /// Runs them in the worker's sandbox, where what they depend on changed since they last ended well.
    ///
    /// With `opensNetwork` they reach the network, by a proxy that is there as long as they run and that leads to no address
    /// of this machine itself: what they run was written by more people than the folder's owner.
    ///
    /// - Throws: `PreparationFailed`; `SandboxError`; `CancellationError`.
    func run(
        in specification: SandboxSpecification,
        opensNetwork: Bool,
        _ backend: any SandboxBackend,
        _ log: WorkerLog
    ) async throws {
        let ofSource = try workspace.inputs(setup: scripts.setup, install: scripts.install, of: source)
        let inputs = ofSource + (base.map { " on \($0)" } ?? "")
        if try workspace.isPrepared(for: inputs) { return }
        if scripts.setup != nil || scripts.install != nil {
            if opensNetwork {
                let socket = workspace.folder.appending("proxy")
                // The guest's own end of a tunnel has no working folder that could stand for a long path.
                try await HostFiles.withSocketPath(socket) { path in
                    var open = specification
                    open.network.proxy = path
                    await log.remark(
                        "its `setup` and `install` may use the network (`network: install: none` closes it)"
                    )
                    let opened = open
                    try await OutwardProxy().with(socket: socket) { try await runAll(in: opened, true, backend, log) }
                }
            } else {
                try await runAll(in: specification, false, backend, log)
            }
        }
        try workspace.markPrepared(for: inputs)
    }

    private func runAll(
        in specification: SandboxSpecification,
        _ hasNetwork: Bool,
        _ backend: any SandboxBackend,
        _ log: WorkerLog
    ) async throws {
        for (name, script) in [("setup", scripts.setup), ("install", scripts.install)] {
            guard let script else { continue }
            var specification = specification
            specification.command = SandboxSpecification.shell(script)
            let sandbox = try await backend.start(specification, output: log)
            let exit = await withTaskCancellationHandler {
                await sandbox.exit()
            } onCancel: {
                Task { await sandbox.stop(grace: .zero) }
            }
            try Task.checkCancellation()
            guard exit == .exited(status: 0) else {
                throw PreparationFailed(script: name, exit: exit, hasNetwork: hasNetwork)
            }
        }
    }
}

/// A local worker's `setup` or `install` did not end well.
struct PreparationFailed: CodedError {
    let script: String
    let exit: SandboxExit
    let hasNetwork: Bool

    var code: ErrorCode { .spawnFailed }
    var message: String { "its `scripts.\(script)` \(exit)" }
    var hints: [String] {
        hasNetwork
            ? [
                "it reaches the network by a proxy for HTTP, which most programs take from `HTTPS_PROXY`; an address of this "
                    + "machine, or one without HTTP, stands in `network: allow:` of the worker's entry in `config.yaml`"
            ]
            : ["`network: install: none` of the worker's entry in `config.yaml` keeps it from the network"]
    }
}
