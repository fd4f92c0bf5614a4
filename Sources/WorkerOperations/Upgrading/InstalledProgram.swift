// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import SystemPackage
import WorkerModel

/// `iii` where it is installed, with what lies beside it.
package struct InstalledProgram: Sendable {
    /// Whether a program that is asked for its version tells it.
    package static func tellsVersion(_ program: FilePath, _ environment: HostEnvironment) async -> Bool {
        guard let null = try? HostDescriptors.null() else { return false }
        defer { try? null.close() }
        let variables = environment.variables
        let process = try? await HeldProcess.start(
            program,
            ["--version"],
            environment: variables,
            descriptors: [null, null, null]
        )
        return await process?.end() == .exited(0)
    }

    /// The files that make it up.
    static let names: Set<String> = ["iii", "iii-guest"]
    /// Lists of the files that packages of Debian and its kin have installed.
    private static let packages: FilePath = "/var/lib/dpkg/info"

    private let executable: FilePath
    private let lists: FilePath
    private let starts: @Sendable (FilePath) async -> Bool

    /// - Parameters:
    ///   - executable: The program that runs.
    ///   - lists: Where lists of packaged files are.
    ///   - starts: Whether a program starts on this machine.
    package init(
        _ executable: FilePath,
        lists: FilePath? = nil,
        starts: @escaping @Sendable (FilePath) async -> Bool
    ) {
        self.executable = executable
        self.lists = lists ?? Self.packages
        self.starts = starts
    }

    /// Where a file lies: the guest in `../libexec/iii/` where it is there or nowhere, else beside the program.
    func place(of name: String) throws -> FilePath {
        if name == "iii" { return executable }
        let beside = executable.removingLastComponent().appending(name)
        if try HostFiles.kind(of: beside) != nil { return beside }
        let folder = executable.removingLastComponent().removingLastComponent().appending("libexec/iii")
        try HostFiles.makeDirectory(folder)
        return folder.appending(name)
    }

    /// - Throws: `UpgradeError.packaged` for a program that a package manager has put here.
    func checkIsOurs() throws {
        let list = lists.appending("iii.list")
        guard let bytes = try? HostFiles.read(list, upTo: .mebibytes(1)) else { return }
        let listed = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        // `/bin` is a link to `/usr/bin` where dpkg may know either.
        let path = executable.string
        if listed.contains(where: { $0 == path || "/usr" + $0 == path }) { throw UpgradeError.packaged(path) }
    }

    /// - Throws: `UpgradeError.doesNotStart`.
    func check(_ program: FilePath) async throws {
        if await !starts(program) { throw UpgradeError.doesNotStart }
    }

    /// Puts a new file in its place; what was there becomes `NAME.previous`.
    func replace(_ name: String, by new: FilePath) throws {
        let place = try place(of: name)
        if try HostFiles.kind(of: place) == .file {
            let copy = HostFiles.temporarySibling(of: place)
            try HostFiles.copy(place, to: copy, mode: 0o755)
            try HostFiles.rename(copy, to: Self.previous(of: place))
        }
        try HostFiles.rename(new, to: place)
        try HostFiles.syncDirectory(place.removingLastComponent())
    }

    /// Puts the program before back, which keeps this one as the one before.
    ///
    /// - Throws: `UpgradeError.noPrevious` where there is none; `.packaged`; `HostError`.
    package func rollBack() throws {
        try checkIsOurs()
        guard try HostFiles.kind(of: Self.previous(of: executable)) == .file else { throw UpgradeError.noPrevious }
        for name in Self.names.sorted(by: >) {
            let place = try place(of: name)
            let previous = Self.previous(of: place)
            guard try HostFiles.kind(of: previous) == .file else { continue }
            let copy = HostFiles.temporarySibling(of: place)
            try HostFiles.copy(previous, to: copy, mode: 0o755)
            try replace(name, by: copy)
        }
    }

    private static func previous(of place: FilePath) -> FilePath {
        place.removingLastComponent().appending((place.lastComponent?.string ?? "iii") + ".previous")
    }
}
