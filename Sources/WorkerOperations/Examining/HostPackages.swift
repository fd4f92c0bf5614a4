// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage

/// What installs packages on a host, and under which names.
enum HostPackages: String, CaseIterable, Sendable {
    case apt, dnf, apk, pacman, brew

    /// A piece that packages bring.
    enum Piece: Sendable {
        case bubblewrap, qemu, kernel, squashfs, isal, zstd
    }

    /// The one whose program is there; apt where none is.
    static func detect(_ programs: ProgramSearch) -> HostPackages {
        allCases.first { programs.path(of: $0.program) != nil } ?? .apt
    }

    private var program: String { self == .apt ? "apt-get" : rawValue }

    /// The command that installs a piece; nil where this manager has none.
    func command(for piece: Piece) -> String? {
        let name: String? =
            switch (self, piece) {
            case (_, .bubblewrap): self == .brew ? nil : "bubblewrap"
            case (.apt, .qemu): "qemu-system-x86"
            case (.dnf, .qemu): "qemu-system-x86-core"
            case (.apk, .qemu): "qemu-system-x86_64"
            case (.pacman, .qemu): "qemu-base"
            case (.brew, .qemu): "qemu"
            case (.apt, .kernel): "linux-image-cloud-amd64"
            // Elsewhere no package has one that machines are known to start with.
            case (_, .kernel): nil
            case (.brew, .squashfs): "squashfs"
            case (_, .squashfs): "squashfs-tools"
            case (.apt, .isal): "libisal2"
            case (.dnf, .isal), (.apk, .isal), (.brew, .isal): "isa-l"
            case (.pacman, .isal): nil
            case (.apt, .zstd): "libzstd1"
            case (.dnf, .zstd): "libzstd"
            case (.apk, .zstd): "zstd-libs"
            case (.pacman, .zstd), (.brew, .zstd): "zstd"
            }
        guard let name else { return nil }
        return switch self {
        case .apt: "apt-get install \(name)"
        case .dnf: "dnf install \(name)"
        case .apk: "apk add \(name)"
        case .pacman: "pacman -S \(name)"
        case .brew: "brew install \(name)"
        }
    }
}

/// Looks for programs as a shell does, below a root that tests make up.
struct ProgramSearch: Sendable {
    let root: FilePath
    let folders: [FilePath]

    init(root: FilePath, path: String) {
        self.root = root
        // Programs of administrators are not on everybody's path.
        folders = (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]).map { FilePath($0) }
    }

    func path(of program: String) -> FilePath? {
        folders.map { $0.appending(program) }.first { exists($0) }
    }

    func exists(_ path: FilePath) -> Bool {
        let inRoot = root.pushing(FilePath(String(path.string.drop { $0 == "/" })))
        // What cannot be looked at cannot be used either.
        return (try? HostFiles.kind(of: inRoot)) ?? nil != nil
    }

    func entries(of path: FilePath) -> [String] {
        (try? HostFiles.entries(of: root.pushing(FilePath(String(path.string.drop { $0 == "/" }))))) ?? []
    }
}
