// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

@testable import Manifests

/// What a manifest is taken for, and where each problem stands.
struct ManifestFindingsTests {
    private func findings(_ text: String, _ use: ManifestFindings.Use? = nil) throws -> ManifestFindings {
        try WorkerManifest(parsing: Array(text.utf8)).findings(for: use)
    }

    /// The shapes of manifests that people write: a native worker, a bundle, an image, one that stays in its folder.
    @Test(arguments: [
        (
            "iii: v1\nname: a\nlanguage: rust\ndeploy: binary\nmanifest: Cargo.toml\nbin: iii-a\ndescription: A\n",
            ManifestFindings.Use.binary, 0
        ),
        (
            "iii: v1\nname: a\nlanguage: javascript\ndeploy: bundle\nscripts:\n  start: node ./index.mjs\n", .bundle, 0
        ),
        ("name: a\nversion: 1.0.0\nscripts: {start: node bundle.js}\nresources: {cpus: 2}\n", .bundle, 0),
        (
            "name: a\nlanguage: python\ndeploy: image\nruntime: {entry: src/main.py}\nscripts: {install: pip install .}\n",
            .image, 0
        ),
        (
            "name: a\nruntime: {language: typescript, package_manager: npm}\nscripts: {install: npm i, start: npm run dev}\n",
            .local, 1
        ),
        (
            "name: a\nruntime: {base_image: docker.io/x/y}\nscripts: {install: pip install ., start: python -m a}\n",
            .local, 2
        ),
        ("name: a\nruntime: {kind: python, entry: src.main}\n", .local, 1),
    ])
    func takesAManifestForWhatItIs(_ text: String, _ use: ManifestFindings.Use, _ refused: Int) throws {
        let findings = try findings(text)
        #expect(findings.use == use)
        #expect(findings.isFit, "\(findings.problems.map(\.message))")
        #expect(findings.refusedByPublish.count == refused)
    }

    @Test(arguments: [
        ("name: A B\ndeploy: binary", "name", 1, 7),
        ("name: a\ndeploy: binary\nextra: 1", "extra", 3, 1),
        ("name: a\ndeploy: binary\nextra:", "extra", 3, 1),
        ("name: a\ndeploy: rocket", "deploy", 2, 9),
        ("name: a\ndeploy: bundle\nscripts:\n  install: x\n  start: node a", "scripts.install", 4, 3),
        ("name: a\ndeploy: bundle\nscripts:\n  go: node a", "scripts.start", 3, 1),
        ("name: a\nscripts: {start: node a}\nresources:\n  memory: 12", "resources.memory", 4, 11),
        ("name: a\ndeploy: binary\nenv:\n  PORT: 80", "env.PORT", 4, 9),
        ("name: a\ndeploy: binary\ndependencies:\n  a: '*'", "dependencies.a", 4, 3),
        ("name: a\ndeploy: binary\ndependencies:\n  b: '>>1'", "dependencies.b", 4, 6),
        (
            "name: a\ndeploy: binary\nartifacts:\n  x86_64-pc-windows-msvc: ../a", "artifacts.x86_64-pc-windows-msvc",
            4, 27
        ),
        ("name: a\ndeploy: binary\ntags: [x, 1]", "tags[1]", 3, 11),
        ("name: Shop\ndeploy: image", "name", 1, 1),
    ])
    func everyProblemHasItsPlace(_ text: String, _ field: String, _ line: Int, _ column: Int) throws {
        let errors = try findings(text).problems.filter { $0.severity == .error }
        let problem = try #require(errors.first { $0.path == field }, "\(errors.map(\.message))")
        #expect(problem.place == ManifestProblem.Place(line: line, column: column))
    }

    @Test func theUseCanBeChosen() throws {
        let text = "name: a\nscripts: {install: pip install ., start: python -m a}\n"
        #expect(try findings(text, .local).isFit)
        let bundle = try findings(text, .bundle)
        #expect(!bundle.isFit && bundle.problems.map(\.path) == ["scripts.install"])
    }

    @Test func nothingIsNamedTwice() throws {
        let problems = try findings("name: Shop\nextra: 1\nscripts: {start: node a, setup: x}\n", .bundle).problems
        #expect(problems.map(\.path) == ["name", "extra", "scripts.setup"])
    }
}
