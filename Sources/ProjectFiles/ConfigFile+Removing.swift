// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel
import YAMLText

extension ConfigFile {
    /// Takes a worker off the list, with the comments inside its entry; comments above and below it stay.
    ///
    /// After `adding` a new entry it gives back the text as it was, byte for byte; only a list that had been written
    /// `workers:` with nothing behind it, which the engine refuses, comes back as `workers: []`, and a document `{}` as
    /// `{workers: []}`.
    ///
    /// - Throws: `ConfigFileError.notListed`, `.listedTwice` and `.cannotEdit`.
    package func removing(_ name: WorkerName) throws(ConfigFileError) -> ConfigFile {
        guard let place = try place(of: name) else { throw .notListed(name) }
        if place.list.isAlias { throw .cannotEdit(name, reason: "`\(place.listKey):` is an alias") }
        let editing = editing
        guard place.list.isBlock else {
            let edits = editing.removingInFlow(place.index, spans: place.items.map(\.span))
            return try applying(
                edits,
                for: name,
                expecting: value(changingListAt: place) { $0.remove(at: place.index) }
            )
        }
        guard let dash = editing.dash(before: place.entry) else {
            throw .cannotEdit(name, reason: "the `-` of its entry was not found")
        }
        let last = editing.lastComment(below: editing.lastLine(of: place.entry), from: dash.column + 1)
        if place.items.count == 1 { return try emptying(place, dash.line...last, name, editing) }
        let expected = value(changingListAt: place) { $0.remove(at: place.index) }
        return try applying(
            first: [editing.source.removing(dash.line...last)],
            else: [editing.source.removing(dash.line...editing.lastBlank(below: last))],
            for: name,
            expecting: expected
        )
    }

    /// Takes the only entry off a block list: what is left is `[]`, or nothing where the list was begun by us.
    private func emptying(
        _ place: Place,
        _ lines: ClosedRange<Int>,
        _ name: WorkerName,
        _ editing: YAMLEditing
    ) throws(ConfigFileError) -> ConfigFile {
        guard let colon = editing.colonEnd(of: place.pair), place.list.anchor == nil, place.list.tag == nil else {
            throw .cannotEdit(name, reason: "its list has an anchor or a tag")
        }
        if isOwnList(place, lines, colon, editing.source) {
            let members = (value.members ?? []).filter { $0.key != place.listKey }
            let edit = editing.source.removing(place.pair.key.span.start.line - 1...lines.upperBound)
            return try applying([edit], for: name, expecting: .mapping(members))
        }
        return try applying(
            [TextEdit(range: colon..<colon, text: " []"), editing.source.removing(lines)],
            for: name,
            expecting: value(changingListAt: place) { $0 = [] }
        )
    }

    /// Whether the list was begun by `adding`, and nobody has written anything between its comment and the entry since.
    private func isOwnList(_ place: Place, _ lines: ClosedRange<Int>, _ colon: Int, _ source: SourceText) -> Bool {
        let line = place.pair.key.span.start.line
        return place.listKey == "workers" && line > 1 && lines.lowerBound == line + 1
            && source.trimmedLine(line - 1) == Self.listComment
            && source.content(ofLine: line).upperBound == colon
    }
}
