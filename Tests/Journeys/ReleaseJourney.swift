// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What an earlier release left on a disk is opened, read and changed by this one.
///
/// `Fixtures/release-VERSION.tar.gz` holds the data folder of a registry, `III_HOME` and a project of that release, as they
/// were served at `http://127.0.0.1:18099`; `release-VERSION.answers.txt` is what a reader of that registry is told.
@Suite struct ReleaseJourney {
    static let releases = ["0.1.0"]
    private static let served = "http://127.0.0.1:18099"

    /// Unpacks what a release left, puts the address of today's server into it, and serves it.
    private func with(_ release: String, _ body: @escaping @Sendable (Road) async throws -> Void) async throws {
        try await JourneyPlaces.shared.hold {
            try await withTemporaryDirectory { folder in
                let fixture = Golden.fixture("release-\(release).tar.gz").path
                try Shell.run("tar -xzf '\(fixture)' --strip-components 1", in: folder)
                try await Road.serving(folder) { road in
                    try Shell.run(
                        "sed -i 's#\(Self.served)#\(road.url)#' project/iii.lock home/credentials && rm -r home/known-projects",
                        in: folder
                    )
                    try await body(road)
                }
            }
        }
    }

    @Test(arguments: releases) func itsRegistryAnswersAsItDid(_ release: String) async throws {
        try await with(release) { road in
            var answers = ""
            for name in ["bad", "far", "leaf", "old", "part", "pic", "root", "stem", "tool"] {
                for path in ["/download/\(name)", "/w/\(name)", "/w/\(name)/versions", "/w/\(name)/owners"] {
                    let answer = try Shell.run(
                        "curl -sS -w '%{http_code}' -o body '\(road.url)\(path)' && echo && (python3 -m json.tool body 2>&1 || true)",
                        in: road.folder
                    )
                    answers += "GET \(path) \(answer)\n".replacing(road.url, with: Self.served)
                }
            }
            Golden.expect(answers, matches: "release-\(release).answers.txt")
            let check = try await Programs.run(
                "iii-registry",
                ["check", "--data", "registry"],
                in: road.folder,
                variables: [:]
            )
            #expect(check.status == 0, "\(check.talk)")
        }
    }

    @Test(arguments: releases) func itsProjectIsAsItWas(_ release: String) async throws {
        try await with(release) { road in
            let lock = road.read("iii.lock")
            let config = road.read("config.yaml")
            try await road.does("worker", "verify")
            try await road.does("worker", "verify", "--strict")
            try await road.does("worker", "sync", "--frozen")
            try await road.does("worker", "update")
            #expect(road.read("iii.lock") == lock && road.read("config.yaml") == config)
            // On a machine that has nothing yet.
            let elsewhere = ["III_HOME": road.folder.appending("other-home").string]
            try await road.does("worker", "sync", variables: elsewhere)
            try await road.does("worker", "verify", "--strict", variables: elsewhere)
        }
    }

    @Test(arguments: releases) func itsAccountGoesOnPublishing(_ release: String) async throws {
        try await with(release) { road in
            let source = road.folder.appending("leaf")
            let manifest = "name: leaf\nversion: 1.2.0\nlanguage: python\nscripts:\n  start: python -m main\n"
            try road.write(["iii.worker.yaml": manifest, "main.py": "print('leaf')\n"], in: source)
            // The key is the one in the credentials of that release.
            try await road.does("worker", "publish", source.string, in: road.folder)
            try await road.does("worker", "add", "leaf@latest")
            #expect(road.read("iii.lock")?.contains("version: 1.2.0") == true)
            try await road.does("worker", "verify", "--strict")
        }
    }
}
