// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Manifests

/// The file that a start command hands to an interpreter.
enum StartFile {
    private static let interpreters: Set<String> = ["node", "python", "python3", "bun", "deno", "sh", "bash"]
    /// How interpreters complete a name.
    private static let endings = [
        "", ".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.ts", "/package.json", "/__main__.py",
    ]

    /// What to tell an author whose start command names a file that is not packed; nil where it is, and where the
    /// command is no plain `node dist/main.js`.
    static func warning(for manifest: WorkerManifest, packing list: PackingList) -> String? {
        guard let file = manifest.scripts.start.flatMap(file) else { return nil }
        let packed = Set(list.items.map(\.path))
        if endings.contains(where: { packed.contains(file + $0) }) { return nil }
        return "`scripts.start` runs `\(file)`, which is not packed: is it built, and does no ignore rule name it?"
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
