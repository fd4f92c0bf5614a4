// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage
package import WorkerModel

/// All that a backend needs to know to make one sandbox and start its worker.
package struct SandboxSpecification: Sendable {
    /// What the worker's programs come from.
    package enum Base: Hashable, Sendable {
        /// The host's own `/usr`, read-only, with an `/etc` of a few lines. Tier `namespaces` only.
        case host
        /// An unpacked root file system. Tier `namespaces` mounts it read-only, a machine gets an image made of it.
        case rootFileSystem(FilePath, digest: Digest)
    }

    /// How `/workspace`, where the worker starts, relates to a folder of the host.
    package enum Workspace: Hashable, Sendable {
        /// There is no `/workspace` but what the base has.
        case none
        /// No folder: `/workspace` is empty and private.
        case empty
        /// The folder itself, read-only.
        case readOnly(FilePath)
        /// The folder's contents with a private writable layer over them, gone when the sandbox ends.
        case privateLayer(FilePath)
        /// A folder of the sandbox's own, which outlives it. It is given to the sandbox's user.
        case persistent(FilePath)
    }

    /// What the worker may write of its base.
    package enum RootLayer: Hashable, Sendable {
        /// Nothing.
        case readOnly
        /// All of it, in a private layer that is gone when the sandbox ends.
        case privateLayer
        /// All of it, in a layer in a folder of the host that outlives the sandbox. It is given to the sandbox's user.
        case persistent(FilePath)
    }

    /// Whose the files of a base that is a root file system are, inside.
    package enum Owners: Hashable, Sendable {
        /// As the image has it: who may read and write what follows from that.
        case asInImage
        /// All of them are the worker's, which may do all with them: in a container it would be root.
        case worker
    }

    /// Names the sandbox in messages and control groups.
    package var name: WorkerName
    package var base: Base
    package var workspace: Workspace
    /// Names what is in the folder of the workspace, where that never changes: what is made of it can be kept.
    package var workspaceDigest: Digest?
    /// A folder that stays between starts and is `HOME` inside; nil for one that goes with the sandbox.
    package var home: FilePath?
    /// The program and its arguments; a command line goes through `/bin/sh -c`.
    package var command: [String]
    /// Without what every sandbox sets: see `workerEnvironment`.
    package var environment: [String: String]
    package var limits: SandboxLimits
    package var network: NetworkPolicy
    /// The way to the engine; nil where its address is connected to, which tells the engine nothing.
    package var bus: (any BusDoor)?
    /// For a base that is a root file system.
    package var rootLayer = RootLayer.readOnly
    package var owners = Owners.asInImage
    /// The file with the `RootOwners` of that file system; nil where nobody wrote one.
    package var ownersList: FilePath?
    /// Who the worker is inside; on the host it is a user of the sandbox's own.
    package var user = WorkerUser.standard
    /// Where the worker starts.
    package var directory = Self.workspacePath
    /// What asks the worker to end.
    package var stopSignal: Int32 = 15

    package init(
        name: WorkerName,
        base: Base = .host,
        workspace: Workspace,
        home: FilePath? = nil,
        command: [String],
        environment: [String: String] = [:],
        limits: SandboxLimits = SandboxLimits(),
        network: NetworkPolicy
    ) {
        self.name = name
        self.base = base
        self.workspace = workspace
        self.home = home
        self.command = command
        self.environment = environment
        self.limits = limits
        self.network = network
    }

    /// The command of a line that a shell runs.
    package static func shell(_ line: String) -> [String] { ["/bin/sh", "-c", line] }

    /// The name of the host, inside.
    package static let hostName = "sandbox"
    /// Where bundles and folders are.
    package static let workspacePath = "/workspace"
    /// Where a sandbox has links of its own, last in `PATH`.
    package static let extraPrograms = "/run/sandbox/bin"
    /// The environment of the worker: `environment`, below what a sandbox sets for every worker.
    ///
    /// `III_URL` and `III_ENGINE_URL` name the tunnel, `III_ISOLATION` the tier; nothing of the host's comes in.
    package func workerEnvironment(tier: IsolationTier) -> [(name: String, value: String)] {
        var all = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\(Self.extraPrograms)",
            "HOME": homeInside, "LANG": "C.UTF-8", "TMPDIR": "/tmp",
            // What is printed is to be read when it is printed, not when a buffer is full.
            "PYTHONUNBUFFERED": "1",
        ]
        all.merge(network.proxyVariables) { $1 }
        all.merge(environment) { $1 }
        all["III_URL"] = NetworkPolicy.engineURL
        all["III_ENGINE_URL"] = NetworkPolicy.engineURL
        all["III_WORKER_NAME"] = name.description
        all["III_ISOLATION"] = tier.rawValue
        return all.map { (name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }

    /// What is `HOME` inside.
    package var homeInside: String { environment["HOME"] ?? "/home/worker" }
}
