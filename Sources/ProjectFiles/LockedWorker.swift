// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel
import YAMLText

/// A version as a lock file has it: semver, or what an older registry answered instead, such as `latest`.
package struct LockedVersion: Sendable, Hashable, CustomStringConvertible {
    /// Not blank.
    package let description: String

    package init(_ version: SemanticVersion) { description = version.description }

    /// The tag of an image, `latest` where it has none.
    package init(tag: String?) { description = tag ?? "latest" }

    init?(text: String) {
        guard !text.isBlank else { return nil }
        description = text
    }

    /// Nil for a text that is no version.
    package var semantic: SemanticVersion? { try? SemanticVersion(parsing: description) }
}

/// What a worker asks for of another one, as it was written.
package struct LockedRange: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) { description = text }

    /// Nil for a text that is no selector.
    package var selector: VersionSelector? { try? VersionSelector(parsingDependency: description) }
}

/// One worker that `iii.lock` pins.
package struct LockedWorker: Sendable, Hashable {
    /// One archive that is pinned.
    package struct Artifact: Sendable, Hashable {
        /// As the registry gave it; not blank.
        package var url: String
        package var digest: Digest
        var extras: [YAMLValue.Member] = []

        package init(url: String, digest: Digest) {
            self.url = url
            self.digest = digest
        }
    }

    /// Where a worker comes from, by its kind.
    package enum Source: Sendable, Hashable {
        case engine
        /// One archive for each target; at least one.
        case binary([TargetTriple: Artifact])
        /// A reference with a digest.
        case image(String)
        case bundle(Artifact)

        /// The digests of all archives, for every target.
        package var digests: [Digest] {
            switch self {
            case .engine, .image: []
            case .binary(let builds): builds.values.map(\.digest)
            case .bundle(let archive): [archive.digest]
            }
        }

        /// Whether both name the same addresses and bytes, whatever else is known of them.
        package func isSame(as other: Source) -> Bool { bare == other.bare }

        private var bare: Source {
            switch self {
            case .engine, .image: self
            case .bundle(let artifact): .bundle(Artifact(url: artifact.url, digest: artifact.digest))
            case .binary(let builds): .binary(builds.mapValues { Artifact(url: $0.url, digest: $0.digest) })
            }
        }
    }

    package var version: LockedVersion
    package var source: Source
    package var dependencies: [WorkerName: LockedRange]
    /// What was asked for when the worker was added by name; nil for one that others need.
    package var selector: VersionSelector?
    /// The base URL of the registry that answered, without credentials, query and fragment.
    package private(set) var registry: String?
    /// What the registry said of this version when it was last asked.
    package var notes: [VersionNote]
    /// Keys of this entry and of its `source:` that this program does not know, kept when the file is written.
    var extras: [YAMLValue.Member] = []
    var sourceExtras: [YAMLValue.Member] = []

    /// A pinned worker; `registry` is stripped of what may be a secret.
    package init(
        version: LockedVersion,
        source: Source,
        dependencies: [WorkerName: LockedRange] = [:],
        selector: VersionSelector? = nil,
        registry: String? = nil,
        notes: [VersionNote] = []
    ) {
        self.version = version
        self.source = source
        self.dependencies = dependencies
        self.selector = selector
        self.registry = registry.map(Self.withoutSecrets)
        self.notes = notes
    }

    /// This worker with the keys that this program does not know of an entry of the same version and source: of another
    /// one they may say what is no longer so.
    package func keepingUnknownKeys(of other: LockedWorker?) -> LockedWorker {
        guard let other, other.version == version, other.source.isSame(as: source) else { return self }
        var result = self
        result.source = other.source
        result.extras = other.extras
        result.sourceExtras = other.sourceExtras
        return result
    }

    package var kind: WorkerKind {
        switch source {
        case .engine: .engine
        case .binary: .binary
        case .image: .image
        case .bundle: .bundle
        }
    }

    /// A URL without user information, query and fragment.
    private static func withoutSecrets(_ url: String) -> String {
        let bare = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = bare.range(of: "://") else { return String(bare) }
        let authority = bare[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(bare) }
        return String(bare[..<scheme.upperBound] + bare[bare.index(after: at)...])
    }
}

extension StringProtocol {
    /// Whether there is nothing to see.
    var isBlank: Bool { utf8.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

    /// The first place of a text in this one.
    fileprivate func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
