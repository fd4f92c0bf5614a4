// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
package import RegistryAPI
package import SystemPackage
package import WorkerModel

/// What a publish will send, known before anything is sent.
package struct PublishPlan: Sendable {
    /// One file that is uploaded unless the registry has it.
    package struct Upload: Sendable, Hashable {
        /// The platform of a native build, nil for a bundle.
        package let target: TargetTriple?
        package let file: FilePath
        package let digest: Digest
        package let size: ByteCount
    }

    /// The name that an archive gets when it is kept: `NAME-1.2.0.tar.gz`, `NAME-1.2.0-TARGET.zip`.
    package func fileName(of upload: Upload) -> String {
        guard let target = upload.target else { return "\(name)-\(version).tar.gz" }
        return "\(name)-\(version)-\(target)" + (target.usesZip ? ".zip" : ".tar.gz")
    }

    package let name: WorkerName
    package let version: SemanticVersion
    package let kind: WorkerKind
    package internal(set) var channel: ChannelName?
    package let uploads: [Upload]
    /// The files of a bundle, with their sizes.
    package let files: [PackingList.Item]
    /// What was left out of a bundle though no rule of the author names it.
    package let leftOut: [String]
    package internal(set) var warnings: [String]
    /// What is sent in the end.
    package internal(set) var request: PublishRequest

    /// What of an image is brought into the registry; nil where it stays where it is.
    package internal(set) var pushes: ImagePushSize?

    /// Adds what the worker offers.
    mutating func describe(_ interface: WorkerInterface) {
        (request.functions, request.triggers) = (interface.functions, interface.triggers)
    }

    /// The reference of an image worker.
    package var image: String? { if case .image(let reference) = request.artifacts { reference } else { nil } }
}
