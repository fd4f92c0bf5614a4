// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import Manifests
package import RegistryStorage
package import WorkerModel

/// What a publisher asks the registry to publish: the body of `POST /publish`, read and held to the rules.
///
///     {"worker_name":"pi","version":"1.2.3","type":"bundle","tag":"latest","readme":"…","repo":"…","description":"…",
///      "license":"Apache-2.0","tags":["search"],"dependencies":[{"name":"ade","version":"^1"}],"config":{},
///      "functions":[{"name":"pi::run",…}],"triggers":[],"experimental":false,"sha256":"…"}
package struct Publication: Sendable {
    package let name: WorkerName
    package let version: SemanticVersion
    /// The channel that moves to this version; nil moves none.
    package let channel: ChannelName?
    package private(set) var artifacts: PublishedArtifacts
    package let readme: String
    package let repository: String
    package let description: String
    package let license: String
    /// Free keywords.
    package let tags: [String]
    package let isExperimental: Bool
    /// What an image runs on, as its publisher says.
    package let platforms: [String]
    /// In the order in which they were declared; one per name.
    package let dependencies: [WorkerDependency]
    /// The functions that it calls besides those of its dependencies, in the publisher's order.
    package let calls: [CallPattern]
    /// The default configuration, an object.
    package let config: JSONValue
    /// Objects with a `name`, verbatim.
    package let functions: [JSONValue]
    /// Objects with a `name`, verbatim.
    package let triggers: [JSONValue]
    /// The request as it was sent.
    package let document: JSONValue

    /// Reads a request; an artifact's URL below `publicURL` means the blob that this registry keeps, and an image at its
    /// host, or at `host`, under which the client reached it, the image that it keeps.
    ///
    /// - Throws: `RegistryServiceError.invalidPublication` with everything that is wrong.
    package init(
        parsing document: JSONValue,
        publicURL: PublicURL,
        host: String? = nil
    ) throws(RegistryServiceError) {
        var reader = PublicationReader(document, publicURL: publicURL, host: host)
        let read = reader.read()
        guard reader.problems.isEmpty, let read else {
            throw .invalidPublication(reader.problems)
        }
        self = read
    }

    init(
        identity: (name: WorkerName, version: SemanticVersion, channel: ChannelName?),
        artifacts: PublishedArtifacts,
        about: PublicationReader.About,
        interface: PublicationReader.Interface,
        document: JSONValue
    ) {
        name = identity.name
        version = identity.version
        channel = identity.channel
        self.artifacts = artifacts
        readme = about.readme
        repository = about.repository
        description = about.description
        license = about.license
        tags = about.tags
        isExperimental = about.isExperimental
        platforms = about.platforms
        dependencies = interface.dependencies
        calls = interface.calls
        config = interface.config
        functions = interface.functions
        triggers = interface.triggers
        self.document = document
    }

    /// The same with other artifacts: what is stored of a version counts, wherever the registry is now.
    func delivering(_ artifacts: PublishedArtifacts) -> Publication {
        var copy = self
        copy.artifacts = artifacts
        return copy
    }

    /// Whether two publications would store the same: the channel does not count, nor the order of keys and tags,
    /// nor the platforms, which follow from the image.
    package func hasSameContent(as other: Publication) -> Bool {
        (name, version, artifacts) == (other.name, other.version, other.artifacts)
            && (readme, repository, description, license)
                == (other.readme, other.repository, other.description, other.license)
            && tags.sorted() == other.tags.sorted() && isExperimental == other.isExperimental
            && dependencies == other.dependencies && Set(calls) == Set(other.calls)
            && config.isEquivalent(to: other.config)
            && JSONValue.array(functions).isEquivalent(to: .array(other.functions))
            && JSONValue.array(triggers).isEquivalent(to: .array(other.triggers))
    }
}
