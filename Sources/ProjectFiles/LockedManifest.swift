// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import Manifests
package import WorkerModel

/// The digest over what a project's own manifest depends on: `sha256:v1:` and 64 lower-case digits.
///
/// It is over `NAME=RANGE` and a line feed for each dependency, in the order of the names' bytes, the ranges as written.
package struct ManifestHash: Sendable, Hashable, CustomStringConvertible {
    private static let prefix = "sha256:v1:"

    package let digest: Digest

    package init(of dependencies: [WorkerName: LockedRange]) {
        let text = dependencies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
        digest = Digest.sha256(Array(text.utf8))
    }

    /// Reads the text form; nil for any other text, upper-case digits and other versions included.
    init?(text: String) {
        let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard text.hasPrefix(Self.prefix),
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let digest = try? Digest(parsing: String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.digest = digest
    }

    package var description: String { "\(Self.prefix)\(digest)" }
}

/// What `iii.lock` remembers of the project's own manifest, to find out when it has changed.
package enum LockedManifest: Sendable, Hashable {
    case none
    /// A hash alone, as for dependencies on channels, which the list has no form for.
    case hash(ManifestHash)
    /// Every range is a version range.
    case declared([WorkerName: LockedRange])

    /// What to remember of the dependencies of a project's own manifests; nothing where there are none.
    ///
    /// Where several ask for one worker in different words, the words stand together, parted by commas.
    package init(_ dependencies: [WorkerManifest.Dependency]) {
        var texts: [WorkerName: Set<String>] = [:]
        for dependency in dependencies { texts[dependency.name, default: []].insert(dependency.text) }
        let ranges = texts.mapValues { LockedRange($0.sorted().joined(separator: ", ")) }
        let areAllRanges = ranges.values.allSatisfy { LockedManifest.problem(of: $0) == nil }
        self = ranges.isEmpty ? .none : areAllRanges ? .declared(ranges) : .hash(ManifestHash(of: ranges))
    }

    package var hash: ManifestHash? {
        switch self {
        case .none: nil
        case .hash(let hash): hash
        case .declared(let dependencies): ManifestHash(of: dependencies)
        }
    }

    /// Why a range cannot be declared: readers of the file take nothing but version ranges.
    static func problem(of range: LockedRange) -> LockfileError.Rule? {
        if range.description.isBlank { return .blank }
        do throws(VersionError) {
            _ = try VersionRequirement(parsing: range.description)
            return nil
        } catch { return .invalidRange(error) }
    }
}
