// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// What a version says that its worker offers is what the worker registers when it runs.
@Suite(.timeLimit(.minutes(20))) struct InterfaceJourney {
    @Test func ofANativeWorkerInSwift() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals", arguments: ["--boot"])
            try await expectWhatRuns(road, "roman-numerals", functions: ["roman-numerals::write"], triggers: [])
            // What the engine of a project tells is what the private one told: the version is there with the same content.
            let again = try await road.publishExample("roman-numerals", arguments: ["--boot"])
            #expect(again.output.contains("with these very bytes"), "\(again.output)")
        }
    }

    /// With schemas from types, metadata, a function that is registered late, and a trigger type.
    @Test func ofABundleWithThePublishedPythonSDK() async throws {
        try await Road.open { road in
            let source = road.folder.appending("shelf")
            try road.write(["iii.worker.yaml": Self.manifest, "main.py": Self.worker], in: source)
            try Self.addPythonSDK(to: source)
            let published = try await road.author("publish", source.string, "--boot")
            #expect(published.status == 0, "\(published.talk)")
            #expect(published.talk.contains("  3 functions, 1 trigger type\n"), "\(published.talk)")
            try await expectWhatRuns(
                road,
                "shelf",
                functions: ["shelf::add", "shelf::count", "shelf::late"],
                triggers: ["shelf::changed"]
            )
            let text = try road.get("/w/shelf").text()
            for part in ["\"title\"", "\"pages\"", "\"unit\":\"book\"", "Puts a book on the shelf."] {
                #expect(text.contains(part), "\(part) in \(text)")
            }
            try await RunningProject.open(road) { engine in
                try await waitUntilOffered(by: "shelf", ["shelf::late"], engine)
                let same = try await road.author(
                    ["publish", source.string, "--from-engine"],
                    in: road.project
                )
                #expect(same.output.contains("with these very bytes"), "\(same.output)\(same.talk)")
            }
        }
    }

    /// The image is fetched, kept, and started as it will be wherever somebody adds it.
    @Test func ofAnImage() async throws {
        try await ImageJourney.pushed { road, reference in
            let source = road.folder.appending("speaker")
            try road.write(["iii.worker.yaml": "name: speaker\nversion: 1.0.0\ndeploy: image\n"], in: source)
            let arguments = ["publish", source.string, "--image", reference, "--boot"]
            let planned = try await road.author(arguments + ["--dry-run"])
            #expect(planned.status == 0 && planned.talk.contains("  1 function, 0 trigger types\n"), "\(planned.talk)")
            let published = try await road.author(arguments)
            #expect(published.status == 0, "\(published.talk)")
            #expect(published.talk.contains("  for linux/amd64\n"), "\(published.talk)")
            #expect(try road.get("/w/speaker")["worker"]?["platforms"] == ["linux/amd64"])
            try await expectWhatRuns(road, "speaker", functions: ["speaker::say"], triggers: [])
        }
    }

    private static let manifest = """
        name: shelf
        version: 1.0.0
        language: python
        deploy: bundle
        scripts:
          start: python3 -B main.py
        config:
          size: 3

        """

    private static let worker = """
        import os
        import sys
        import threading
        import warnings

        sys.path[:0] = ["sdk.zip"]
        warnings.simplefilter("ignore")
        from iii import InitOptions, register_worker
        from iii.triggers import TriggerHandler
        from pydantic import BaseModel


        class Book(BaseModel):
            title: str
            pages: int = 0


        class Count(BaseModel):
            books: int


        books = []
        worker = register_worker(os.environ["III_URL"], InitOptions(worker_name="shelf"))


        def add(data: Book) -> Count:
            books.append(data)
            return Count(books=len(books))


        class Changes(TriggerHandler):
            async def register_trigger(self, trigger):
                pass

            async def unregister_trigger(self, trigger):
                pass


        worker.register_function("shelf::add", add, description="Puts a book on the shelf.", metadata={"unit": "book"})
        worker.register_function("shelf::count", lambda data: {"books": len(books)})
        worker.register_trigger_type({"id": "shelf::changed", "description": "A book came or went."}, Changes())
        threading.Timer(0.2, lambda: worker.register_function("shelf::late", lambda data: data)).start()
        threading.Event().wait()

        """

    /// Puts the SDK beside a worker: pure Python in one archive, the one library that is needed outside it.
    private static func addPythonSDK(to folder: FilePath) throws {
        let script = Programs.repository.appending("scripts/python-sdk").string
        let python = try Shell.run("'\(script)' 2>/dev/null", in: folder)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try Shell.run(
            """
            '\(python)' - <<'END'
            import os, shutil, sysconfig, zipfile
            source = sysconfig.get_path("purelib")
            unneeded = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "__pycache__")
            with zipfile.ZipFile("sdk.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for folder, folders, files in os.walk(source):
                    folders[:] = [name for name in folders if not name.startswith(unneeded)]
                    inside = os.path.relpath(folder, source)
                    if inside.startswith("pydantic_core"):
                        shutil.copytree(folder, inside, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
                        continue
                    # Packages without a file of their own are found by their folder.
                    if inside != ".":
                        archive.write(folder, inside)
                    for name in files:
                        if not name.endswith((".so", ".pth")):
                            archive.write(os.path.join(folder, name), os.path.join(inside, name))
            END
            """,
            in: folder
        )
    }

    /// Adds the worker to a project whose engine runs, and compares.
    private func expectWhatRuns(
        _ road: Road,
        _ name: String,
        functions: [String],
        triggers: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try road.write(["config.yaml": "workers: []\n"], in: road.project)
        try await RunningProject.open(road) { engine in
            try await road.does("worker", "add", name)
            try await waitUntilOffered(by: name, functions, engine)
            let published = try road.get("/w/\(name)")["worker"]
            #expect(names(published?["functions"]) == functions, sourceLocation: sourceLocation)
            #expect(names(published?["triggers"]) == triggers, sourceLocation: sourceLocation)
            for id in functions {
                let told = try await tell("engine::functions::info", ["function_id": .string(id)], road)
                #expect(
                    entry(id, in: published?["functions"]) == [
                        "name": .string(id), "description": told["description"]?.orEmptyText ?? "",
                        "request_schema": told["request_schema"]?.orEmptyObject ?? .emptyObject,
                        "response_schema": told["response_schema"]?.orEmptyObject ?? .emptyObject,
                        "metadata": told["metadata"]?.orEmptyObject ?? .emptyObject,
                    ],
                    sourceLocation: sourceLocation
                )
            }
            for id in triggers {
                let told = try await tell("engine::triggers::info", ["id": .string(id)], road)
                let entry = entry(id, in: published?["triggers"])
                #expect(entry?["description"] == told["description"], sourceLocation: sourceLocation)
            }
        }
    }

    /// A worker is ready with its first function, and may have more to come.
    private func waitUntilOffered(by name: String, _ functions: [String], _ engine: RunningProject) async throws {
        for id in functions {
            let payload = JSONValue.object(["function_id": .string(id)]).text()
            while try await engine.road.iii("trigger", "engine::functions::info", "--json", payload).status != 0 {
                let status = try await engine.status(name)
                try #require(status["status"] != "failed", "\(status) \(engine.road.engineTalk)")
            }
        }
    }

    private func tell(_ function: String, _ payload: JSONValue, _ road: Road) async throws -> JSONValue {
        try JSONValue(parsing: try await road.does("trigger", function, "--json", payload.text()).output)
    }

    private func names(_ rows: JSONValue?) -> [String] {
        guard case .array(let rows)? = rows else { return [] }
        return rows.compactMap { row in if case .string(let name)? = row["name"] { name } else { nil } }
    }

    private func entry(_ name: String, in rows: JSONValue?) -> JSONValue? {
        guard case .array(let rows)? = rows else { return nil }
        return rows.first { $0["name"] == .string(name) }
    }
}

/// A worker that does not tell what it offers is not published, and its author is told what it did instead.
@Suite struct RefusedInterfaceJourney {
    @Test(arguments: [
        (
            "echo on my way; echo no luck >&2; exit 3", [], "W167",
            ["ended with status 3", "no luck", "--allow HOST:PORT"]
        ),
        ("exec sleep 1000", ["--boot-timeout", "2"], "W161", ["did not connect", "--boot-timeout"]),
        (
            #"python3 -c "import urllib.request as r; r.urlopen(\"http://example.com\")""#, [], "W167",
            ["Name or service not known", "reaches the engine alone"]
        ),
    ])
    func saysWhy(_ start: String, _ arguments: [String], _ code: String, _ words: [String]) async throws {
        try await Road.open { road in
            let source = road.folder.appending("worker")
            let manifest = "name: silent\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: '\(start)'\n"
            try road.write(["iii.worker.yaml": manifest, "main.py": ""], in: source)
            let refused = try await road.author(["publish", source.string, "--boot"] + arguments)
            #expect(refused.status == 1 && refused.talk.contains("error: [\(code)]"), "\(refused.talk)")
            for word in words { #expect(refused.talk.contains(word), "\(word) in \(refused.talk)") }
            #expect(try await road.iii("worker", "info", "silent").status == 1)
            #expect(road.tree(road.home.appending("cache/packing")).isEmpty)
        }
    }

    @Test func aWorkerThatConnectsAndOffersNothingIsTold() async throws {
        try await Road.open { road in
            let begun = try await road.author("init", "shy", "-l", "python")
            #expect(begun.status == 0, "\(begun.talk)")
            let main = "from engine import Worker\nWorker('shy').run()\n"
            try road.write(["main.py": main], in: road.folder.appending("shy"))
            let refused = try await road.author("publish", "shy", "--boot", "--boot-timeout", "20")
            #expect(refused.status == 1 && refused.talk.contains("[W161]"), "\(refused.talk)")
            #expect(refused.talk.contains("neither functions nor trigger types"), "\(refused.talk)")
        }
    }

    @Test func aNativeWorkerWithoutABuildForThisHostIsNamed() async throws {
        try await Road.open { road in
            let source = road.folder.appending("far")
            try road.write(["iii.worker.yaml": "name: far\nversion: 1.0.0\ndeploy: binary\n"], in: source)
            try road.write("build", TestProgram.for("riscv64gc-unknown-linux-gnu"), in: source)
            let build = "riscv64gc-unknown-linux-gnu=\(source.appending("build"))"
            let refused = try await road.author("publish", source.string, "--artifact", build, "--boot")
            #expect(refused.status == 1 && refused.talk.contains("[W117]"), "\(refused.talk)")
            #expect(refused.talk.contains("only on `riscv64gc-unknown-linux-gnu`"), "\(refused.talk)")
        }
    }
}

extension JSONValue {
    fileprivate var orEmptyObject: JSONValue { self == .null ? .emptyObject : self }
    fileprivate var orEmptyText: JSONValue { self == .null ? "" : self }
}
