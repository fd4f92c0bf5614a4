// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

@testable import Manifests

/// The rules for a worker in its own folder, and for publishing one.
struct LocalManifestTests {
    private func manifest(_ text: String) throws -> WorkerManifest { try WorkerManifest(parsing: Array(text.utf8)) }

    @Test func acceptsWhatABundleMayNotHave() throws {
        let local = try manifest(
            """
            name: dev
            version: 0.1.0
            runtime: {base_image: docker.io/x/y}
            scripts: {setup: a, install: b, start: c}
            resources: {cpus: 64, memory: 100000}
            """
        ).checkedAsLocal()
        #expect(local.scripts.setup == "a" && local.resources.cpus == 64 && local.resources.memoryMiB == 100_000)
        #expect(local.warnings.isEmpty)
    }

    @Test func startMayBeLeftToTheLanguage() throws {
        #expect(
            try manifest("name: dev\nruntime: {kind: python, entry: src.main}\n").checkedAsLocal().scripts.start == nil
        )
    }

    @Test(arguments: [
        ("scripts: {start: x}", ["name"]), ("name: dev", ["scripts.start"]),
        ("name: dev\nscripts: {start: x}\nresources: {memory: 4294967296}", ["resources.memory"]),
        ("name: dev\nscripts: {start: x}\nb: 1\na: 2", ["b", "a"]),
        ("name: dev\nscripts: {start: x}\ndependencies: {dev: '1'}", ["dependencies.dev"]),
    ])
    func refusesNamingTheField(_ text: String, _ fields: [String]) throws {
        let error = #expect(throws: ManifestError.self) { try manifest(text).checkedAsLocal() }
        #expect(error?.code == .manifestRejected)
        #expect(error?.problems.map(\.path) == fields)
    }

    @Test func listsUnknownKeysSorted() throws {
        let error = #expect(throws: ManifestError.self) {
            try manifest("zeta: 1\nname: dev\nscripts: {start: x, go: y}\nalpha: 2\n").checkedAsLocal()
        }
        #expect(
            error?.message
                == "`iii.worker.yaml` is not fit for a local worker: unknown keys `alpha`, `scripts.go`, `zeta`"
        )
    }

    @Test(arguments: [
        ("name: a\ndeploy: binary", WorkerKind.binary), ("name: a\ndeploy: image", .image),
        ("name: a\nscripts: {start: node x}", .bundle), ("name: a\ndeploy: bundle\nscripts: {start: bun x}", .bundle),
        ("name: a\ndeploy: binary\nscripts: {start: cargo run, install: cargo build}\nlanguage: rust", .binary),
    ])
    func publishingKnowsTheKind(_ text: String, _ kind: WorkerKind) throws {
        #expect(try manifest(text).checkedForPublishing().kind == kind)
    }

    @Test(arguments: [
        ("name: a", ErrorCode.manifestRejected, ["deploy"]), ("deploy: binary", .manifestRejected, ["name"]),
        ("name: Upper\ndeploy: image", .manifestRejected, ["name"]),
        ("name: a\ndeploy: image\nzz: 1", .manifestRejected, ["zz"]),
        ("name: a\nscripts: {start: node x}\nzz: 1", .bundleManifestRejected, ["zz"]),
        ("name: a.b\nscripts: {start: node x, install: y}", .bundleManifestRejected, ["name", "scripts.install"]),
    ])
    func publishingRefusesNamingTheField(_ text: String, _ code: ErrorCode, _ fields: [String]) throws {
        let error = #expect(throws: ManifestError.self) { try manifest(text).checkedForPublishing() }
        #expect(error?.code == code)
        #expect(error?.problems.map(\.path) == fields)
    }
}
