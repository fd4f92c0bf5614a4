// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import TestSupport

/// Writes configurations in all the ways in which people write them.
struct ConfigMaker {
    /// How the list of workers is written.
    private enum ListStyle: CaseIterable {
        case indented
        case atTheLeft
        case wide
        case flow
        case empty
        case absent
    }

    var random: SeededGenerator
    /// The workers of the last document.
    private(set) var names: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// A document that is valid, with its line ends, and perhaps a byte order mark.
    mutating func document() -> String {
        names = []
        var lines = noise(0) + others("before")
        switch ListStyle.allCases.randomElement(using: &random) ?? .indented {
        case .indented: lines += block(dash: 2, offset: 2)
        case .atTheLeft: lines += block(dash: 0, offset: 2)
        case .wide: lines += block(dash: 4, offset: 4)
        case .flow: lines += flow()
        case .empty: lines += ["workers: []" + trailing()]
        case .absent: break
        }
        lines += others("after") + noise(0)
        let end = chance(5) ? "\r\n" : "\n"
        // A text that keeps its blank lines has another one at the end of a file without a last line end.
        let isEnded = lines.contains { $0.hasSuffix("|+") } || !chance(4)
        let text = lines.joined(separator: end) + (isEnded && !lines.isEmpty ? end : "")
        return (chance(8) ? "\u{FEFF}" : "") + text
    }

    /// Default configuration, some of it under the keys that documents have.
    mutating func defaults() -> JSONObject {
        var defaults = JSONObject()
        for key in ["a", "b", "deep", "new", "größe"] where chance(2) {
            defaults[key] = ["inner": .number(JSONNumber(Int.random(in: 0...9, using: &random)))]
        }
        return defaults
    }

    /// A text with a few bytes changed, taken out or put in.
    mutating func damaged(_ text: String) -> [UInt8] {
        let marks = Array("-:#[]{}&*!|>'\"%@`?, \t\n\r~+\u{FEFF}ü".utf8) + Array("workersname".utf8)
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...5, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes[place] = marks.randomElement(using: &random) ?? 0x20
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 5))
            default: bytes.insert(marks.randomElement(using: &random) ?? 0x20, at: place)
            }
        }
        return bytes
    }

    private mutating func chance(_ oneOf: Int) -> Bool { Int.random(in: 0..<oneOf, using: &random) == 0 }

    private mutating func noise(_ indentation: Int) -> [String] {
        var lines: [String] = []
        while chance(3) {
            let margin = String(repeating: " ", count: chance(4) ? 0 : indentation)
            lines.append(
                [margin + "# workers: - name: x", margin + "# ümlaut", "", "   "].randomElement(using: &random) ?? ""
            )
        }
        return lines
    }

    private mutating func trailing() -> String { chance(4) ? "  # - name: no" : "" }

    private mutating func others(_ key: String) -> [String] {
        guard chance(2) else { return [] }
        return [
            ["\(key): 1" + trailing()], ["\(key): {a: [x, y]}"], ["\(key):", "  - name: nobody", "  - name: a"],
            ["\(key): |", "  workers:", "    - name: text", "", "  more"],
            ["\(key):", "    mode: 'it''s'" + trailing()],
        ].randomElement(using: &random) ?? []
    }

    private mutating func block(dash: Int, offset: Int) -> [String] {
        var lines = ["workers:" + trailing()]
        for index in 0..<Int.random(in: 1...4, using: &random) {
            lines += noise(dash) + entry(index, dash: dash, offset: offset)
        }
        return lines
    }

    private mutating func entry(_ index: Int, dash: Int, offset: Int) -> [String] {
        let name = "w\(index)"
        names.append(name)
        var pairs = [
            ["name: " + ([name, "'\(name)'", "\"\(name)\""].randomElement(using: &random) ?? name) + trailing()]
        ]
        if chance(3) { pairs.append(["image: ghcr.io/x/\(name):1" + trailing()]) }
        if chance(3) { pairs.append(["worker_path: '/srv/\(name)'"]) }
        if !chance(3) { pairs.append(config(step: offset)) }
        if chance(4) { pairs.append(["mine: {kept: yes}"]) }
        if chance(2) { pairs.shuffle(using: &random) }
        let margin = String(repeating: " ", count: dash + offset)
        var lines = pairs.enumerated().flatMap { index, pair in
            (index > 0 ? noise(dash + offset) : []) + pair.map { margin + $0 }
        }
        let head = String(repeating: " ", count: dash) + "-" + String(repeating: " ", count: offset - 1)
        lines[0] = head + lines[0].dropFirst(dash + offset)
        return lines
    }

    private mutating func config(step: Int) -> [String] {
        let margin = String(repeating: " ", count: step)
        let values = [
            ["a: 1" + trailing()], ["b: {x: [1, 2], deep: {y: z}}"], ["port: {p: ${PORT:3000}, q: [${Q:a, b}]}"],
            ["deep:", margin + "inner: ${VAR:default}", margin + "# last"],
            ["workers:", margin + "- name: nested", margin + "- name: w0"],
            ["text: |", margin + "- name: w1", "", margin + "x"],
            ["folded: >-", margin + "a", margin + "b"], ["größe: \"ä\\n\"" + trailing()], ["none:"],
            ["keep: |+", margin + "x"],
        ].shuffled(using: &random).prefix(Int.random(in: 0...5, using: &random))
        if values.isEmpty { return [["config: {}", "config:", "config: ~"].randomElement(using: &random) ?? ""] }
        return ["config:" + trailing()]
            + values.flatMap { value in noise(step).filter { !$0.isEmpty } + value.map { margin + $0 } }
    }

    private mutating func flow() -> [String] {
        let count = Int.random(in: 1...3, using: &random)
        names = (0..<count).map { "w\($0)" }
        let entries = names.map { "{name: \($0), config: {a: 1, p: ${PORT:3000}, deep: {}}}" }
        if chance(2) {
            return ["workers: [" + entries.joined(separator: ", ") + (chance(3) ? ", ]" : "]") + trailing()]
        }
        return ["workers: ["] + entries.map { "  \($0)," + trailing() } + ["]"]
    }
}
