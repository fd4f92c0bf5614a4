// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import HostSystem
package import RegistryClient
package import Transport
package import WorkerModel

/// A registry, and the way to the bytes that its answers point to.
package struct RegistryConnection: Sendable {
    package let client: RegistryClient
    package let artifacts: any ArtifactSource
    /// The way to the images that its answers name, and to those that users name.
    package let images: any ImagePuller
    /// Whether an answer may name an image at an address of this very machine: where the registry is on it as well, and where
    /// its user has named that registry of images. Any other registry would have the client talk to ports of its own machine.
    package var allowsImagesOfThisMachine: @Sendable (ImageReference) -> Bool = { _ in false }

    package init(client: RegistryClient, artifacts: any ArtifactSource, images: any ImagePuller) {
        self.client = client
        self.artifacts = artifacts
        self.images = images
    }

    /// Tells the registry what was installed, as its download counts want it, unless the user wants none of that.
    func count(_ plan: InstallPlan, _ environment: HostEnvironment) async {
        if environment.isOn(.noTelemetry) { return }
        await client.countDownloads(
            of: plan.changes.compactMap { step in
                if case .registry(let node) = step.content { (node.name, node.version) } else { nil }
            },
            isCI: environment.isContinuousIntegration
        )
    }
}
