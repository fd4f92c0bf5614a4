// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import SystemPackage
import WorkerModel

/// `iii` where it is installed, with what lies beside it.
package struct InstalledProgram: Sendable {
    /// How long a program may take to tell its version.
    private static let patience = Duration.seconds(60)

    /// What a program says that is asked for its version: the words of its first line; nil for one that does not start.
    package static func version(of program: FilePath, _ environment: HostEnvironment) async -> [String]? {
        let told = try? await HeldProcess.output(
            of: program,
            arguments: ["--version"],
            environment: environment.variables,
            within: patience,
            upTo: .kibibytes(4)
        )
        guard let (bytes, end) = told, end == .exited(0) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
        return line.split(separator: " ").map(String.init)
    }

    /// The files that make it up.
    static let names: Set<String> = ["iii", "iii-guest"]
    /// Lists of the files that packages of Debian and its kin have installed.
    private static let packages: FilePath = "/var/lib/dpkg/info"

    private let executable: FilePath
    private let lists: FilePath
    private let says: @Sendable (FilePath) async -> [String]?

    /// - Parameters:
    ///   - executable: The program that runs.
    ///   - lists: Where lists of packaged files are.
    ///   - says: What a program says of its version, word by word; nil for one that does not start.
    package init(
        _ executable: FilePath,
        lists: FilePath? = nil,
        says: @escaping @Sendable (FilePath) async -> [String]?
    ) {
        self.executable = executable
        self.lists = lists ?? Self.packages
        self.says = says
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

    /// - Throws: `UpgradeError.doesNotStart`; `.otherVersion` for a program of another version than it was offered as.
    func check(_ program: FilePath, is version: SemanticVersion) async throws {
        guard let words = await says(program) else { throw UpgradeError.doesNotStart }
        guard words.count >= 2, words[1] == version.description else {
            throw UpgradeError.otherVersion(words.dropFirst().first ?? "", offered: version)
        }
    }

    /// Waits until nobody else replaces this program: the lock lies beside it.
    package func lock() async throws -> FileLock {
        try await FileLock.acquire(
            executable.removingLastComponent().appending(".iii.lock"),
            waitingUpTo: .seconds(300)
        )
    }

    /// Whether a file is there with these bytes.
    func has(_ name: String, as digest: Digest) throws -> Bool {
        let place = try place(of: name)
        return try HostFiles.kind(of: place) == .file && HostFiles.digest(of: place) == digest
    }

    /// Removes what an upgrade has left that was killed; nobody else may be at work.
    func tidy() throws {
        for name in Self.names {
            let place = try place(of: name)
            let folder = place.removingLastComponent()
            for left in try HostFiles.entries(of: folder) where left.hasPrefix(".\(name).") && left.hasSuffix(".tmp") {
                try HostFiles.removeFile(folder.appending(left))
            }
        }
    }

    /// Puts new files in their places, one after the other; what was there becomes `NAME.previous`, all of it before the
    /// first is replaced, so that what is kept fits together whenever this is killed.
    func replace(_ files: [(name: String, path: FilePath)]) throws {
        let program = Self.previous(of: executable)
        // Where the kept program is the one that runs, an upgrade was killed between two files: what it kept is right.
        let isGoingOn =
            try HostFiles.kind(of: program) == .file
            && HostFiles.digest(of: program) == HostFiles.digest(of: executable)
        if !isGoingOn { for name in Self.names.sorted(by: >) { try keep(name) } }
        for (name, path) in files {
            let place = try place(of: name)
            try HostFiles.rename(path, to: place)
            try HostFiles.syncDirectory(place.removingLastComponent())
        }
    }

    private func keep(_ name: String) throws {
        let place = try place(of: name)
        guard try HostFiles.kind(of: place) == .file else {
            return try HostFiles.removeFile(Self.previous(of: place))
        }
        let copy = HostFiles.temporarySibling(of: place)
        try HostFiles.copy(place, to: copy, mode: 0o755)
        // Whatever the umask has taken away, everybody may start it.
        try HostFiles.setMode(0o755, of: copy)
        try HostFiles.rename(copy, to: Self.previous(of: place))
    }

    /// Puts the program before back, which keeps this one as the one before.
    ///
    /// - Throws: `UpgradeError.noPrevious` where there is none; `.packaged`; `HostError`.
    package func rollBack() throws {
        try checkIsOurs()
        guard try HostFiles.kind(of: Self.previous(of: executable)) == .file else { throw UpgradeError.noPrevious }
        for name in Self.names.sorted(by: >) {
            let place = try place(of: name)
            guard try HostFiles.kind(of: Self.previous(of: place)) == .file else { continue }
            guard try HostFiles.kind(of: place) == .file else {
                try HostFiles.rename(Self.previous(of: place), to: place)
                continue
            }
            try HostFiles.exchange(Self.previous(of: place), with: place)
        }
    }

    private static func previous(of place: FilePath) -> FilePath {
        place.removingLastComponent().appending((place.lastComponent?.string ?? "iii") + ".previous")
    }
}
