// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing
import SystemPackage
import WorkerModel

/// A backend and what it needs for its sandboxes: each suite of the contract runs over one.
package struct SandboxFixture: Sendable {
    package let backend: any SandboxBackend
    package let base: SandboxSpecification.Base

    /// Whether the kernel lends the sandbox the number of one user only: all files then belong to the worker.
    package let lendsOneNumber: Bool

    package init(backend: any SandboxBackend, base: SandboxSpecification.Base, lendsOneNumber: Bool = false) {
        self.backend = backend
        self.base = base
        self.lendsOneNumber = lendsOneNumber
    }

    /// A specification for a shell command.
    package func specification(
        _ script: String,
        workspace: SandboxSpecification.Workspace = .empty,
        limits: SandboxLimits = SandboxLimits(cpus: 1, memory: .mebibytes(128), processes: 64, scratch: .mebibytes(16)),
        engine: UInt16 = 9,
        allowed: [NetworkAddress] = []
    ) throws -> SandboxSpecification {
        SandboxSpecification(
            name: try WorkerName(parsing: "contract"),
            base: base,
            workspace: workspace,
            command: SandboxSpecification.shell(script),
            limits: limits,
            network: NetworkPolicy(engine: NetworkAddress(host: "127.0.0.1", port: engine), allowed: allowed)
        )
    }

    /// Runs a specification to its end.
    package func run(
        _ specification: SandboxSpecification
    ) async throws -> (exit: SandboxExit, output: String, errors: String) {
        let output = CollectedOutput()
        let sandbox = try await backend.start(specification, output: output)
        let exit = await sandbox.exit()
        return (exit, output.output, output.errors)
    }
}
