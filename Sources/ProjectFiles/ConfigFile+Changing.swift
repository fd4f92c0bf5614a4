// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText
import Manifests
package import WorkerModel
import YAMLText

/// Changes of an entry that is there.
extension ConfigFile {
    /// Writes the `config:` of an entry afresh: the given defaults, or none.
    ///
    /// - Throws: `ConfigFileError.notListed`, `.listedTwice` and `.cannotEdit`.
    package func resettingConfig(of name: WorkerName, to defaults: JSONObject) throws(ConfigFileError) -> ConfigFile {
        guard let place = try place(of: name) else { throw .notListed(name) }
        guard place.entry.pair("config") != nil else { return try mergingDefaults(defaults, into: place, name) }
        if defaults.isEmpty { return try removing("config", of: place, name) }
        return try setting(.config(defaults), inPlaceOf: "config", of: place, name)
    }

    /// Writes the `isolation:` of an entry.
    ///
    /// - Throws: `ConfigFileError.notListed`, `.listedTwice` and `.cannotEdit`.
    package func settingIsolation(_ tier: String, of name: WorkerName) throws(ConfigFileError) -> ConfigFile {
        guard let place = try place(of: name) else { throw .notListed(name) }
        let member = YAMLValue.Member("isolation", .string(tier))
        if place.entry[member.key]?.value == member.value { return self }
        let present = place.entry.pair(member.key)?.name
        return try setting(member, inPlaceOf: present, of: place, name)
    }

    /// Adds patterns to the `may_call:` of an entry.
    ///
    /// - Throws: `ConfigFileError.notListed`, `.listedTwice` and `.cannotEdit`.
    package func granting(_ patterns: [String], to name: WorkerName) throws(ConfigFileError) -> ConfigFile {
        guard let place = try place(of: name) else { throw .notListed(name) }
        let present = place.entry.pair("may_call")
        let list = YAMLValue.sequence((present?.value.value.items ?? []) + patterns.map { .string($0) })
        return try setting(YAMLValue.Member("may_call", list), inPlaceOf: present?.name, of: place, name)
    }

    /// Puts the pair in place that says what kind of worker an entry is, and takes away one that says another kind.
    func settingSource(
        _ source: ConfigEntry.Source,
        of place: Place,
        _ name: WorkerName
    ) throws(ConfigFileError) -> ConfigFile {
        let wanted = source.member
        let present = ["image", "worker_path"].filter { place.entry.pair($0) != nil }
        let isMet = wanted.map { present.contains($0.key) } ?? true
        if isMet, let surplus = present.first(where: { $0 != wanted?.key }) {
            let reduced = try removing(surplus, of: place, name)
            guard let place = try reduced.place(of: name) else { return reduced }
            return try reduced.settingSource(source, of: place, name)
        }
        guard let wanted, place.entry[wanted.key]?.value != wanted.value else { return self }
        return try setting(wanted, inPlaceOf: present.first, of: place, name)
    }

    /// Adds what an entry's `config:` lacks of the defaults.
    func mergingDefaults(
        _ defaults: JSONObject,
        into place: Place,
        _ name: WorkerName
    ) throws(ConfigFileError) -> ConfigFile {
        if defaults.isEmpty { return self }
        let wanted = YAMLValue.Member.config(defaults)
        let editing = editing
        var edits: [TextEdit] = []
        var result = wanted
        if let pair = place.entry.pair("config") {
            // A key with nothing behind it is no configuration; `~` and `null` are the user's word that there is none.
            if pair.value.isNull, pair.value.span.isEmpty {
                return try setting(wanted, inPlaceOf: "config", of: place, name)
            }
            let current = value[place.listKey]?.items?[place.index]["config"] ?? .null
            result.value = editing.merging(
                wanted.value.members ?? [],
                into: pair,
                meaning: current,
                of: place.entry,
                &edits
            )
        } else if let edit = editing.appending([wanted], to: place.entry) {
            edits = [edit]
        } else {
            throw .cannotEdit(name, reason: "it is an alias")
        }
        if edits.isEmpty { return self }
        return try applying(edits, for: name, expecting: value(changing: place) { $0.set(result) })
    }

    /// Writes a pair of an entry in the place of the pair `key`, or behind the name.
    private func setting(
        _ member: YAMLValue.Member,
        inPlaceOf key: String?,
        of place: Place,
        _ name: WorkerName
    ) throws(ConfigFileError) -> ConfigFile {
        guard !place.isAliased, let pair = place.entry.pair(key ?? "name") else {
            throw .cannotEdit(name, reason: "it is an alias")
        }
        let edit =
            key == nil
            ? editing.inserting(member, after: pair, in: place.entry)
            : editing.replacing(pair, in: place.entry, by: member)
        let expected = value(changing: place) { members in
            members.removeAll { $0.key == key }
            members.set(member)
        }
        return try applying([edit], for: name, expecting: expected)
    }

    private func removing(_ key: String, of place: Place, _ name: WorkerName) throws(ConfigFileError) -> ConfigFile {
        let editing = editing
        guard !place.isAliased, let index = place.entry.pairs?.firstIndex(where: { $0.name == key }),
            let edits = editing.removing(index, from: place.entry),
            let widerEdits = editing.removing(index, from: place.entry, withBlankLines: true)
        else { throw .cannotEdit(name, reason: "it is an alias") }
        let expected = value(changing: place) { $0.removeAll { $0.key == key } }
        return try applying(first: edits, else: widerEdits, for: name, expecting: expected)
    }

    /// What the text would mean with another entry at a place.
    private func value(changing place: Place, _ change: (inout [YAMLValue.Member]) -> Void) -> YAMLValue {
        value(changingListAt: place) { items in
            var members = items[place.index].members ?? []
            change(&members)
            items[place.index] = .mapping(members)
        }
    }

    /// What the text would mean with another list at a place.
    func value(changingListAt place: Place, _ change: (inout [YAMLValue]) -> Void) -> YAMLValue {
        var members = value.members ?? []
        for index in members.indices where members[index].key == place.listKey {
            var items = members[index].value.items ?? []
            change(&items)
            members[index].value = .sequence(items)
        }
        return .mapping(members)
    }
}

extension YAMLEditing {
    /// The value of a pair with what it lacks of `defaults`; adds the edits that make it so, inner ones first.
    fileprivate func merging(
        _ defaults: [YAMLValue.Member],
        into pair: YAMLPair,
        meaning current: YAMLValue,
        of parent: YAMLNode,
        _ edits: inout [TextEdit]
    ) -> YAMLValue {
        let map = pair.value
        guard let pairs = map.pairs, var members = current.members, !map.isAlias else { return current }
        if pairs.isEmpty, parent.isBlock, map.anchor == nil, map.tag == nil {
            edits.append(replacing(pair, in: parent, by: YAMLValue.Member(pair.name, .mapping(defaults))))
            return .mapping(defaults)
        }
        var missing: [YAMLValue.Member] = []
        for member in defaults {
            guard let index = pairs.firstIndex(where: { $0.name == member.key }) else {
                missing.append(member)
                continue
            }
            guard let inner = member.value.members, !inner.isEmpty else { continue }
            let value = members[index].value
            members[index].value = merging(inner, into: pairs[index], meaning: value, of: map, &edits)
        }
        if !missing.isEmpty, let edit = appending(missing, to: map) { edits.append(edit) }
        return .mapping(members + missing)
    }
}

extension YAMLValue.Member {
    fileprivate static func config(_ defaults: JSONObject) -> YAMLValue.Member {
        YAMLValue.Member("config", YAMLValue(json: .object(defaults)))
    }
}

extension [YAMLValue.Member] {
    /// Gives a key a value, at the end where it is new.
    fileprivate mutating func set(_ member: YAMLValue.Member) {
        if let index = firstIndex(where: { $0.key == member.key }) { self[index] = member } else { append(member) }
    }
}
