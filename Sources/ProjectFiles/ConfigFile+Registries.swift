// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Transport
package import WorkerModel
import YAMLText

extension ConfigFile {
    /// Stands above a list of registries that an edit had to begin.
    private static let registriesComment = "# Which registry each worker comes from; the first that fits a name counts."

    /// `registries:`, which registry a name belongs to.
    ///
    /// - Throws: `ConfigFileError.shape`.
    package func registries() throws(ConfigFileError) -> RegistryList {
        guard let root = document.root else { return RegistryList() }
        do { return try RegistryList(in: YAMLCursor(root), of: .project) } catch { throw .shape(error) }
    }

    /// `registry:`, the registry of names that no entry of `registries:` wants; nil where there is none.
    ///
    /// - Throws: `ConfigFileError.shape`.
    package func registry() throws(ConfigFileError) -> RemoteURL? {
        guard let root = document.root else { return nil }
        do { return try YAMLCursor(root).optional("registry")?.registryURL() } catch { throw .shape(error) }
    }

    /// Writes into `registries:` that a name belongs to a registry.
    ///
    /// The name becomes a pattern of the entry that has the registry already; else an entry is added, at the end, or as
    /// the first one where another entry would take the name. An entry that is written begins with its URL: older
    /// programs look for `- name: NAME` line by line, and must not take a registry for a worker.
    ///
    /// - Throws: `ConfigFileError.shape` and `.cannotEdit`.
    package func listing(_ name: WorkerName, at url: RemoteURL) throws(ConfigFileError) -> ConfigFile {
        let list = try registries()
        if list.match(name)?.entry.url == url { return self }
        let listed = try listing(name, at: url, in: list)
        guard try listed.registries().match(name)?.entry.url == url else {
            throw .cannotEdit(name, reason: "`registries:` could not be given another entry")
        }
        return listed
    }

    private func listing(
        _ name: WorkerName,
        at url: RemoteURL,
        in list: RegistryList
    ) throws(ConfigFileError) -> ConfigFile {
        guard let root = document.root, let pair = root.pair("registries"), !pair.value.isNull else {
            return try beginningRegistries(with: list.entry(for: name, at: url), name)
        }
        if pair.value.isAlias { throw .cannotEdit(name, reason: "`registries:` is an alias") }
        let isTaken = list.match(name) != nil
        let known = list.entries.firstIndex { $0.url == url }
        let items = pair.value.items ?? []
        if let known, !isTaken, let patterns = items[known].pair("patterns"), !patterns.value.isAlias,
            patterns.value.items != nil
        {
            return try adding(NamePattern(name), to: patterns.value, of: known, name)
        }
        return try inserting(list.entry(for: name, at: url), into: pair.value, isFirst: isTaken, name)
    }

    private func beginningRegistries(with entry: YAMLValue, _ name: WorkerName) throws(ConfigFileError) -> ConfigFile {
        let editing = editing
        let member = YAMLValue.Member("registries", .sequence([entry]))
        let members = (value.members ?? []).filter { $0.key != member.key }
        let expected = YAMLValue.mapping([member] + members)
        guard let root = document.root, let first = root.pairs?.first else {
            if let root = document.root, !root.isBlock {
                let edit = editing.appendingInFlow(member.flowText, to: root, after: nil)
                return try applying([edit], for: name, expecting: expected)
            }
            let last = document.endMarker.map { $0.line - 1 } ?? editing.source.lineCount
            let edit = editing.source.inserting([Self.registriesComment] + member.blockLines(step: 2), afterLine: last)
            return try applying([edit], for: name, expecting: expected)
        }
        if let pair = root.pair(member.key) {
            return try applying([editing.replacing(pair, in: root, by: member)], for: name, expecting: expected)
        }
        guard root.isBlock else {
            let edit = editing.appendingInFlow(member.flowText, to: root, after: root.pairs?.last?.span)
            return try applying([edit], for: name, expecting: expected)
        }
        // Above the first key and its comment: what older programs append goes to the end.
        var line = first.key.span.start.line - 1
        while line > 0, editing.source.firstMark(ofLine: line)?.byte == UInt8(ascii: "#") { line -= 1 }
        let margin = String(repeating: " ", count: editing.column(of: first) - 1)
        let lines = ([Self.registriesComment] + member.blockLines(step: 2)).map { margin + $0 }
        return try applying([editing.source.inserting(lines, afterLine: line)], for: name, expecting: expected)
    }

    private func adding(
        _ pattern: NamePattern,
        to patterns: YAMLNode,
        of index: Int,
        _ name: WorkerName
    ) throws(ConfigFileError) -> ConfigFile {
        let text = YAMLValue.string(pattern.description)
        let edit: TextEdit
        if patterns.isBlock, let last = patterns.items?.last {
            edit = try below(last, text, name, editing)
        } else {
            edit = editing.appendingInFlow(text.flowText, to: patterns, after: patterns.items?.last?.span)
        }
        let expected = value(changingRegistries: { items in
            var members = items[index].members ?? []
            for place in members.indices where members[place].key == "patterns" {
                members[place].value = .sequence((members[place].value.items ?? []) + [text])
            }
            items[index] = .mapping(members)
        })
        return try applying([edit], for: name, expecting: expected)
    }

    private func inserting(
        _ entry: YAMLValue,
        into list: YAMLNode,
        isFirst: Bool,
        _ name: WorkerName
    ) throws(ConfigFileError) -> ConfigFile {
        let editing = editing
        let expected = value(changingRegistries: { items in items.insert(entry, at: isFirst ? 0 : items.endIndex) })
        guard list.isBlock, let first = list.items?.first, let last = list.items?.last else {
            let edit: TextEdit
            if isFirst, let first = list.items?.first {
                let place = first.span.start.offset
                edit = TextEdit(range: place..<place, text: entry.flowText + ", ")
            } else {
                edit = editing.appendingInFlow(entry.flowText, to: list, after: list.items?.last?.span)
            }
            return try applying([edit], for: name, expecting: expected)
        }
        guard isFirst else {
            return try applying([try below(last, entry, name, editing)], for: name, expecting: expected)
        }
        guard let dash = editing.dash(before: first) else {
            throw .cannotEdit(name, reason: "the `-` of the first registry was not found")
        }
        let lines = Self.item(entry.blockLines(step: editing.step), indentedBy: dash.column - 1, offset: 2)
        return try applying([editing.source.inserting(lines, afterLine: dash.line - 1)], for: name, expecting: expected)
    }

    private func value(changingRegistries change: (inout [YAMLValue]) -> Void) -> YAMLValue {
        var members = value.members ?? []
        for index in members.indices where members[index].key == "registries" {
            var items = members[index].value.items ?? []
            change(&items)
            members[index].value = .sequence(items)
        }
        return .mapping(members)
    }
}

extension RegistryList {
    /// An entry that gives a name to a registry, as it is written.
    fileprivate func entry(for name: WorkerName, at url: RemoteURL) -> YAMLValue {
        .mapping([
            YAMLValue.Member("url", .string(url.withoutLastSlash)),
            YAMLValue.Member("name", .string(freeName(for: url))),
            YAMLValue.Member("patterns", .sequence([.string(name.description)])),
        ])
    }

    /// A name for a registry that no other one has: its host, and its port where that is not the usual one.
    private func freeName(for url: RemoteURL) -> String {
        let origin = url.origin
        let port = origin.port == origin.scheme.defaultPort ? "" : "-\(origin.port)"
        let parts = "\(origin.host)\(port)".split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".")) }
        let stem = String(parts.joined(separator: "-").prefix(WorkerName.maximumLength - 4))
        let taken = Set(entries.map(\.name.description))
        var (name, number) = (stem, 2)
        while taken.contains(name) { (name, number) = ("\(stem)-\(number)", number + 1) }
        return name
    }
}

extension RemoteURL {
    /// The URL as lock files and lists write that of a registry.
    package var withoutLastSlash: String { description.hasSuffix("/") ? String(description.dropLast()) : description }
}
