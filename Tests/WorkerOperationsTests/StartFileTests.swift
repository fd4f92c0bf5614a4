// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Manifests
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

/// A start command whose file is not packed is told; one that is packed, or that we cannot read, is not.
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
    func warnsOfWhatIsMissing(_ start: String, _ missing: String?) throws {
        try withTemporaryDirectory { folder in
            let manifest = "name: a\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: '\(start)'\n"
            for (path, text) in [
                ("iii.worker.yaml", manifest), ("main.py", ""), ("src/index.js", ""), ("pack/__main__.py", ""),
            ] {
                let file = folder.pushing(FilePath(path))
                try HostFiles.makeDirectory(file.removingLastComponent())
                try HostFiles.write(Array(text.utf8), to: file)
            }
            let warning = StartFile.warning(
                for: try WorkerManifest(parsing: Array(manifest.utf8)),
                packing: try PackingList(of: folder)
            )
            #expect(warning?.contains("`\(missing ?? "")`") == (missing == nil ? nil : true), "\(warning ?? "nothing")")
        }
    }
}
