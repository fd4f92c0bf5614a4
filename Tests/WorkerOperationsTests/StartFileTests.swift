// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Manifests
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

/// A start command whose file is not packed is refused; one that is packed, or that we cannot read, is not.
@Suite struct StartFileTests {
    @Test(
        arguments: [
            ("node dist/main.js", "dist/main.js"), ("python3 ./worker.py --fast", "worker.py"),
            ("node absent", "absent"),
            ("sh run.sh", "run.sh"), ("python main.py", nil), ("node ./src", nil), ("node src/index", nil),
            ("python -m anything", nil), ("node --flag dist/main.js", nil), ("cd dist && node main.js", nil),
            ("node $FILE", nil), ("python pack", nil), ("./worker", nil), ("node /opt/x.js", nil),
        ] as [(String, String?)]
    )
    func refusesWhatIsMissing(_ start: String, _ missing: String?) throws {
        try withTemporaryDirectory { folder in
            let manifest = "name: a\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: '\(start)'\n"
            for (path, text) in [
                ("iii.worker.yaml", manifest), ("main.py", ""), ("src/index.js", ""), ("pack/__main__.py", ""),
            ] {
                let file = folder.pushing(FilePath(path))
                try HostFiles.makeDirectory(file.removingLastComponent())
                try HostFiles.write(Array(text.utf8), to: file)
            }
            let refused = Result {
                try StartFile.expectPacked(
                    by: try WorkerManifest(parsing: Array(manifest.utf8)),
                    in: folder,
                    packing: try PackingList(of: folder)
                )
            }
            switch (refused, missing) {
            case (.success, nil): break
            case (.failure(let error as PackingError), let missing?):
                #expect(error.message == "`scripts.start` runs `\(missing)`, which is not there")
            default: Issue.record("\(refused) for \(missing ?? "nothing")")
            }
        }
    }

    /// Whoever follows the advice has the file packed.
    @Test(arguments: [
        ([".gitignore": "/dist/\n"], nil as String?), ([".iiiignore": "dist\nnoise"], nil),
        ([:], "*.js\n"), ([".iiiignore": "noise"], "dist/\n"), (["dist/.gitignore": "*\n"], nil),
        ([".gitignore": "noise\n"], "/worker/dist\n"),
    ])
    func theAdviceForAnIgnoredFileWorks(_ files: [String: String], _ above: String?) throws {
        try withTemporaryDirectory { top in
            let folder = top.appending("worker")
            let text = "name: a\nversion: 1.0.0\nscripts:\n  start: node dist/main.js\n"
            let all = files.merging(["iii.worker.yaml": text, "dist/main.js": "", "noise": ""]) { $1 }
            for (path, text) in all {
                let file = folder.pushing(FilePath(path))
                try HostFiles.makeDirectory(file.removingLastComponent())
                try HostFiles.write(Array(text.utf8), to: file)
            }
            if let above {
                try HostFiles.makeDirectory(top.appending(".git"))
                try HostFiles.write(Array(above.utf8), to: top.appending(".gitignore"))
            }
            let manifest = try WorkerManifest(parsing: Array(text.utf8))
            func check() throws {
                try StartFile.expectPacked(by: manifest, in: folder, packing: try PackingList(of: folder))
            }
            let error = #expect(throws: PackingError.self) { try check() }
            let hint = try #require(error?.hints.first)
            #expect(error?.message.contains("in line 1 of `") == true, "\(error?.message ?? "")")
            // What the hint says, carried out.
            var words = hint.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
            if hint.hasPrefix("put an") {
                let beside = FilePath(words[3]).removingLastComponent()
                try HostFiles.write([], to: beside.appending(".iiiignore"))
            } else {
                let file = folder.appending(".iiiignore")
                words.removeAll { !$0.hasPrefix("!/") }
                let before = try HostFiles.read(file, upTo: .kibibytes(1)) ?? []
                try HostFiles.write(before + Array("\n\(words[0])\n".utf8), to: file)
            }
            #expect(throws: Never.self, "\(hint)") { try check() }
        }
    }
}
