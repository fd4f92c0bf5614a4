// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

/// What `check` finds in a folder is what `publish` would stop for.
@Suite struct CheckWorkerTests {
    private static let bundle = "name: a\nversion: 1.0.0\nscripts: {start: python -m a}\n"

    private func check(
        _ files: [String: String],
        in folder: FilePath,
        manifest: Bool = false
    ) async throws
        -> CheckWorker.Report
    {
        let source = folder.appending("source")
        for (path, text) in files {
            let file = source.appending(path)
            try HostFiles.makeDirectory(file.removingLastComponent())
            try HostFiles.write(Array(text.utf8), to: file)
        }
        let path = manifest ? source.appending("iii.worker.yaml") : source
        return try await CheckWorker(home: IIIHome(root: folder.appending("home"))).run(.init(path: path))
    }

    @Test(arguments: [
        ([String: String](), nil as ErrorCode?, nil as ManifestProblem.Severity?),
        (["key.pem": "-----BEGIN RSA PRIVATE KEY-----\nx"], .packingRefused, .error),
        (["manifest.toml": ""], nil, nil),
        (["a/con": ""], .packingRefused, .error),
        (["README": "", "readme": ""], .packingRefused, .error),
    ])
    func findsWhatPackingWouldStopFor(
        _ files: [String: String],
        _ code: ErrorCode?,
        _ severity: ManifestProblem.Severity?
    ) async throws {
        try await withTemporaryDirectory { folder in
            let files = files.merging(["iii.worker.yaml": Self.bundle, "a.py": ""]) { $1 }
            let report = try await check(files, in: folder)
            #expect(report.findings.map(\.code) == (code.map { [$0] } ?? []))
            #expect(report.findings.map(\.severity) == (severity.map { [$0] } ?? []))
            #expect(report.isFit == (code == nil))
            #expect(try await check([:], in: folder, manifest: true).isFit, "the manifest alone is sound")
        }
    }

    @Test(arguments: [
        (
            "name: a\nmanifest: package.json\nscripts: {start: node a}", #"{"version":"1.x"}"#,
            ErrorCode.invalidVersion, false
        ),
        ("name: a\nmanifest: package.json\nscripts: {start: node a}", #"{"version":"1.0.0"}"#, nil, true),
        ("name: a\nmanifest: gone.json\nscripts: {start: node a}", "{}", .invalidVersion, false),
        ("name: a\nscripts: {start: node a}", "{}", .invalidVersion, true),
    ])
    func findsAVersionThatCannotBeRead(
        _ manifest: String,
        _ package: String,
        _ code: ErrorCode?,
        _ isFit: Bool
    ) async throws {
        try await withTemporaryDirectory { folder in
            let files = ["iii.worker.yaml": manifest, "package.json": package, "a": ""]
            let report = try await check(files, in: folder)
            #expect(report.findings.map(\.code) == (code.map { [$0] } ?? []), "\(report.findings.map(\.text))")
            #expect(report.isFit == isFit)
        }
    }

    @Test func brokenYAMLHasItsPlace() async throws {
        try await withTemporaryDirectory { folder in
            let finding = try await check(["iii.worker.yaml": "name: a\n  b: c\n"], in: folder).findings.first
            #expect(finding?.code == .configParse)
            #expect(finding?.place?.line == 2 && finding?.place?.column == 4)
        }
    }

    @Test func aFolderWithoutAManifestIsAnError() async throws {
        try await withTemporaryDirectory { folder in
            let error = await #expect(throws: PublishError.self) { try await check(["a": ""], in: folder) }
            #expect(error?.code == .manifestRejected)
        }
    }

    @Test func nothingIsLeftBehind() async throws {
        try await withTemporaryDirectory { folder in
            _ = try await check(["iii.worker.yaml": Self.bundle], in: folder)
            #expect(try HostFiles.entries(of: folder.appending("home/cache/packing")).isEmpty)
            #expect(try HostFiles.entries(of: folder.appending("source")) == ["iii.worker.yaml"])
        }
    }
}
