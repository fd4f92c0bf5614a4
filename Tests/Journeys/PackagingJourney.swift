// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What `packaging/` holds fits the program: its flags, its settings, the libraries that it needs.
@Suite struct PackagingJourney {
    private static let packaging = Programs.repository.appending("packaging")

    private static func has(_ tool: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\(tool)")
            || ProcessInfo.processInfo.environment["CI"] != nil
    }

    @Test(.enabled(if: has("systemd-analyze"), "needs systemd-analyze"))
    func theUnitIsOneThatSystemdAccepts() throws {
        try withTemporaryDirectory { folder in
            let program = Programs.folder.appending("iii-registry").string
            let unit = try String(
                contentsOfFile: Self.packaging.appending("iii-registry.service").string,
                encoding: .utf8
            )
            let here = unit.replacingOccurrences(of: "/usr/local/bin/iii-registry", with: program)
            #expect(here != unit)
            try Data(here.utf8).write(to: URL(fileURLWithPath: folder.appending("iii-registry.service").string))
            // Says nothing about a unit that is in order.
            try Shell.run("systemd-analyze verify --man=no ./iii-registry.service", in: folder)
        }
    }

    @Test func theSettingsAreThoseOfTheProgram() async throws {
        try await withTemporaryDirectory { folder in
            let settings = Self.packaging.appending("iii-registry.yaml").string
            // A folder that cannot be made comes after the settings: without it the server would run.
            let result = try await Programs.run(
                "iii-registry",
                ["serve", "--config", settings, "--data", "/dev/null/registry"],
                in: folder,
                variables: [:]
            )
            #expect(result.status == 1 && result.talk.contains("/dev/null"), "\(result.talk)")
        }
    }

    /// Every shared library of the program, Swift's own apart, comes with a package that the image installs or builds on.
    @Test(.enabled(if: has("dpkg") && has("ldd"), "needs dpkg and ldd"))
    func theImageHasTheLibrariesOfTheProgram() throws {
        let program = Programs.folder.appending("iii-registry").string
        let needed = try Shell.run(
            """
            for library in $(ldd '\(program)' | awk '$3 ~ "^/(usr/)?lib/" { print $3 }'); do
              dpkg -S "*/$(basename "$(readlink -f "$library")")" | cut -d : -f 1
            done | sort -u
            """,
            in: Self.packaging
        ).split(separator: "\n").map(String.init)
        let file = try String(contentsOfFile: Self.packaging.appending("Containerfile").string, encoding: .utf8)
        let image = try #require(file.components(separatedBy: "\nFROM ").last)
        let installed = Set(image.split { $0 == " " || $0 == "\n" }.map(String.init))
        // What every image of Debian has.
        let base: Set<String> = ["libc6", "libgcc-s1", "libstdc++6"]
        #expect(needed.count > 3)
        for package in needed where !base.contains(package) {
            #expect(installed.contains(package), "the image lacks \(package)")
        }
    }
}
