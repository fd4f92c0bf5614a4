// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import YAMLText

/// Reading single values, with advice where the type is wrong.
extension ManifestReader {
    mutating func note(
        _ severity: ManifestProblem.Severity,
        _ path: String,
        _ position: YAMLPosition,
        _ reason: ManifestProblem.Reason
    ) {
        let place = ManifestProblem.Place(line: position.line, column: position.column)
        manifest.problems.append(ManifestProblem(severity, path, place, reason))
    }

    /// Notes a key that nobody knows, where the key itself stands.
    mutating func noteUnknown(_ path: String, _ value: YAMLNode) {
        let start = value.span.start
        let place = manifest.places[path] ?? ManifestProblem.Place(line: start.line, column: start.column)
        manifest.problems.append(ManifestProblem(.warning, path, place, .unknownKey))
    }

    mutating func mismatch(_ value: YAMLNode, _ path: String, _ expected: String, advice: String? = nil) {
        let found = value.isNull ? "nothing" : value.kindForPeople
        note(.error, path, value.span.start, .wrongType(expected: expected, found: found, advice: advice))
    }

    /// The pairs of a map that say something, each with its dotted path, which is noted as present.
    ///
    /// What is not a map is a problem and has no pairs. Null stands for absence.
    mutating func fields(of node: YAMLNode, below path: String) -> [(key: String, value: YAMLNode, path: String)] {
        pairs(node, path).compactMap { pair in
            let path = path.isEmpty ? pair.name : "\(path).\(pair.name)"
            // An unknown key is unknown even where it says nothing.
            if pair.value.isNull, WorkerManifest.isKnown(path) { return nil }
            let start = pair.key.span.start
            manifest.places[path] = ManifestProblem.Place(line: start.line, column: start.column)
            return (pair.name, pair.value, path)
        }
    }

    /// The pairs of a map whose keys are text.
    mutating func pairs(_ node: YAMLNode, _ path: String) -> [YAMLPair] {
        if node.isNull { return [] }
        guard let pairs = node.pairs else {
            mismatch(node, path, "a map")
            return []
        }
        for pair in pairs where pair.key.scalar?.kind != .string {
            note(.error, path.isEmpty ? pair.name : path, pair.key.span.start, .keyNotText)
        }
        return pairs.filter { $0.key.scalar?.kind == .string }
    }

    mutating func items(_ node: YAMLNode, _ path: String) -> [YAMLNode] {
        guard let items = node.items else {
            mismatch(node, path, "a list")
            return []
        }
        return items
    }

    mutating func text(_ node: YAMLNode, _ path: String, isNullAllowed: Bool = true) -> String? {
        guard let text = node.string else {
            if node.isNull, isNullAllowed { return nil }
            mismatch(node, path, "text", advice: Self.quoting(node))
            return nil
        }
        guard !text.utf8.contains(0) else {
            note(.error, path, node.span.start, .nulCharacter)
            return nil
        }
        return text
    }

    /// Text without blanks around it; blank text is none.
    mutating func word(_ node: YAMLNode, _ path: String) -> String? {
        command(node, path)?.trimmingBlanks()
    }

    /// Text that is not blank; blank text is none, and the field counts as absent.
    mutating func command(_ node: YAMLNode, _ path: String) -> String? {
        if node.items != nil, path.hasPrefix("scripts.") {
            mismatch(node, path, "text", advice: "join several commands with `&&`")
            return nil
        }
        guard let text = text(node, path) else { return nil }
        guard text.trimmingBlanks().isEmpty else { return text }
        manifest.places[path] = nil
        return nil
    }

    mutating func texts(_ node: YAMLNode, _ path: String) -> [String] {
        var texts: [String] = []
        for (index, item) in items(node, path).enumerated() {
            if let text = text(item, "\(path)[\(index)]", isNullAllowed: false) { texts.append(text) }
        }
        return texts
    }

    /// A path that stays inside the folder of the manifest.
    mutating func filePath(_ node: YAMLNode, _ path: String) -> String? {
        guard let text = word(node, path) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !text.hasPrefix("/"), !parts.contains(".."), !text.contains("\\") else {
            note(.error, path, node.span.start, .invalidPath(text))
            return nil
        }
        return text
    }

    /// A whole number; one that is too large for the machine counts as the largest.
    mutating func count(_ node: YAMLNode, _ path: String, atLeast minimum: Int) -> Int? {
        guard let scalar = node.scalar, scalar.kind == .integer else {
            let isQuoted = node.string.map { YAMLScalar(plain: $0).kind == .integer } ?? false
            mismatch(node, path, "a whole number", advice: isQuoted ? "leave the quotes out" : nil)
            return nil
        }
        let value = scalar.integer ?? (scalar.text.hasPrefix("-") ? .min : .max)
        guard value >= minimum else {
            note(.error, path, node.span.start, .outOfRange(minimum: minimum, maximum: nil))
            return nil
        }
        return value
    }

    /// How a scalar that is not text would be written as text.
    private static func quoting(_ node: YAMLNode) -> String? {
        guard let scalar = node.scalar else { return nil }
        return "write \"\(PrintableText(scalar.text, limit: 80))\""
    }
}

extension WorkerManifest {
    /// The keys that a manifest can have, with those inside `scripts`, `runtime` and `resources`.
    static let knownKeys: Set<String> = [
        "name", "version", "description", "license", "repository", "repo", "readme", "tags", "iii", "deploy",
        "manifest",
        "bin", "targets", "artifacts", "language", "entry", "scripts", "scripts.start", "scripts.setup",
        "scripts.install",
        "runtime", "runtime.kind", "runtime.language", "runtime.package_manager", "runtime.entry", "runtime.base_image",
        "resources", "resources.cpus", "resources.memory", "env", "dependencies", "calls", "config",
    ]

    static func isKnown(_ path: String) -> Bool { knownKeys.contains(path) || path.hasPrefix("artifacts.") }
}

extension String {
    /// This text without blanks and line ends around it.
    func trimmingBlanks() -> String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let start = utf8.firstIndex { !blanks.contains($0) } ?? endIndex
        let end = utf8.lastIndex { !blanks.contains($0) }.map { utf8.index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
