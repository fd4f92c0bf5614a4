// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
package import Diagnostics
package import HostSystem
package import Manifests
package import SystemPackage
package import WorkerModel

/// Holds a manifest, or the folder of a worker, to the rules that publishing applies, and finds all that is wrong.
package struct CheckWorker: Sendable {
    /// One thing that is wrong, or that the author should know.
    package struct Finding: Sendable {
        package let severity: ManifestProblem.Severity
        package let code: ErrorCode
        /// In the manifest; nil for what stands in no place of it.
        package let place: ManifestProblem.Place?
        /// The dotted path of a field.
        package let field: String?
        package let text: String
        package var hints: [String] = []
    }

    package struct Report: Sendable {
        package let manifest: FilePath
        package internal(set) var name: WorkerName?
        package internal(set) var use: ManifestFindings.Use?
        package internal(set) var findings: [Finding] = []
        /// For a worker that runs from its own folder: why it could not be published.
        package internal(set) var refusedByPublish: [ManifestProblem] = []

        package var isFit: Bool { !findings.contains { $0.severity == .error } }
    }

    package struct Request: Sendable {
        /// A folder with a manifest, or a manifest alone.
        package var path: FilePath
        /// What it is to be fit for; nil for what the manifest names.
        package var use: ManifestFindings.Use?
        package var allowedSecrets: Set<String> = []
        /// As for publishing.
        package var allowsMissingStart = false

        package init(path: FilePath) { self.path = path }
    }

    private let home: IIIHome

    package init(home: IIIHome) { self.home = home }

    /// Checks; of a folder also what would be packed.
    ///
    /// - Throws: `PublishError.noManifest`, `HostError`. What is wrong with the worker is in the report.
    package func run(_ request: Request) async throws -> Report {
        let path = HostFiles.canonicalIfThere(request.path)
        let isFolder = try HostFiles.kind(of: path) == .directory
        let file = isFolder ? path.appending(WorkerManifest.fileName) : path
        var report = Report(manifest: file)
        guard let manifest = try read(file, &report) else { return report }
        let findings = manifest.findings(for: request.use)
        report.name = findings.name
        report.use = findings.use
        report.refusedByPublish = findings.refusedByPublish
        report.findings += findings.problems.map { Finding($0, use: findings.use) }
        if isFolder, report.isFit, findings.use != .local { try await checkFolder(path, manifest, request, &report) }
        return report
    }

    private func read(_ file: FilePath, _ report: inout Report) throws -> WorkerManifest? {
        let bytes: [UInt8]?
        do { bytes = try HostFiles.read(file, upTo: WorkerManifest.maximumSize) } catch is FileTooLarge {
            report.findings.append(Finding(PublishError.unreadableManifest(file)))
            return nil
        }
        guard let bytes else { throw PublishError.noManifest(file) }
        do throws(ManifestError) { return try WorkerManifest(parsing: bytes) } catch {
            report.findings.append(Finding(error))
            return nil
        }
    }

    /// What publishing would find in the folder besides the manifest.
    private func checkFolder(
        _ folder: FilePath,
        _ manifest: WorkerManifest,
        _ request: Request,
        _ report: inout Report
    ) async throws {
        var options = PublishRequestOptions(folder: folder)
        options.allowedSecrets = request.allowedSecrets
        options.allowsMissingStart = request.allowsMissingStart
        do { _ = try PublishPlan.version(of: manifest, options) } catch PublishError.noVersion {
            let text = "there is no `version`, so `publish` and `pack` need `--version`"
            report.findings.append(Finding(severity: .warning, code: .invalidVersion, text: text))
        } catch let error as any CodedError { report.findings.append(Finding(error)) }
        switch report.use {
        case .bundle: try await packAsBundle(folder, manifest, options, &report)
        case .binary:
            for artifact in manifest.artifacts {
                let file = folder.pushing(FilePath(artifact.path))
                guard try HostFiles.kind(of: file) == nil else { continue }
                let text = "`\(artifact.path.printable)` for `\(artifact.target)` is not built yet"
                report.findings.append(Finding(severity: .warning, code: .packingRefused, text: text))
            }
        case .image, .local, nil: break
        }
    }

    /// Packs for nothing but to see that it can be done.
    private func packAsBundle(
        _ folder: FilePath,
        _ manifest: WorkerManifest,
        _ options: PublishRequestOptions,
        _ report: inout Report
    ) async throws {
        do {
            let list = try PackingList(of: folder, worker: report.name, allowedSecrets: options.allowedSecrets)
            report.findings += list.surprises.map { Finding(severity: .warning, code: .packingRefused, text: $0) }
            if !options.allowsMissingStart {
                do { try StartFile.expectPacked(by: manifest, in: folder, packing: list) } catch let error
                    as PackingError
                { report.findings.append(Finding(error)) }
            }
            try await StagingFolder.with(below: home.cache.appending("packing")) { scratch in
                _ = try PublishPlan.pack(list, to: scratch.appending("bundle.tar.gz"), time: 0)
            }
        } catch let PackingError.secrets(secrets) {
            // Each file is one thing to do.
            report.findings += secrets.map { Finding(PackingError.secrets([$0])) }
        } catch let error as any CodedError where !(error is HostError) {
            report.findings.append(Finding(error))
        }
    }
}

extension CheckWorker.Finding {
    init(severity: ManifestProblem.Severity, code: ErrorCode, text: String) {
        self.init(severity: severity, code: code, place: nil, field: nil, text: text)
    }

    fileprivate init(_ problem: ManifestProblem, use: ManifestFindings.Use) {
        self.init(
            severity: problem.severity,
            code: problem.code ?? (use == .bundle ? .bundleManifestRejected : .manifestRejected),
            place: problem.place,
            field: problem.path,
            text: "`\(problem.path)` \(problem.sentence)"
        )
    }

    fileprivate init(_ error: ManifestError) {
        self.init(
            severity: .error,
            code: error.code,
            place: error.place,
            field: nil,
            text: error.sentence,
            hints: error.hints
        )
    }

    fileprivate init(_ error: any CodedError) {
        self.init(
            severity: .error,
            code: error.code,
            place: nil,
            field: nil,
            text: error.message,
            hints: error.hints
        )
    }
}
