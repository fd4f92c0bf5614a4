// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// A named pipe in the place of a file: whoever opened it would wait for ever, and hear no first Ctrl-C.
@Suite struct PipeJourney {
    @Test func nobodyWaitsForAPipe() async throws {
        try await Road.open { road in
            let folder = road.folder.appending("source/a")
            let manifest = "name: a\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python -m main\n"
            for (path, verb) in [
                (road.project.appending("iii.lock"), ["worker", "list"]),
                (road.project.appending("iii.lock"), ["worker", "verify"]),
                (road.home.appending("settings.yaml"), ["worker", "list"]),
                (road.home.appending("credentials"), ["worker", "search", "x"]),
                (folder.appending("iii.worker.yaml"), ["worker", "check", folder.string]),
                (folder.appending("iii.worker.yaml"), ["worker", "pack", folder.string]),
                (folder.appending(".iiiignore"), ["worker", "pack", folder.string]),
                (folder.appending("iii.worker.yaml"), ["worker", "add", folder.string]),
            ] {
                try road.write(["iii.worker.yaml": manifest, "main.py": ""], in: folder)
                try road.write(["config.yaml": "workers: []\n"], in: road.project)
                try? FileManager.default.createDirectory(atPath: road.home.string, withIntermediateDirectories: true)
                try? FileManager.default.removeItem(atPath: path.string)
                try #require(path.withPlatformString { mkfifo($0, 0o600) } == 0)
                let result = try await road.run(verb)
                if ["iii.lock", "iii.worker.yaml"].contains(path.lastComponent?.string) {
                    #expect(result.status != 0 && result.talk.contains("not a file"), "\(verb): \(result.talk)")
                }
                #expect(!result.talk.contains("W900"), "\(verb): \(result.talk)")
                try FileManager.default.removeItem(atPath: path.string)
            }
        }
    }
}
