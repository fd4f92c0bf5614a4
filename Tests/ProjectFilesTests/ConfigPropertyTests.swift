// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing
import WorkerModel

@testable import ProjectFiles

/// What holds of every edit of every configuration, over some thousands of made-up ones.
struct ConfigPropertyTests {
    @Test(arguments: 0..<16) func removingUndoesAdding(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            let added = try edited(text) {
                try before.adding(name("added"), .image("x/y:1"), config: ["a": ["b": [1, "on"]], "c": ""])
            }
            let entry = try #require(added[try name("added")])
            #expect(entry.config?.isEquivalent(to: ["a": ["b": [1, "on"]], "c": ""]) == true)
            #expect(entry.source == .image("x/y:1"))
            #expect(try added.removing(name("added")).text == text, "\(text)")
        }
    }

    @Test(arguments: 0..<16) func addingChangesNoOtherEntryAndNoLine(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            let added = try edited(text) { try before.adding(name("added"), config: ["a": 1]) }
            expectSame(added.entries.filter { $0.name.description != "added" }, before.entries, text)
            // One line at most becomes another: that of `[]` or of a list in brackets.
            #expect(Self.linesLost(from: text, in: added.text) <= 1, "\(text)")
        }
    }

    @Test(arguments: 0..<16) func mergingKeepsWhatTheUserWrote(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            guard let name = maker.names.randomElement(using: &maker.random).map({ try? name($0) }) ?? nil else {
                continue
            }
            let defaults = maker.defaults()
            let entry = try #require(before[name])
            let after = try edited(text) { try before.adding(name, entry.source, config: defaults) }
            let merged = try #require(after[name])
            #expect(merged.source == entry.source)
            expectContains(merged.config, entry.config, text)
            for key in defaults.keys where entry.config != .null { #expect(Self.isGiven(key, merged.config, text)) }
            expectSame(after.entries.filter { $0.name != name }, before.entries.filter { $0.name != name }, text)
            #expect(
                try after.adding(
                    name,
                    entry.source,
                    config: defaults
                ).text == after.text
            )
        }
    }

    @Test(arguments: 0..<16) func removingChangesNoOtherEntryAndNoLine(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            guard let name = try maker.names.randomElement(using: &maker.random).map({ try name($0) }) else { continue }
            let after = try edited(text) { try before.removing(name) }
            expectSame(after.entries, before.entries.filter { $0.name != name }, text)
            // Only the line of the list itself may become another one.
            #expect(Self.linesLost(from: after.text, in: text) <= 1, "\(text)")
        }
    }

    @Test(arguments: 0..<8) func resettingLeavesOnlyTheDefaults(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            guard let name = try maker.names.randomElement(using: &maker.random).map({ try name($0) }) else { continue }
            #expect(
                try before.resettingConfig(of: name, to: ["x": ["y": 1]])[name]?.config == ["x": ["y": 1]],
                "\(text)"
            )
            #expect(try before.resettingConfig(of: name, to: [:])[name]?.config == nil, "\(text)")
        }
    }

    @Test(arguments: 0..<8) func kindsCanBeSwitched(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<40 {
            let text = maker.document()
            let before = try parsed(text)
            guard let name = try maker.names.randomElement(using: &maker.random).map({ try name($0) }) else { continue }
            for source in [ConfigEntry.Source.image("a/b:2"), .path("/x y"), .named] {
                let after = try edited(text) { try before.adding(name, source) }
                #expect(after[name]?.source == source, "\(text)")
                #expect(after[name]?.config == before[name]?.config)
            }
        }
    }

    /// Random damage: what can still be read is edited or refused, never damaged further, and never ends the program.
    @Test(arguments: 0..<12) func damagedTextsAreEditedOrRefused(_ seed: UInt64) throws {
        var maker = ConfigMaker(seed: seed)
        for _ in 0..<60 {
            let text = maker.damaged(maker.document())
            guard let before = try? ConfigFile(parsing: text), let name = try? name("w1") else { continue }
            let others = before.entries.filter { $0.name != name }
            let edits: [() throws -> ConfigFile] = [
                { try before.adding(name, .image("x/y"), config: ["a": 1, "deep": ["new": 2]]) },
                { try before.removing(name) }, { try before.resettingConfig(of: name, to: ["z": 1]) },
                { try before.adding(name) },
            ]
            for edit in edits {
                guard let after = try? edit() else { continue }
                #expect(after.entries.filter { $0.name != name }.map(\.config) == others.map(\.config))
                #expect(after.entries.filter { $0.name != name }.map(\.source) == others.map(\.source))
            }
        }
    }

    private func parsed(_ text: String) throws -> ConfigFile {
        do { return try ConfigFile(parsing: text) } catch {
            Issue.record("the made-up text is no configuration: \(error.message)\n\(text)")
            throw error
        }
    }

    /// An edit that must succeed; a text for which it does not is shown.
    private func edited(_ text: String, _ edit: () throws -> ConfigFile) throws -> ConfigFile {
        do { return try edit() } catch {
            Issue.record("\(error)\n\(text)")
            throw error
        }
    }

    private func expectSame(_ left: [ConfigEntry], _ right: [ConfigEntry], _ text: String) {
        #expect(left.map(\.name) == right.map(\.name), "\(text)")
        #expect(left.map(\.source) == right.map(\.source), "\(text)")
        #expect(left.map(\.config) == right.map(\.config), "\(text)")
        #expect(left.map(\.configText) == right.map(\.configText), "\(text)")
    }

    /// Every member of `part` is in `whole`, with the same value.
    private func expectContains(_ whole: JSONValue?, _ part: JSONValue?, _ text: String) {
        guard case .object(let members)? = part else { return }
        for member in members.members {
            guard case .object = member.value else {
                #expect(whole?[member.key] == member.value, "\(member.key)\n\(text)")
                continue
            }
            expectContains(whole?[member.key], member.value, text)
        }
    }

    private static func isGiven(_ key: String, _ config: JSONValue?, _ text: String) -> Bool {
        // `config: ~` is the user's word that there is none.
        config?[key] != nil || (config == nil && text.contains("config: ~"))
    }

    /// How many lines of one text are not, in their order, in another.
    private static func linesLost(from old: String, in new: String) -> Int {
        let lines = new.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Self.unended)
        var index = 0
        var lost = 0
        for line in old.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Self.unended) {
            if let found = lines[index...].firstIndex(of: line) { index = found + 1 } else { lost += 1 }
        }
        return lost
    }

    private static func unended(_ line: Substring.UnicodeScalarView) -> String {
        String(line.last == "\r" ? line.dropLast() : line)
    }
}
