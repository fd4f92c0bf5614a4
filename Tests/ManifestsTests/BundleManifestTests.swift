// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

@testable import Manifests

/// The rules that a bundle is held to, by the installer and by the registry alike.
struct BundleManifestTests {
    private let name = try? WorkerName(parsing: "tool")
    private let version = try? SemanticVersion(parsing: "1.2.0")

    private func check(_ text: String, refusesUnknownKeys: Bool = false) throws -> BundleManifest {
        try WorkerManifest(parsing: Array(text.utf8))
            .checkedAsBundle(named: name, version: version, refusesUnknownKeys: refusesUnknownKeys)
    }

    @Test func acceptsTheSmallestBundle() throws {
        let bundle = try check("name: tool\nscripts:\n  start: node index.js\n")
        #expect(bundle.start == "node index.js" && bundle.runtime == .node && bundle.version == nil)
        #expect(bundle.resources == ResourceRequest(cpus: 2, memoryMiB: 2048))
        #expect(bundle.warnings.isEmpty)
    }

    @Test(arguments: [
        "scripts:\n  start: node x\n  setup:\n  install: ''\nruntime:\n  base_image: '  '\n",
        "scripts:\n  start: node x\n  setup: \"\\n\"\n  install: null\nruntime: {base_image: ~}\n",
    ])
    func blankCountsAsAbsent(_ text: String) throws {
        #expect(try check("name: tool\nversion: 1.2.0\n" + text).warnings.isEmpty)
    }

    @Test(arguments: [
        ("scripts: {start: node x}", "name"),
        ("name: other\nscripts: {start: node x}", "name"),
        ("name: tool\nversion: 1.2.1\nscripts: {start: node x}", "version"),
        ("name: tool\nversion: 1.2.0+b\nscripts: {start: node x}", "version"),
        ("name: tool", "scripts.start"),
        ("name: tool\nscripts: {start: '  '}", "scripts.start"),
        ("name: tool\nscripts: {start: [node]}", "scripts.start"),
        ("name: tool\nscripts: {start: node x, setup: apt}", "scripts.setup"),
        ("name: tool\nscripts: {start: node x, setup: [apt]}", "scripts.setup"),
        ("name: tool\nscripts: {start: node x, setup: 1}", "scripts.setup"),
        ("name: tool\nscripts: {start: node x, install: {a: b}}", "scripts.install"),
        ("name: tool\nscripts: {start: node x}\nruntime: {base_image: docker.io/evil}", "runtime.base_image"),
        ("name: tool\nscripts: {start: node x}\nruntime: {base_image: false}", "runtime.base_image"),
        ("name: tool\nscripts: {start: node x}\nruntime: {kind: rust}", "runtime.kind"),
        ("name: tool\nscripts: {start: node x}\nlanguage: go", "language"),
        ("name: tool\nscripts: {start: ./run.sh}", "runtime.kind"),
        ("name: tool\nscripts: {start: node x}\nresources: {cpus: 0}", "resources.cpus"),
        ("name: tool\nscripts: {start: node x}\nresources: {memory: 63}", "resources.memory"),
        ("name: tool\nscripts: {start: node x}\nenv: {A: 1}", "env.A"),
        ("name: tool\nscripts: {start: node x}\ndependencies: {tool: '*'}", "dependencies.tool"),
    ])
    func refusesNamingTheField(_ text: String, _ field: String) throws {
        let error = #expect(throws: ManifestError.self) { try check(text + "\n") }
        #expect(error?.code == .bundleManifestRejected)
        #expect(error?.problems.map(\.path) == [field])
        #expect(error?.details.first?.value == field)
        #expect(error?.message.contains("`\(field)`") == true)
    }

    @Test func namesEveryFieldAtOnce() throws {
        let error = #expect(throws: ManifestError.self) {
            try check("name: other\nscripts: {setup: a, install: b}\nruntime: {base_image: c}\n")
        }
        let fields = Set(error?.problems.map(\.path) ?? [])
        #expect(fields == ["name", "scripts.start", "scripts.setup", "scripts.install", "runtime.base_image"])
    }

    @Test(arguments: [
        ("{cpus: 4, memory: 4096}", 4, 4096, [String]()), ("{cpus: 5}", 4, 2048, ["resources.cpus"]),
        ("{memory: 4097}", 2, 4096, ["resources.memory"]), ("{cpus: 1, memory: 64}", 1, 64, []),
        ("{cpus: 99999999999999999999, memory: 4294967296}", 4, 4096, ["resources.cpus", "resources.memory"]),
    ])
    func clampsResources(_ resources: String, _ cpus: Int, _ memory: Int, _ clamped: [String]) throws {
        let bundle = try check("name: tool\nscripts: {start: node x}\nresources: \(resources)\n")
        #expect(bundle.resources == ResourceRequest(cpus: cpus, memoryMiB: memory))
        #expect(bundle.warnings.map(\.path) == clamped)
        #expect(bundle.warnings.allSatisfy { $0.code == .bundleResourceClamped })
    }

    @Test(arguments: [
        ("node a.js", BundleRuntime.node), ("npx tsx a.ts", .node), ("bun run x", .bun), ("python -m w", .python),
        ("python3.12 w.py", .python), ("  python3\tw.py", .python),
    ])
    func infersTheRuntimeFromTheFirstWord(_ start: String, _ runtime: BundleRuntime) throws {
        #expect(try check("name: tool\nscripts: {start: \"\(start)\"}\n".replacingTabs).runtime == runtime)
    }

    @Test(arguments: [
        ("runtime: {kind: python}\nlanguage: node", BundleRuntime.python),
        ("runtime: {language: bun}\nlanguage: node", .bun),
        ("language: TypeScript", .node), ("language: javascript", .node), ("runtime: {kind: node}", .node),
    ])
    func declaredRuntimeComesFirst(_ text: String, _ runtime: BundleRuntime) throws {
        #expect(try check("name: tool\nscripts: {start: ./run}\n\(text)\n").runtime == runtime)
    }

    @Test func unknownKeysWarnOrRefuse() throws {
        let text = "name: tool\nscripts: {start: node x, stop: y}\nzz: 1\naa: 2\n"
        #expect(try check(text).warnings.map(\.path) == ["scripts.stop", "zz", "aa"])
        let error = #expect(throws: ManifestError.self) { try check(text, refusesUnknownKeys: true) }
        #expect(error?.message.hasSuffix("unknown keys `aa`, `scripts.stop`, `zz`") == true)
    }

    @Test func reservedVariablesAreLeftOut() throws {
        let bundle = try check("name: tool\nscripts: {start: node x}\nenv: {III_URL: a, MODE: b}\n")
        #expect(bundle.environment.map(\.name) == ["MODE"])
        #expect(bundle.warnings.map(\.reason) == [.reservedVariable])
    }
}

extension String {
    fileprivate var replacingTabs: String {
        split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "\\t")
    }
}
