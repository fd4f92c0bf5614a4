// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension ProjectLanguage {
    /// The files of a new project, the manifest first.
    func files(_ values: TemplateValues) -> [TemplateFile] {
        let own: [TemplateFile] =
            switch self {
            case .python:
                [
                    TemplateFile(path: "main.py", text: PythonTemplate.main),
                    TemplateFile(path: "engine.py", text: PythonTemplate.engine),
                ]
            case .javascript:
                [
                    TemplateFile(path: "package.json", text: JavaScriptTemplate.package),
                    TemplateFile(path: "src/main.mjs", text: JavaScriptTemplate.main),
                    TemplateFile(path: "lib/engine.mjs", text: NodeTemplate.engine),
                ]
            case .typescript:
                [
                    TemplateFile(path: "package.json", text: TypeScriptTemplate.package),
                    TemplateFile(path: "tsconfig.json", text: TypeScriptTemplate.settings),
                    TemplateFile(path: "src/main.ts", text: TypeScriptTemplate.main),
                    TemplateFile(path: "lib/engine.mjs", text: NodeTemplate.engine),
                    TemplateFile(path: "lib/engine.d.mts", text: NodeTemplate.types),
                ]
            case .rust:
                [
                    TemplateFile(path: "Cargo.toml", text: RustTemplate.package),
                    TemplateFile(path: "src/main.rs", text: RustTemplate.main),
                    TemplateFile(path: "src/engine.rs", text: RustTemplate.engine),
                    TemplateFile(path: "src/json.rs", text: RustTemplate.json),
                ]
            case .swift:
                [
                    TemplateFile(path: "Package.swift", text: SwiftTemplate.package),
                    TemplateFile(path: "Sources/main.swift", text: SwiftTemplate.main),
                    TemplateFile(path: "Sources/Engine.swift", text: SwiftTemplate.engine),
                ]
            }
        return [TemplateFile(path: "iii.worker.yaml", text: manifest(values))] + own + [
            TemplateFile(path: "README.md", text: readme),
            TemplateFile(path: ".gitignore", text: made),
            TemplateFile(path: ".iiiignore", text: unneeded + "/tests/\n"),
        ]
    }

    private func manifest(_ values: TemplateValues) -> String {
        let start = """
            name: @NAME@
            version: 0.1.0
            description: What this worker does, in one sentence.
            license: Apache-2.0
            tags: []

            """
        switch self {
        case .python: return start + "language: python\ndeploy: bundle\nscripts:\n  start: python main.py\n"
        case .javascript:
            return start + "language: javascript\ndeploy: bundle\nscripts:\n  start: node src/main.mjs\n"
        case .typescript:
            return start
                + "language: typescript\ndeploy: bundle\nscripts:\n  start: node dist/main.js\n"
        case .rust: return start + native("rust", "target/release/@NAME@", values)
        case .swift: return start + native("swift", ".build/release/@NAME@", values)
        }
    }

    private func native(_ language: String, _ build: String, _ values: TemplateValues) -> String {
        """
        language: \(language)
        deploy: binary
        # One build for each platform that is served; `iii worker publish` packs them.
        artifacts:
          \(values.target ?? "x86_64-unknown-linux-gnu"): \(build)

        """
    }

    /// What tools make, which nobody writes down.
    private var made: String {
        switch self {
        case .python: "__pycache__/\n*.pyc\n.venv/\n*.tar.gz\n"
        case .javascript: "node_modules/\n*.tar.gz\n"
        case .typescript: "node_modules/\ndist/\n*.tar.gz\n"
        case .rust: "target/\n*.tar.gz\n"
        case .swift: ".build/\n*.tar.gz\n"
        }
    }

    /// What does not go into the archive.
    private var unneeded: String {
        switch self {
        case .typescript: "node_modules/\n/src/\n/tsconfig.json\n*.d.mts\n*.tar.gz\n"
        default: made
        }
    }

    private var readme: String {
        let build = buildCommand.map { "    \($0)\n" } ?? ""
        return """
            # @NAME@

            A worker for iii. It offers one function, `@PREFIX@::greet`.

            ## Publish it

            \(build)    iii worker check
                iii worker publish --boot

            `--boot` starts the worker, so that what it offers is published with it. `iii worker pack --list` shows what
            goes in.

            ## Use it

            In the folder of a project, with `iii` running in it:

                iii worker add @NAME@
                iii trigger @PREFIX@::greet name=World

            """
    }
}
