// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Manifests
import WorkerModel
import YAMLText

extension ConfigFile {
    /// Lists a worker.
    ///
    /// A new entry goes to the end of `workers:`, which is begun where there is none. An entry that is there stays in its
    /// place: `image:` and `worker_path:` become what they should be, keys that its `config:` lacks are added below
    /// those that it has, and nothing that its user wrote is changed.
    ///
    /// - Throws: `ConfigFileError.listedTwice` and `.cannotEdit`.
    package func adding(_ addition: ConfigAddition) throws(ConfigFileError) -> ConfigFile {
        guard let place = try place(of: addition.name) else { return try appending(addition) }
        let renewed = try settingSource(addition.source, of: place, addition.name)
        guard let place = try renewed.place(of: addition.name) else { throw .notListed(addition.name) }
        return try renewed.mergingDefaults(addition.defaults, into: place, addition.name)
    }

    private func appending(_ addition: ConfigAddition) throws(ConfigFileError) -> ConfigFile {
        let entry = YAMLValue.mapping(addition.members)
        let edits = try edits(appending: entry, addition.name)
        var expected = value.members ?? []
        if let index = expected.firstIndex(where: { $0.key == "workers" }) {
            expected[index].value = .sequence((expected[index].value.items ?? []) + [entry])
        } else {
            expected.append(YAMLValue.Member("workers", .sequence([entry])))
        }
        return try applying(edits, for: addition.name, expecting: .mapping(expected))
    }

    private func edits(appending entry: YAMLValue, _ name: WorkerName) throws(ConfigFileError) -> [TextEdit] {
        let editing = editing
        guard let root = document.root else { return [beginningList(with: entry, indentedBy: 0, editing)] }
        guard let pair = root.pair("workers") else {
            guard root.isBlock, let first = root.pairs?.first else {
                let member = YAMLValue.Member("workers", .sequence([entry]))
                return [editing.appendingInFlow(member.flowText, to: root, after: root.pairs?.last?.span)]
            }
            return [beginningList(with: entry, indentedBy: editing.column(of: first) - 1, editing)]
        }
        let list = pair.value
        if list.isAlias { throw .cannotEdit(name, reason: "`workers:` is an alias") }
        if list.isBlock, let last = list.items?.last { return [try below(last, entry, name, editing)] }
        if root.isBlock, let edits = filling(pair, with: entry, editing) { return edits }
        guard list.items != nil else { throw .cannotEdit(name, reason: "`workers:` has no list") }
        return [editing.appendingInFlow(entry.flowText, to: list, after: list.items?.last?.span)]
    }

    /// A list of its own at the end of the document, with a comment that says whose it is.
    private func beginningList(with entry: YAMLValue, indentedBy blanks: Int, _ editing: YAMLEditing) -> TextEdit {
        let list = YAMLValue.Member("workers", .sequence([entry])).blockLines(step: 2)
        let lines = ([Self.listComment] + list).map { String(repeating: " ", count: blanks) + $0 }
        let last = document.endMarker.map { $0.line - 1 } ?? editing.source.lineCount
        return editing.source.inserting(lines, afterLine: last)
    }

    /// An item below the last one of a block list, as the last one is indented.
    func below(
        _ last: YAMLNode,
        _ entry: YAMLValue,
        _ name: WorkerName,
        _ editing: YAMLEditing
    ) throws(ConfigFileError) -> TextEdit {
        guard let dash = editing.dash(before: last) else {
            throw .cannotEdit(name, reason: "the `-` of the last entry was not found")
        }
        let isBesideDash = dash.line == last.span.start.line && last.anchor == nil && !last.isAlias && last.isBlock
        let offset = isBesideDash ? last.span.start.column - dash.column : 2
        let blanks = dash.column - 1
        let line = editing.lastComment(below: editing.lastLine(of: last), from: max(dash.column, 2))
        return editing.source.inserting(
            Self.item(entry.blockLines(step: editing.step), indentedBy: blanks, offset: offset),
            afterLine: line
        )
    }

    /// The first item of a list that is written `workers:` or `workers: []` on a line of its own.
    private func filling(_ pair: YAMLPair, with entry: YAMLValue, _ editing: YAMLEditing) -> [TextEdit]? {
        guard let colon = editing.colonEnd(of: pair), pair.value.anchor == nil, pair.value.tag == nil else {
            return nil
        }
        let written = editing.source.text(colon..<max(colon, pair.value.span.end.offset))
        guard written == " []" || pair.value.isNull else { return nil }
        let lines = Self.item(
            entry.blockLines(step: editing.step),
            indentedBy: pair.key.span.start.column + 1,
            offset: 2
        )
        return [
            TextEdit(range: colon..<max(colon, pair.value.span.end.offset), text: ""),
            editing.source.inserting(lines, afterLine: pair.key.span.start.line),
        ]
    }

    /// The lines of a list's item; `offset` is from its dash to its first key.
    static func item(_ lines: [String], indentedBy blanks: Int, offset: Int) -> [String] {
        let margin = String(repeating: " ", count: blanks)
        let dash = "-" + String(repeating: " ", count: max(1, offset - 1))
        let indentation = String(repeating: " ", count: max(2, offset))
        return lines.enumerated().map { margin + ($0 == 0 ? dash : indentation) + $1 }
    }
}

extension ConfigAddition {
    /// The pairs of a new entry, in the order in which they are written.
    fileprivate var members: [YAMLValue.Member] {
        var members = [YAMLValue.Member("name", .string(name.description))]
        if let source = source.member { members.append(source) }
        if !defaults.isEmpty { members.append(YAMLValue.Member("config", YAMLValue(json: .object(defaults)))) }
        return members
    }
}

extension ConfigEntry.Source {
    /// The pair that says it, nil for a worker that is only named.
    var member: YAMLValue.Member? {
        switch self {
        case .named: nil
        case .image(let reference): YAMLValue.Member("image", .string(reference))
        case .path(let path): YAMLValue.Member("worker_path", .string(path))
        }
    }
}
