// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// Bundles of the published Python SDK run on a base image that the machine's settings name, in every sandbox there is.
@Suite(.timeLimit(.minutes(20)), .serialized) struct BaseImageJourney {
    private static var tiers: [String] { ["namespaces"] + (Programs.haveMachines ? ["emulated-vm"] : []) }

    /// Puts the SDK and the libraries that it needs into the root that the script runs in.
    static func script() throws -> String {
        let python = try PythonSDK.interpreter.get()
        return """
            ln -s python3 usr/bin/python
            mkdir -p usr/lib/python3/dist-packages
            packages=$('\(python)' -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
            for package in "$packages"/*; do
              case "$(basename "$package")" in pip*|setuptools*|pkg_resources|_distutils*|distutils*|__pycache__) ;;
                *) cp -a "$package" usr/lib/python3/dist-packages/ ;;
              esac
            done
            find usr/lib/python3 -name '*.so' | xargs ldd | sed -n 's,.*[[:space:]]\\(/lib[^ ]*\\) (.*,\\1,p' | sort -u |
              while read -r file; do mkdir -p "usr$(dirname "$file")"; cp -n "$(readlink -f "$file")" "usr$file"; done
            """
    }

    @Test(arguments: tiers) func theExamplesInPythonCompute(tier: String) async throws {
        try await Road.open { road in
            let image = try StoredImage("{}", in: road.home, adding: Self.script())
            try road.write(["settings.yaml": "base_images:\n  python: \(image.reference)\n"], in: road.home)
            // The kernel of machines, fetched beside the tests.
            let kernel = Programs.repository.appending(".build/machine-kernel")
            try Shell.run("ln -s \(kernel) machine-kernel", in: road.home)
            for name in ["word-splitter", "text-stats"] {
                let published = try await Programs.run(
                    "iii",
                    ["worker", "publish", Programs.repository.appending("Examples/\(name)").string],
                    in: road.folder,
                    variables: road.variables.merging(["III_API_KEY": road.key]) { $1 }
                )
                try #require(published.status == 0, "\(published.talk)")
            }
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let added = try await road.iii("worker", "add", "text-stats", "--isolation", tier, "--no-wait")
                try #require(added.status == 0, "\(added.talk)")
                let ready = try await engine.wait(for: "text-stats") { status in
                    // Waiting for it is in vain.
                    status["status"] == "ready" || status["status"] == "failed" || status["status"] == "waiting"
                }
                try #require(ready["status"] == "ready", "\(ready) \(road.engineTalk)")
                #expect(ready["isolation"] == .string(tier))
                _ = try await engine.wait(for: "word-splitter") { $0["status"] == "ready" }
                let counted = try await road.iii("trigger", "text-stats::count", "text=one two one")
                #expect(counted.status == 0, "\(counted.talk)\(road.engineTalk)")
                #expect(try JSONValue(parsing: counted.output)["words"] == 3, "\(counted.output)")
            }
        }
    }
}
