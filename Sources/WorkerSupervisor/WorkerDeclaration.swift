// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import Sandboxing
package import SystemPackage
package import WorkerModel

/// What a project says about one worker, with the bytes that stand for it on this machine.
///
/// Two that are equal run alike: a worker whose declaration changes is replaced.
package struct WorkerDeclaration: Sendable, Hashable {
    /// What is to be run.
    package enum Content: Sendable, Hashable {
        /// Part of this engine: nothing to start.
        case builtIn
        /// A program of this machine's platform.
        case executable(FilePath)
        /// The verified tree of a bundle.
        case bundle(FilePath)
        /// A reference with a digest.
        case image(String)
        /// A folder of the user's own.
        case folder(FilePath)
        /// Nothing that could be started, and why.
        case nothing(reason: String, remedy: String?)
    }

    package var name: WorkerName
    package var content: Content
    /// The locked version.
    package var version: String?
    /// The `config:` block, variables expanded.
    package var config: JSONValue?
    /// `isolation:` of the entry.
    package var isolation: IsolationTier?
    /// `network: allow:` of the entry.
    package var network: [NetworkAddress]
    /// `persist:` of the entry: what the worker of an image writes outlives it.
    package var keepsWrites = false
    /// Whether `setup` and `install` of a folder may reach the network.
    package var opensInstalls = true

    package init(
        name: WorkerName,
        content: Content,
        version: String? = nil,
        config: JSONValue? = nil,
        isolation: IsolationTier? = nil,
        network: [NetworkAddress] = []
    ) {
        self.name = name
        self.content = content
        self.version = version
        self.config = config
        self.isolation = isolation
        self.network = network
    }

    /// The same in another tier; nil leaves it as it is.
    func isolated(in tier: IsolationTier?) -> WorkerDeclaration {
        var declaration = self
        if let tier { declaration.isolation = tier }
        return declaration
    }

    /// The kind as `list` and `status` show it.
    package var kind: String {
        switch content {
        case .builtIn: "engine"
        case .executable: "binary"
        case .bundle: "bundle"
        case .image: "image"
        case .folder: "local"
        case .nothing: "-"
        }
    }
}

extension WorkerDeclaration.Content {
    /// What its isolation depends on; nil for what is not started.
    var origin: WorkerOrigin? {
        switch self {
        case .builtIn, .nothing: nil
        case .executable: .binary
        case .bundle: .bundle
        case .image: .image
        case .folder: .localPath
        }
    }
}

/// What has to happen for what runs to become what is wanted.
package struct ChangePlan: Sendable, Hashable {
    package var removed: [WorkerName] = []
    package var replaced: [WorkerDeclaration] = []
    package var added: [WorkerDeclaration] = []

    package init(from running: [WorkerName: WorkerDeclaration], to wanted: [WorkerDeclaration]) {
        let names = Set(wanted.map(\.name))
        removed = running.keys.filter { !names.contains($0) }.sorted()
        for declaration in wanted {
            guard let now = running[declaration.name] else {
                added.append(declaration)
                continue
            }
            if now != declaration { replaced.append(declaration) }
        }
    }

    package var isEmpty: Bool { removed.isEmpty && replaced.isEmpty && added.isEmpty }
}
