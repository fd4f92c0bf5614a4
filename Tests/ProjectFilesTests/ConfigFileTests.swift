// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Testing
import WorkerModel

@testable import ProjectFiles

/// What is read out of a configuration, and what is refused rather than damaged.
struct ConfigFileTests {
    @Test(arguments: [
        ("worker: []\n", "line 1: `worker` means nothing here; did you mean `workers`?"),
        ("other: []\n", "line 1: `other` means nothing here"),
        (
            "workers:\n  - name: a\n    may_cal: [\"b::c\"]\n",
            "line 3: `may_cal` means nothing here; did you mean `may_call`?"
        ),
        (
            "workers:\n  - name: a\n    isolaton: vm\n",
            "line 3: `isolaton` means nothing here; did you mean `isolation`?"
        ),
        (
            "workers:\n  - name: a\n    network:\n      alow: []\n",
            "line 4: `alow` means nothing here; did you mean `allow`?"
        ),
    ])
    func whatIsMisspeltIsTold(text: String, told: String) throws {
        #expect(try ConfigFile(parsing: text).oversights == [told])
    }

    /// Entries have keys of other tools, too.
    @Test func keysThatAreLikeNothingAreLeftToOthers() throws {
        #expect(try ConfigFile(parsing: "workers:\n  - name: a\n    replicas: 3\n    vendor: {}\n").oversights == [])
    }

    @Test func listsEntriesWithTheirSourceAndConfig() throws {
        let file = try ConfigFile(
            parsing: """
                workers:
                  - name: plain
                  - config: {port: 0x10, ratio: .5, big: .inf, when: '${WHEN:never}'}
                    name: "quoted"
                    image: ghcr.io/x/y:1
                  - name: local
                    image: ignored
                    worker_path: /srv/local
                    config:
                      text: |
                        a

                modules:
                  - name: old
                    config: [1]
                """
        )
        #expect(file.entries.map(\.name.description) == ["plain", "quoted", "local", "old"])
        #expect(file.entries.map(\.source) == [.named, .image("ghcr.io/x/y:1"), .path("/srv/local"), .named])
        #expect(file.entries.map(\.line) == [2, 3, 6, 14])
        let quoted = try #require(file[try name("quoted")])
        #expect(
            quoted.config == [
                "port": 16, "ratio": .number(try #require(JSONNumber(0.5))), "big": ".inf", "when": "${WHEN:never}",
            ]
        )
        #expect(quoted.configText == "{port: 0x10, ratio: .5, big: .inf, when: '${WHEN:never}'}")
        #expect(file.entries[2].configText == "text: |\n        a")
        #expect(file.entries[0].config == nil && file.entries[3].config == [1])
    }

    @Test(arguments: [
        "", "\u{FEFF}", "# c\n", "---\n", "workers:\n", "workers: []\n", "workers: ~\n", "a: 1\n", "{}\n",
    ])
    func hasNoEntriesWhereNoneAreListed(_ text: String) throws {
        #expect(try ConfigFile(parsing: text).entries.isEmpty)
    }

    @Test(arguments: [
        ("workers: [\n", "line 2"), ("a: 1\n---\nb: 2\n", "line 2"), ("workers: []\nworkers: []\n", "line 2"),
        ("- a\n", "must be a map"), ("text\n", "must be a map"), ("workers: x\n", "`workers` at line 1"),
        ("workers: {name: a}\n", "`workers` at line 1"), ("workers:\n  - a\n", "`workers[0]` at line 2"),
        ("workers:\n  - name: a\n  - image: x\n", "`workers[1].name` at line 3"),
        ("workers:\n  - name: 12\n", "put it in quotes"),
        ("workers:\n  - name: a/b\n", "line 2, column 11"),
        ("workers:\n  - name: a\n    image: [x]\n", "`workers[0].image` at line 3"),
        ("modules:\n  - name: ''\n", "line 2"),
    ])
    func refusesWhatIsNoConfiguration(_ text: String, _ words: String) {
        let error = #expect(throws: ConfigFileError.self) { try ConfigFile(parsing: text) }
        #expect(error?.code == .configParse)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func textsThatCannotBeUndoneAreStillEdited() throws {
        for (text, emptied) in [
            ("workers:\n", "workers: []\n"), ("workers: ~  # c\n", "workers: []  # c\n"),
            ("workers: null\n", "workers: []\n"),
            ("{}\n", "{workers: []}\n"),
        ] {
            let added = try ConfigFile(parsing: text).adding(name("a"))
            #expect(added.entries.map(\.name.description) == ["a"])
            #expect(try added.removing(name("a")).text == emptied)
        }
    }

    @Test(arguments: [
        "workers: [ ]\n", "workers:  []\n", "workers: [\n]\n", "workers: &w []\n", "workers : []\n", "'workers': []\n",
        "{workers: []}\n",
        "{workers: [], a: 1}", "workers: [] # c", "\u{FEFF}", "\u{FEFF}# c\r\n", "---\n", "--- # c\n",
        "a: &x 1\n---\n".replacing("---\n", with: "b: *x\n"),
        "a: 1\n...\n", "a: |+\n  x\n\n\n", "a: >\n  x\n", "  a: 1\n  b: 2\n", "? a\n: 1\n", "workers: [ {name: x}, ]\n",
        "workers: [\n  {name: x}, # c\n]\n",
        "workers: [\n  {name: x}\n  # c\n]\n", "workers:\n- name: x\n\n\n", "a: 'x\n  y'\n", "\n\n", "workers: []\r\n",
        "workers: []\rb: 1\r",
    ])
    func removingUndoesAddingInOddTextsToo(_ text: String) throws {
        let added = try ConfigFile(parsing: text).adding(name("a"), .path("/srv/a"), config: ["k": ["l": [1]]])
        #expect(added[try name("a")]?.config == ["k": ["l": [1]]])
        #expect(try added.removing(name("a")).text == text)
    }

    @Test func namesThatLookLikeOtherThingsAreQuoted() throws {
        for text in ["123", "1.5", "true", "null", "0x1F", "no", "1e5"] {
            let added = try ConfigFile(parsing: ConfigFile.starter).adding(name(text))
            #expect(added.entries.map(\.name.description) == [text])
            #expect(added.text.contains("- name: '\(text)'\n"))
            #expect(try added.removing(name(text)).text == ConfigFile.starter)
        }
    }

    @Test func addingTwiceChangesNothing() throws {
        let once = try ConfigFile(parsing: ConfigFile.starter).adding(
            name("a"),
            .image("x/y:1"),
            config: ["a": [:], "b": ["c": nil]]
        )
        #expect(try once.adding(name("a"), .image("x/y:1"), config: ["a": [:], "b": ["c": nil]]).text == once.text)
    }

    @Test func emptyConfigurationsAreFilled() throws {
        for (text, result) in [
            ("config: {}", "config:\n      a: 1"), ("config:  # c", "config:\n      a: 1  # c"),
            ("config: ~", "config: ~"),
            ("config: [x]", "config: [x]"), ("config: {b: {}}", "config: {b: {}, a: 1}"),
        ] {
            let file = try ConfigFile(parsing: "workers:\n  - name: x\n    \(text)\n")
            #expect(try file.adding(name("x"), config: ["a": 1]).text == "workers:\n  - name: x\n    \(result)\n")
        }
    }

    @Test(arguments: [
        ("x: &w [{name: a}]\nworkers: *w\n", "a"), ("x: &e {name: a}\nworkers: [*e]\n", "a"),
        ("workers:\n  - &e\n    name: a\nx: *e\n", "a"), ("workers: &w\n  - name: a\n", "a"),
    ])
    func entriesWithAnchorsThatOthersUseAreLeftAlone(_ text: String, _ worker: String) throws {
        let file = try ConfigFile(parsing: text)
        let error = #expect(throws: ConfigFileError.self) {
            _ = try file.adding(name(worker), .image("x/y"), config: ["k": 1])
            _ = try file.removing(name(worker))
        }
        guard case .cannotEdit? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func whatIsNotListedOnceIsRefused() throws {
        let file = try ConfigFile(parsing: "workers:\n  - name: a\n  - name: b\nmodules:\n  - name: a\n")
        #expect(throws: ConfigFileError.self) { try file.adding(name("a")) }
        let twice = #expect(throws: ConfigFileError.self) { try file.removing(name("a")) }
        #expect(twice?.message == "`a` is listed more than once, on lines 2 and 5")
        let missing = #expect(throws: ConfigFileError.self) { try file.removing(name("c")) }
        #expect(missing?.code == .notInstalled)
        #expect(throws: ConfigFileError.self) { try file.resettingConfig(of: name("c"), to: [:]) }
    }

    @Test func hostileDefaultsStayData() throws {
        let defaults: JSONObject = [
            "x\nworkers:\n- name: evil": "y\n- name: evil", "*a": "&b", "# c": "- d", "": [:], "k": "${HOME}",
            "'": "\"\\\u{0}\u{2028}",
        ]
        let file = try ConfigFile(parsing: "workers:\n  - name: a\n").adding(name("b"), config: defaults)
        #expect(file.entries.map(\.name.description) == ["a", "b"])
        #expect(file.entries[1].config == .object(defaults))
        let merged = try ConfigFile(parsing: "workers: [{name: b, config: {z: 1}}]\n").adding(
            name("b"),
            config: defaults
        )
        #expect(merged.entries[0].config?["*a"] == "&b" && merged.entries.count == 1)
    }

    /// A registry's text is never a placeholder, whoever reads the file next; what its user wrote still is one.
    @Test(arguments: ["${SECRET}", "${SECRET:x}", "${HOME:", "a\n${SECRET}\n}", "${", "$${SECRET}", "'${SECRET}'"])
    func defaultsAreNeverFilledIn(_ text: String) throws {
        let variables = ["SECRET": "gone", "PORT": "3111"]
        let defaults: JSONObject = ["key": .string(text), "deep": ["list": [.string(text)], text: .string(text)]]
        for before in [
            "workers:\n  - name: a\n    config: {port: ${PORT}}\n", "workers: [{name: a, config: {port: ${PORT}}}]\n",
            "workers:\n  - name: b\n    config:\n      deep: {}\n  - name: a\n    config:\n      port: ${PORT}\n",
        ] {
            let written = try ConfigFile(parsing: before).adding(name("b"), config: defaults)
                .adding(name("c"), config: defaults).resettingConfig(of: name("c"), to: defaults)
            let file = try ConfigFile(parsing: written.bytes) { variables[$0] }
            #expect(file[try name("a")]?.config == ["port": 3111])
            for worker in ["b", "c"] {
                let config = try #require(file[try name(worker)]?.config)
                #expect(config.isEquivalent(to: .object(defaults)), "\(written.text)")
            }
            // As readers find them that look for placeholders in the text before they parse it.
            let starts = zip(written.bytes, written.bytes.dropFirst()).count { $0 == 0x24 && $1 == 0x7B }
            #expect(starts == 1, "\(written.text)")
        }
    }

    @Test func everyVariableThatIsNotSetIsNamed() throws {
        let text = "workers:\n  - name: a # ${IGNORED}\n    config: {a: '${A}', b: ${B:1}, c: ${C}, d: ${A}}\n"
        let error = #expect(throws: ConfigFileError.self) { try ConfigFile(parsing: Array(text.utf8)) { _ in nil } }
        #expect(error?.message == "the configuration needs `A`, `C`, which are not set")
        #expect(error?.code == .configParse)
        #expect(try ConfigFile(parsing: Array(text.utf8)) { _ in "x" }.entries[0].config?["c"] == "x")
    }

    @Test func manyNewKeysAreAddedAtOnce() throws {
        var defaults = JSONObject()
        for index in 0..<2000 { defaults["key\(index)"] = ["value": .number(JSONNumber(index))] }
        let file = try ConfigFile(parsing: "workers:\n  - name: a\n    config:\n      key7: {mine: 1}\n").adding(
            name("a"),
            config: defaults
        )
        guard case .object(let config)? = file.entries[0].config else {
            Issue.record("no map")
            return
        }
        #expect(config.count == 2000)
        #expect(config["key7"] == ["mine": 1, "value": 7])
    }
}
