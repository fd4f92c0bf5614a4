// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel

/// Reads the version of a project from the file that its own tools keep it in.
enum VersionFile {
    /// The version in `Cargo.toml` (`[package]` or `[workspace.package]`), `package.json` or `pyproject.toml` (`[project]`
    /// or `[tool.poetry]`).
    ///
    /// - Throws: `PublishError.versionFile` where there is none to read; `VersionError` for one that is malformed.
    static func version(in file: FilePath) throws -> SemanticVersion {
        guard let bytes = try HostFiles.read(file, upTo: .mebibytes(1)) else {
            throw PublishError.versionFile(file, "does not exist")
        }
        let text: String?
        switch file.lastComponent?.string {
        case "package.json":
            if case .string(let version)? = try JSONValue(parsing: bytes)["version"] {
                text = version
            } else {
                text = nil
            }
        case "Cargo.toml": text = value(of: "version", inTables: ["package", "workspace.package"], of: bytes)
        case "pyproject.toml": text = value(of: "version", inTables: ["project", "tool.poetry"], of: bytes)
        default: throw PublishError.versionFile(file, "is not `Cargo.toml`, `package.json` or `pyproject.toml`")
        }
        guard let text else { throw PublishError.versionFile(file, "names no version") }
        return try SemanticVersion(parsing: text)
    }

    /// The plain string value of a key in one of some tables of a TOML file.
    ///
    /// Versions stand on one line as `version = "1.2.3"` in each of these files; nothing else of TOML is read.
    private static func value(of key: String, inTables tables: Set<String>, of bytes: [UInt8]) -> String? {
        var table = ""
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.split(separator: "#", maxSplits: 1)[0].filter { $0 != " " && $0 != "\t" }
            if words.hasPrefix("["), words.hasSuffix("]") { table = String(words.dropFirst().dropLast()) }
            guard tables.contains(table), words.hasPrefix("\(key)=") else { continue }
            let value = words.dropFirst(key.count + 1)
            guard value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote else {
                return nil
            }
            return String(value.dropFirst().dropLast())
        }
        return nil
    }
}
