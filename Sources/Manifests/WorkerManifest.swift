// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What an `iii.worker.yaml` says, as far as it could be read, with every problem that was met.
///
/// Reading decides nothing: what is an error depends on the use. `checkedAsBundle`, `checkedAsLocal` and
/// `checkedForPublishing` hold the manifest to the rules of one.
package struct WorkerManifest: Sendable {
    package static let fileName = "iii.worker.yaml"
    /// The largest manifest that is read: 64 KiB.
    package static let maximumSize = ByteCount.kibibytes(64)

    /// Command lines of a shell.
    package struct Scripts: Sendable, Hashable {
        package var start: String?
        package var setup: String?
        package var install: String?
    }

    /// What the worker runs on.
    package struct Runtime: Sendable, Hashable {
        package var kind: String?
        package var language: String?
        package var packageManager: String?
        package var entry: String?
        package var baseImage: String?
    }

    /// What the worker asks for, as it was written: not clamped, nil where nothing was asked.
    package struct Resources: Sendable, Hashable {
        /// At least 1.
        package var cpus: Int?
        /// In MiB, at least 64.
        package var memoryMiB: Int?
    }

    /// Another worker that this one needs.
    package struct Dependency: Sendable, Hashable {
        package let name: WorkerName
        package let selector: VersionSelector
        /// The selector as it was written; hashes of manifests are over this text.
        package let text: String
    }

    /// One variable of the worker's environment.
    package struct Variable: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// The file that is published for one platform.
    package struct Artifact: Sendable, Hashable {
        package let target: TargetTriple
        /// Relative to the folder of the manifest.
        package let path: String
    }

    package internal(set) var name: WorkerName?
    package internal(set) var version: SemanticVersion?
    package internal(set) var description: String?
    package internal(set) var license: String?
    /// Where the source lives: `repository`, else `repo`.
    package internal(set) var repository: String?
    /// The path of a README other than the usual one.
    package internal(set) var readme: String?
    package internal(set) var tags: [String] = []
    /// The version of this file's format, `v1`.
    package internal(set) var iii: String?
    package internal(set) var deploy: WorkerKind?
    /// The file that holds the version: `Cargo.toml`, `package.json`, `pyproject.toml`.
    package internal(set) var versionFile: String?
    /// The name of the executable, where it is not the worker's.
    package internal(set) var bin: String?
    /// The platforms that a binary is built for.
    package internal(set) var targets: [TargetTriple] = []
    package internal(set) var artifacts: [Artifact] = []
    package internal(set) var scripts = Scripts()
    package internal(set) var runtime = Runtime()
    /// `language` at the top; `runtime.kind` and `runtime.language` come before it.
    package internal(set) var language: String?
    package internal(set) var entry: String?
    package internal(set) var resources = Resources()
    /// In order; without variables that cannot be set (see the problems).
    package internal(set) var environment: [Variable] = []
    /// In order.
    package internal(set) var dependencies: [Dependency] = []
    /// The functions that the worker calls besides those of its dependencies, in order: what its user is asked to grant.
    package internal(set) var calls: [CallPattern] = []
    /// The default configuration.
    package internal(set) var config: JSONObject?

    /// In the order of the text.
    ///
    /// Unknown keys stand here as warnings.
    package internal(set) var problems: [ManifestProblem] = []

    /// Where each known field stands that says something, whatever its type: `scripts.setup` and so on.
    var places: [String: ManifestProblem.Place] = [:]

    /// What chooses the base image, in the order of what counts: `runtime.kind`, `runtime.language`, `language`.
    package var declaredKind: String? { runtime.kind ?? runtime.language ?? language }

    /// How the worker is delivered: as `deploy` says, else as a bundle where there is something to start.
    package var deliveredKind: WorkerKind? { deploy ?? (scripts.start.map { _ in .bundle }) }
}
