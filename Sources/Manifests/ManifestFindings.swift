// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What a manifest is found to be, for its author: the use that it is fit for, and everything that stands in the way.
package struct ManifestFindings: Sendable {
    /// What a manifest is checked for.
    package enum Use: String, Sendable, Hashable, CaseIterable {
        case bundle
        case binary
        case image
        /// A worker that runs from its own folder and is not published.
        case local
    }

    package let name: WorkerName?
    package let use: Use
    /// Errors and warnings for that use, in the order of the text.
    package let problems: [ManifestProblem]
    /// For a local worker without `deploy`: why it could not be published as a bundle.
    ///
    /// Empty for the rest.
    package let refusedByPublish: [ManifestProblem]

    package var isFit: Bool { !problems.contains { $0.severity == .error } }
}

extension WorkerManifest {
    /// Checks the manifest for a use, or for the one that it names.
    ///
    /// `deploy` decides. Without it, something to start makes a bundle, unless the manifest has what only a worker in its
    /// own folder may have (`scripts.install` and its like).
    package func findings(for use: ManifestFindings.Use? = nil) -> ManifestFindings {
        if let use { return findings(use, refusedByPublish: []) }
        switch deploy {
        case .bundle: return findings(.bundle, refusedByPublish: [])
        case .binary: return findings(.binary, refusedByPublish: [])
        case .image: return findings(.image, refusedByPublish: [])
        case .engine, nil:
            let bundle = findings(.bundle, refusedByPublish: [])
            let isLocal = bundle.problems.contains { $0.reason == .forbiddenInBundle } || scripts.start == nil
            if !isLocal, bundle.isFit || !findings(.local, refusedByPublish: []).isFit { return bundle }
            return findings(.local, refusedByPublish: bundle.problems.filter { $0.severity == .error })
        }
    }

    private func findings(_ use: ManifestFindings.Use, refusedByPublish: [ManifestProblem]) -> ManifestFindings {
        var found: [ManifestProblem]
        do throws(ManifestError) {
            switch use {
            case .local: found = try checkedAsLocal().warnings
            case .bundle:
                found = try checkedAsBundle(named: nil, version: nil, refusesUnknownKeys: true).warnings
                found += publishingProblems()
            case .binary, .image:
                found = problems(refusingUnknownKeys: true, andTargets: true) + requiredFieldProblems(["name"])
                found += publishingProblems()
            }
        } catch {
            found =
                error.problems
                + problems.filter { $0.severity == .warning && $0.reason != .unknownKey && !$0.reason.isUnknownTarget }
            if use == .bundle { found += publishingProblems() }
        }
        for dependency in dependencies where BuiltinWorkers.isElsewhere(dependency.name.description) {
            let path = "dependencies.\(dependency.name)"
            found.append(ManifestProblem(.warning, path, places[path], .elsewhere))
        }
        var seen: Set<ManifestProblem> = []
        let unique = found.filter { seen.insert($0).inserted }
        return ManifestFindings(name: name, use: use, problems: unique.inTextOrder, refusedByPublish: refusedByPublish)
    }
}
