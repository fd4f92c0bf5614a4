// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A word as searches may misspell it.
///
/// Two words that differ in one place (a character more, less or another, or two in the wrong order) have a spelling in
/// common: each with at most one character left out. So a misspelled word is found by looking up a few spellings,
/// however many words there are.
struct Spelling: Hashable {
    /// Shorter words are not corrected: too many others are one change away.
    static let shortest = 3
    /// Longer ones are no words that people type.
    static let longest = 40

    let word: String
    private let characters: [Character]

    /// Nil for a text that is too short or too long.
    init?(_ word: String) {
        characters = Array(word)
        guard (Self.shortest...Self.longest).contains(characters.count) else { return nil }
        self.word = word
    }

    /// The word, and the word without each of its characters.
    var spellings: Set<String> {
        var spellings: Set<String> = [word]
        for index in characters.indices {
            spellings.insert(String(characters[..<index] + characters[(index + 1)...]))
        }
        return spellings
    }

    /// Whether one change makes one of the other.
    func isOneChange(from other: Spelling) -> Bool {
        let (shorter, longer) = characters.count <= other.characters.count ? (self, other) : (other, self)
        let (short, long) = (shorter.characters, longer.characters)
        guard long.count - short.count <= 1, short != long else { return false }
        let start = zip(short, long).prefix { $0 == $1 }.count
        if short.count < long.count { return short[start...].elementsEqual(long[(start + 1)...]) }
        if short[(start + 1)...].elementsEqual(long[(start + 1)...]) { return true }
        guard start + 1 < short.count else { return false }
        return short[start] == long[start + 1] && short[start + 1] == long[start]
            && short[(start + 2)...].elementsEqual(long[(start + 2)...])
    }
}

extension String {
    /// Its words as searches see them: runs of letters and digits, in lower case.
    var searchWords: [String] {
        lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
    }
}
