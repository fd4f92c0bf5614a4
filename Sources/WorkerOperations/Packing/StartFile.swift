// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Manifests
import SystemPackage

/// The file that a start command hands to an interpreter.
enum StartFile {
    private static let interpreters: Set<String> = ["node", "python", "python3", "bun", "deno", "sh", "bash"]
    /// How interpreters complete a name.
    private static let endings = [
        "", ".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.ts", "/package.json", "/__main__.py",
    ]

    /// Holds the start command against what is packed, where it is a plain `node dist/main.js`.
    ///
    /// - Throws: `PackingError.startNotPacked`, `HostError`.
    static func expectPacked(by manifest: WorkerManifest, in folder: FilePath, packing list: PackingList) throws {
        guard let file = manifest.scripts.start.flatMap(file) else { return }
        let packed = Set(list.items.map(\.path))
        let candidates = endings.map { file + $0 }
        if candidates.contains(where: packed.contains) { return }
        let there = try candidates.first { try HostFiles.kind(of: folder.appending($0)) == .file }
        throw PackingError.startNotPacked(file, try PackingList.absence(of: there ?? file, below: folder))
    }

    /// The path in `INTERPRETER PATH ARGUMENTS…`.
    private static func file(of command: String) -> String? {
        let words = command.split(separator: " ")
        guard words.count > 1, interpreters.contains(String(words[0])) else { return nil }
        let path = words[1].hasPrefix("./") ? words[1].dropFirst(2) : words[1]
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-_./".utf8.contains(byte)
            }
        }
        return isPlain && !path.hasPrefix("-") && !path.hasPrefix("/") && !path.hasPrefix("..") ? String(path) : nil
    }
}
