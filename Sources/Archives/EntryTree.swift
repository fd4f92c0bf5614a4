// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The paths that an archive has had so far, to find what collides: one path twice, paths that are one path on a
/// file system that folds case or normalizes, a file where a folder is.
struct EntryTree {
    private struct Key: Hashable {
        let parent: Int
        let folded: String
    }

    private struct Node {
        let name: String
        let parent: Int
        var isDirectory: Bool
        /// Whether an entry of its own was seen, and not only one below it.
        var hasEntry: Bool
    }

    private var nodes: [Node] = [Node(name: "", parent: 0, isDirectory: true, hasEntry: false)]
    private var index: [Key: Int] = [:]

    /// Adds the path of an entry.
    ///
    /// - Throws: `PathFault` of the first collision.
    mutating func insert(_ path: EntryPath, isDirectory: Bool) throws(PathFault) {
        var node = 0
        for (position, component) in path.components.enumerated() {
            let isLast = position == path.components.count - 1
            node = try child(of: node, named: component, isDirectory: !isLast || isDirectory)
        }
        if nodes[node].hasEntry { throw .repeated }
        nodes[node].hasEntry = true
    }

    private mutating func child(of parent: Int, named name: String, isDirectory: Bool) throws(PathFault) -> Int {
        let key = Key(parent: parent, folded: Self.fold(name))
        guard let known = index[key] else {
            nodes.append(Node(name: name, parent: parent, isDirectory: isDirectory, hasEntry: false))
            index[key] = nodes.count - 1
            return nodes.count - 1
        }
        // Equality of strings is canonical equivalence; here the bytes matter.
        guard nodes[known].name.utf8.elementsEqual(name.utf8) else { throw .differsOnlyInCase(from: path(of: known)) }
        guard nodes[known].isDirectory == isDirectory else { throw .fileIsFolder }
        return known
    }

    private func path(of node: Int) -> String {
        var parts: [String] = []
        var next = node
        while next != 0 {
            parts.append(nodes[next].name)
            next = nodes[next].parent
        }
        return parts.reversed().joined(separator: "/")
    }

    /// A name with everything levelled that some file system levels: case, and characters that are not seen.
    ///
    /// Forms of normalization are levelled by the comparison of strings itself.
    static func fold(_ name: String) -> String {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return name.lowercased() }
        var seen = String.UnicodeScalarView()
        for scalar in name.unicodeScalars where !scalar.properties.isDefaultIgnorableCodePoint { seen.append(scalar) }
        // Up and down again: `ß` and `SS`, `ſ` and `s`, `ς` and `σ` meet only on the way up.
        return String(seen).uppercased().lowercased()
    }
}
