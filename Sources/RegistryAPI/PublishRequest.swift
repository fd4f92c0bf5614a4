// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `POST /publish` is asked: one new version of a worker.
///
///     {"worker_name":"smoke","version":"1.2.3","type":"binary","tag":"latest","readme":"# Smoke\n","repo":"https://…",
///      "description":"Smoke","license":"Apache-2.0","tags":["test"],
///      "dependencies":[{"name":"configuration","version":"^1.0.0"}],"calls":["shell::run"],"config":{"mode":"safe"},
///      "functions":[{"name":"smoke::run",…}],"triggers":[],"experimental":false,
///      "binaries":{"x86_64-unknown-linux-gnu":{"url":"https://…/smoke.tar.gz","sha256":"aa…"}}}
///
/// An artifact without a URL is one that the registry itself holds under its digest.
package struct PublishRequest: Hashable, Sendable {
    /// Bytes that a version delivers.
    package struct Artifact: Hashable, Sendable {
        /// An absolute https URL elsewhere; nil where the registry holds the bytes.
        package var url: String?
        package var digest: Digest

        package init(url: String? = nil, digest: Digest) {
            self.url = url
            self.digest = digest
        }
    }

    /// What the version delivers, by its kind.
    package enum Artifacts: Hashable, Sendable {
        case engine
        /// At least one.
        case binaries([TargetTriple: Artifact])
        case bundle(Artifact)
        /// An image reference, verbatim.
        case image(String)

        package var kind: WorkerKind {
            switch self {
            case .engine: .engine
            case .binaries: .binary
            case .bundle: .bundle
            case .image: .image
            }
        }
    }

    /// As the registry accepts names for publishing.
    package var name: WorkerName
    /// Without build metadata.
    package var version: SemanticVersion
    package var artifacts: Artifacts
    /// The channel that moves to this version; nil for none.
    package var channel: ChannelName?
    package var readme = ""
    package var repository = ""
    package var description = ""
    package var license = ""
    /// Free keywords, in the publisher's order.
    package var tags: [String] = []
    /// In the publisher's order, one per name.
    package var dependencies: [WorkerDependency] = []
    /// Patterns of functions that it calls besides those of its dependencies, in the publisher's order.
    package var calls: [String] = []
    /// The default configuration, an object, verbatim.
    package var config: JSONValue = .emptyObject
    /// Objects with a `name`, verbatim.
    package var functions: [JSONValue] = []
    /// Objects with a `name`, verbatim.
    package var triggers: [JSONValue] = []
    package var isExperimental = false
    /// What an image runs on, as `linux/arm64`; empty for other kinds, and where nobody knows.
    package var platforms: [String] = []

    package init(name: WorkerName, version: SemanticVersion, artifacts: Artifacts) {
        self.name = name
        self.version = version
        self.artifacts = artifacts
    }

    package var kind: WorkerKind { artifacts.kind }
}

extension PublishRequest {
    package var json: JSONValue {
        var object: JSONObject = [
            "worker_name": .string(name.description), "version": .string(version.description),
            "type": .string(kind.rawValue),
        ]
        object["tag"] = channel.map { .string($0.description) }
        object["readme"] = .string(readme)
        object["repo"] = .string(repository)
        object["description"] = .string(description)
        object["license"] = .string(license)
        object["tags"] = .strings(tags)
        object["dependencies"] = .dependencies(dependencies)
        if !calls.isEmpty { object["calls"] = .strings(calls) }
        object["config"] = config
        object["functions"] = .array(functions)
        object["triggers"] = .array(triggers)
        object["experimental"] = .bool(isExperimental)
        artifacts.write(to: &object)
        if !platforms.isEmpty { object["platforms"] = .strings(platforms) }
        return .object(object)
    }
}

extension PublishRequest.Artifacts {
    fileprivate func write(to object: inout JSONObject) {
        switch self {
        case .engine: break
        case .image(let reference): object["image_tag"] = .string(reference)
        case .bundle(let archive):
            object["archive_url"] = archive.url.map(JSONValue.string)
            object["sha256"] = .string(archive.digest.description)
        case .binaries(let builds):
            let members = builds.sorted { $0.key < $1.key }.map { target, build -> (String, JSONValue) in
                var member = JSONObject()
                member["url"] = build.url.map(JSONValue.string)
                member["sha256"] = .string(build.digest.description)
                return (target.description, .object(member))
            }
            object["binaries"] = .object(JSONObject(members))
        }
    }
}
