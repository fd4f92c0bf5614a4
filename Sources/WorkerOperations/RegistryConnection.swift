// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ProjectFiles
import RegistryAPI
package import RegistryClient
package import Transport
package import WorkerModel

/// The registries of a project, and the way to the bytes that their answers point to.
package struct RegistryConnection: Sendable {
    /// Makes a client for a registry.
    package typealias Connect = @Sendable (ChosenRegistry) -> RegistryClient

    package let rules: RegistryRules
    /// The registry that a command is about; where it is about several, the one for names that nothing is said of.
    package let client: RegistryClient
    package let artifacts: any ArtifactSource
    /// The way to the images that answers name, and to those that users name.
    package let images: any ImagePuller
    /// Whether an answer of a registry may name an image at an address of this very machine.
    ///
    /// That is where the registry is on it as well, and where its user has named that registry of images. Any other one
    /// would have the client talk to ports of its own machine.
    package var allowsImagesOfThisMachine: @Sendable (ImageReference, _ registry: RemoteURL.Origin?) -> Bool = { _, _ in
        false
    }
    private let connect: Connect

    package init(
        rules: RegistryRules,
        artifacts: any ArtifactSource,
        images: any ImagePuller,
        connect: @escaping Connect
    ) {
        self.init(rules, client: connect(rules.fallback), artifacts, images, connect)
    }

    /// A registry that is the only one.
    package init(client: RegistryClient, artifacts: any ArtifactSource, images: any ImagePuller) {
        self.init(RegistryRules(onlyKnowing: client.base), client: client, artifacts, images) { _ in client }
    }

    private init(
        _ rules: RegistryRules,
        client: RegistryClient,
        _ artifacts: any ArtifactSource,
        _ images: any ImagePuller,
        _ connect: @escaping Connect
    ) {
        self.rules = rules
        self.client = client
        self.artifacts = artifacts
        self.images = images
        self.connect = connect
    }

    /// The same, for a command that is about this registry.
    package func at(_ registry: ChosenRegistry) -> RegistryConnection {
        var connection = RegistryConnection(rules, client: connect(registry), artifacts, images, connect)
        connection.allowsImagesOfThisMachine = allowsImagesOfThisMachine
        return connection
    }

    /// Tells each registry what was installed from it, as its download counts want it, unless the user wants none of
    /// that.
    func count(_ plan: InstallPlan, _ environment: HostEnvironment) async {
        if environment.isOn(.noTelemetry) { return }
        let steps = Dictionary(grouping: plan.changes) { $0.registry ?? client.base.description }
        await withTaskGroup(of: Void.self) { group in
            for (text, steps) in steps {
                guard let base = try? RegistryBase(text) else { continue }
                group.addTask {
                    await at(ChosenRegistry(base, .locked)).client.countDownloads(
                        of: steps.compactMap { step in
                            if case .registry(let node) = step.content { (node.name, node.version) } else { nil }
                        },
                        isCI: environment.isContinuousIntegration
                    )
                }
            }
        }
    }
}
