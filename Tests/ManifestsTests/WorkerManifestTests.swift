// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Testing
import WorkerModel

@testable import Manifests

/// What a manifest says is read as it stands, and everything that does not fit is named with its place.
struct WorkerManifestTests {
    private let full = """
        iii: v1
        name: image-tool
        version: 1.4.0-rc.1
        description: >-
          Resizes
          images
        license: MIT
        repository: https://example.test/image-tool
        readme: docs/README.md
        tags: [images, resize]
        language: python
        deploy: binary
        manifest: Cargo.toml
        bin: image-tool-bin
        targets: [x86_64-unknown-linux-gnu]
        artifacts:
          x86_64-unknown-linux-gnu: dist/image-tool
        runtime:
          kind: bun
          language: typescript
          package_manager: npm
          entry: src/main.ts
          base_image: docker.io/x/y:1
        scripts:
          setup: apt install x
          install: npm ci
          start: bun run src/main.ts
        resources: {cpus: 3, memory: 0x400}
        env:
          LOG: debug
          EMPTY: ''
        dependencies:
          zeta: ^1.2
          alpha: latest
          beta: ''
          gamma: 1.0.0
        config:
          port: 0x10
          ratio: .5
          nested: {deep: [1, "2", null, true]}
        """

    private func manifest(_ text: String) throws -> WorkerManifest { try WorkerManifest(parsing: Array(text.utf8)) }

    @Test func readsEveryField() throws {
        let manifest = try manifest(full)
        #expect(manifest.problems.isEmpty)
        #expect(manifest.name?.description == "image-tool")
        #expect(manifest.version?.description == "1.4.0-rc.1")
        #expect(manifest.description == "Resizes images")
        #expect(manifest.license == "MIT" && manifest.repository == "https://example.test/image-tool")
        #expect(manifest.readme == "docs/README.md" && manifest.tags == ["images", "resize"])
        #expect(manifest.iii == "v1" && manifest.deploy == .binary && manifest.versionFile == "Cargo.toml")
        #expect(manifest.bin == "image-tool-bin" && manifest.targets.map(\.description) == ["x86_64-unknown-linux-gnu"])
        #expect(manifest.artifacts.map(\.path) == ["dist/image-tool"])
        #expect(manifest.scripts == .init(start: "bun run src/main.ts", setup: "apt install x", install: "npm ci"))
        #expect(manifest.runtime.packageManager == "npm" && manifest.runtime.baseImage == "docker.io/x/y:1")
        #expect(manifest.declaredKind == "bun")
        #expect(manifest.resources == .init(cpus: 3, memoryMiB: 1024))
        #expect(manifest.environment == [.init(name: "LOG", value: "debug"), .init(name: "EMPTY", value: "")])
    }

    @Test func dependenciesKeepOrderAndText() throws {
        let dependencies = try manifest(full).dependencies
        #expect(dependencies.map(\.name.description) == ["zeta", "alpha", "beta", "gamma"])
        #expect(dependencies.map(\.text) == ["^1.2", "latest", "", "1.0.0"])
        #expect(dependencies[1].selector == .channel(.latest) && dependencies[2].selector == .range(.any))
    }

    @Test func configBecomesJSON() throws {
        let config = try #require(try manifest(full).config)
        #expect(
            JSONValue.object(config).text()
                == #"{"port":16,"ratio":0.5,"nested":{"deep":[1,"2",null,true]}}"#
        )
    }

    @Test func nullStandsForAbsence() throws {
        let manifest = try manifest(
            "name: a\nversion:\nscripts: ~\nenv:\ndependencies:\ntags:\nconfig:\nresources: {cpus: }\n"
        )
        #expect(manifest.problems.isEmpty)
        #expect(manifest.version == nil && manifest.dependencies.isEmpty && manifest.config == nil)
    }

    @Test(arguments: [
        ("name: [a]", "name", "must be text, not a list"),
        ("name: ../x", "name", "is no worker name: the worker name `../x` contains `..`"),
        ("version: 1.2", "version", "is `1.2`, and a version has three numbers: write 1.2.0"),
        ("version: '1.2'", "version", "is `1.2`, and a version has three numbers: write 1.2.0"),
        (
            "version: 1.x", "version",
            "cannot be read: `1.x` is not a version: expected a number, found `x` at position 3"
        ),
        ("scripts: [a]", "scripts", "must be a map, not a list"),
        ("scripts: {start: [a, b]}", "scripts.start", "must be text, not a list: join several commands with `&&`"),
        ("scripts: {start: true}", "scripts.start", "must be text, not true or false: write \"true\""),
        ("scripts: {start: \"a\\0b\"}", "scripts.start", "holds a NUL character"),
        ("env: {PORT: 8080}", "env.PORT", "must be text, not a whole number: write \"8080\""),
        ("env: {PORT: }", "env.PORT", "must be text, not nothing: write \"\""),
        ("env: {8080: x}", "env", "has a key that is not text: put it in quotes"),
        ("env: x", "env", "must be a map, not text"),
        ("dependencies: {a: 0.19}", "dependencies.a", "must be text, not a number: write \"0.19\""),
        (
            "dependencies: {'a b': '1'}", "dependencies.a b",
            "is no worker name: the worker name `a b` has a character at position 2 that is not a letter, digit, `-`, `_` or `.`"
        ),
        ("dependencies: [a]", "dependencies", "must be a map, not a list"),
        ("resources: {cpus: 0}", "resources.cpus", "must be at least 1"),
        ("resources: {cpus: 1.5}", "resources.cpus", "must be a whole number, not a number"),
        ("resources: {memory: '512'}", "resources.memory", "must be a whole number, not text: leave the quotes out"),
        ("resources: {memory: 63}", "resources.memory", "must be at least 64"),
        ("resources: {memory: -99999999999999999999}", "resources.memory", "must be at least 64"),
        ("tags: a", "tags", "must be a list, not text"),
        ("tags: [a, 2]", "tags[1]", "must be text, not a whole number: write \"2\""),
        ("deploy: engine", "deploy", "is `engine`, but must be `bundle`, `binary` or `image`"),
        ("artifacts: {linux: x}", "artifacts.linux", "cannot be read: `linux` is not a target"),
        (
            "artifacts: {x86_64-apple-darwin: ../x}", "artifacts.x86_64-apple-darwin",
            "is `../x`, but must be a path inside the worker's folder"
        ),
        ("manifest: /etc/passwd", "manifest", "is `/etc/passwd`, but must be a path inside the worker's folder"),
        ("config: 1", "config", "must be a map, not a whole number"),
        ("config: {a: [.inf]}", "config", "is `.inf`, which has no form in JSON"),
        ("1: x", "1", "has a key that is not text: put it in quotes"),
    ])
    func namesTheFieldThatDoesNotFit(_ text: String, _ path: String, _ sentence: String) throws {
        let problems = try manifest(text + "\n").problems
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.severity == .error)
        #expect(problem.path == path)
        #expect(problem.sentence == sentence)
    }

    @Test func variablesThatCannotBeSetAreWarnings() throws {
        let manifest = try manifest("env:\n  III_URL: ws://x\n  bad-name: x\n  1X: y\n  ok_1: z\n")
        #expect(manifest.environment.map(\.name) == ["ok_1"])
        #expect(manifest.problems.map(\.severity) == [.warning, .warning, .warning])
        #expect(manifest.problems.map(\.path) == ["env.III_URL", "env.bad-name", "env.1X"])
        #expect(manifest.problems[0].message == "line 2: `env.III_URL` is set by `iii` itself and is ignored")
    }

    @Test func unknownKeysAreFoundAtEveryLevel() throws {
        let manifest = try manifest("zz: 1\nscripts:\n  start: x\n  stop: y\nruntime: {image: a}\nresources: {gpu: }\n")
        #expect(manifest.problems.map(\.path) == ["zz", "scripts.stop", "runtime.image", "resources.gpu"])
        #expect(manifest.problems.map(\.place?.line) == [1, 4, 5, 6])
    }

    @Test func problemsComeInTheOrderOfTheText() throws {
        let manifest = try manifest("tags: 1\nname: [a]\nenv: 1\n")
        #expect(manifest.problems.map(\.place?.line) == [1, 2, 3])
    }

    @Test func echoedKeysCannotReachTheTerminal() throws {
        let problem = try #require(try manifest("\"a\\e[31m\\u202Eb\\u200B\": 1\n").problems.first)
        #expect(problem.path == "a[31mb")
    }

    @Test(arguments: [
        ("", "must be a map, and is empty"), ("# c\n", "must be a map, and is empty"),
        ("- a\n", "must be a map, and is a list"),
        ("text\n", "must be a map, and is text"),
        ("a: 1\na: 2\n", "line 2, column 1: the key `a` was given before, on line 1"),
        ("a: &x 1\n", "line 1, column 4: the anchor `&x` is not allowed"),
        ("a: *x\n", "line 1, column 4: the alias `*x`"),
        ("a: !!str 1\n", "line 1, column 4: the tag"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins"),
    ])
    func refusesWhatIsNoManifestAtAll(_ text: String, _ words: String) {
        let error = #expect(throws: ManifestError.self) { try manifest(text) }
        #expect(error?.code == .configParse)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func readsUpToTheLimit() throws {
        let limit = Int(WorkerManifest.maximumSize.bytes)
        let head = "name: a\n#"
        let text = head + String(repeating: "x", count: limit - head.utf8.count)
        #expect(try manifest(text).name?.description == "a")
        #expect(throws: ManifestError.self) { try manifest(text + "x") }
    }
}
