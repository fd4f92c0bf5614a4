// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

struct TargetTripleTests {
    @Test(arguments: [
        "x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "armv7-unknown-linux-gnueabihf", "i686-pc-windows-msvc",
        "riscv64gc-unknown-linux-gnu", "a-b",
    ])
    func readsTargetsThatNobodyListed(_ text: String) throws {
        #expect(try TargetTriple(parsing: text).description == text)
    }

    @Test(arguments: [
        "", "linux", "-linux", "../x-y", ".a-b", "a/b-c", "a b-c", "é-b", String(repeating: "a-", count: 33),
    ])
    func refusesWhatCannotBeATarget(_ text: String) {
        #expect(throws: TargetTripleError.self) { try TargetTriple(parsing: text) }
    }

    @Test(arguments: [
        ("x86_64-unknown-linux-gnu", ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"]),
        ("armv7-unknown-linux-gnueabihf", ["armv7-unknown-linux-gnueabihf", "armv7-unknown-linux-musleabihf"]),
        ("x86_64-unknown-linux-musl", ["x86_64-unknown-linux-musl"]),
        ("aarch64-apple-darwin", ["aarch64-apple-darwin"]),
    ])
    func gnuHostsAlsoRunMuslBuilds(_ host: String, runnable: [String]) throws {
        #expect(try TargetTriple(parsing: host).runnable.map(\.description) == runnable)
    }

    @Test func windowsBuildsAreZippedExecutables() throws {
        let name = try WorkerName(parsing: "echo")
        let windows = try TargetTriple(parsing: "x86_64-pc-windows-msvc")
        let linux = try TargetTriple(parsing: "x86_64-unknown-linux-gnu")
        #expect(windows.usesZip && windows.executableName(of: name) == "echo.exe")
        #expect(!linux.usesZip && linux.executableName(of: name) == "echo")
    }

    /// Every host that the registry's published workers are built for.
    static let hosts: [(TargetTriple.Processor, TargetTriple.OperatingSystem, String?)] = [
        (.x86_64, .linux(.gnu), "x86_64-unknown-linux-gnu"),
        (.x86_64, .linux(.musl), "x86_64-unknown-linux-musl"), (.arm64, .linux(.gnu), "aarch64-unknown-linux-gnu"),
        (.armv7, .linux(.gnu), "armv7-unknown-linux-gnueabihf"),
        (.armv7, .linux(.musl), "armv7-unknown-linux-musleabihf"),
        (.arm64, .macOS, "aarch64-apple-darwin"), (.x86_64, .macOS, "x86_64-apple-darwin"),
        (.x86_64, .windows, "x86_64-pc-windows-msvc"), (.x86, .windows, "i686-pc-windows-msvc"),
        (.arm64, .windows, "aarch64-pc-windows-msvc"), (.armv7, .windows, nil), (.x86, .macOS, nil),
    ]

    @Test(arguments: hosts)
    func hostsHaveTargets(
        _ processor: TargetTriple.Processor,
        _ system: TargetTriple.OperatingSystem,
        target: String?
    ) {
        #expect(TargetTriple(processor, system)?.description == target)
    }
}
