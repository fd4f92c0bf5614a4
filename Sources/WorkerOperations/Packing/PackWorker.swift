// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import SystemPackage
package import WorkerModel

/// Packs the worker in a folder as publishing would, and keeps the archives.
package struct PackWorker: Sendable {
    package struct Outcome: Sendable {
        package let plan: PublishPlan
        /// Where the archives are, in the order of the plan's uploads; empty where only a list was wanted.
        package let archives: [FilePath]
    }

    private let home: IIIHome
    private let host: TargetTriple?

    package init(home: IIIHome, host: TargetTriple?) {
        self.home = home
        self.host = host
    }

    /// Packs to `output`: a folder, or the file itself where there is one archive; nil to write nothing.
    ///
    /// - Throws: `PublishError`, `PackingError`, `ManifestError`, `ArchiveError`, `HostError`.
    package func run(_ options: PublishRequestOptions, to output: FilePath?) async throws -> Outcome {
        try await StagingFolder.with(below: home.cache.appending("packing")) { scratch in
            let plan = try await PublishPlan.prepare(options, in: scratch, host: host)
            guard let output else { return Outcome(plan: plan, archives: []) }
            return Outcome(plan: plan, archives: try keep(plan, output))
        }
    }

    private func keep(_ plan: PublishPlan, _ output: FilePath) throws -> [FilePath] {
        let isFolder = try HostFiles.kind(of: HostFiles.canonicalIfThere(output)) == .directory
        if !isFolder, plan.uploads.count > 1 { throw SeveralArchives(output: output, count: plan.uploads.count) }
        var archives: [FilePath] = []
        for upload in plan.uploads {
            let path = isFolder ? output.appending(plan.fileName(of: upload)) : output
            try HostFiles.copy(upload.file, to: path)
            archives.append(path)
        }
        return archives
    }
}

/// Several archives were to be written to one file.
struct SeveralArchives: CodedError {
    let output: FilePath
    let count: Int

    var code: ErrorCode { .packingRefused }
    var message: String { "`\(output.string.printable)` is no folder, and there are \(count) archives" }
    var hints: [String] { ["make the folder first, and name it with `--output`"] }
}
