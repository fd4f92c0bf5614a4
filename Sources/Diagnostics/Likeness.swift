// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Which known words somebody may have meant by one that nobody knows.
package enum Likeness {
    /// The most words that a hint names.
    private static let named = 3
    /// Longer words are compared by their beginnings.
    private static let compared = 64

    /// "did you mean `text-stats`?"; nil where nothing comes near.
    package static func hint(for word: String, among known: some Sequence<String>) -> String? {
        let found = nearest(to: word, among: known).prefix(named).map { "`\($0.printable)`" }
        guard let last = found.last else { return nil }
        let others = found.dropLast().joined(separator: ", ")
        return "did you mean \(others.isEmpty ? "" : others + " or ")\(last)?"
    }

    /// The words that take the fewest changes, those with the fewest first; a third of the letters may differ.
    package static func nearest(to word: String, among known: some Sequence<String>) -> [String] {
        let letters = folded(word)
        let limit = max(1, letters.count / 3)
        let distances = known.map { (distance: distance(letters, folded($0), upTo: limit), word: $0) }
        return distances.filter { $0.distance <= limit }.sorted { ($0.distance, $0.word) < ($1.distance, $1.word) }
            .map(\.word)
    }

    /// Small letters, and one sign for all that joins words.
    private static func folded(_ word: String) -> [UInt8] {
        word.lowercased().utf8.prefix(compared).map { "_.".utf8.contains($0) ? UInt8(ascii: "-") : $0 }
    }

    /// How many letters have to be put in, left out, changed or swapped with their neighbour.
    private static func distance(_ first: [UInt8], _ second: [UInt8], upTo limit: Int) -> Int {
        if abs(first.count - second.count) > limit { return limit + 1 }
        var rows = [Array(0...second.count)]
        for (line, letter) in first.enumerated() {
            var row = [line + 1]
            for (column, other) in second.enumerated() {
                var least = min(
                    row[column] + 1,
                    rows[line][column + 1] + 1,
                    rows[line][column] + (letter == other ? 0 : 1)
                )
                if line > 0, column > 0, letter == second[column - 1], first[line - 1] == other {
                    least = min(least, rows[line - 1][column - 1] + 1)
                }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[first.count][second.count]
    }
}
