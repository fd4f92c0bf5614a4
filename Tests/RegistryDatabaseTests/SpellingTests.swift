// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import RegistryDatabase

/// Two words one change apart share a spelling, so that looking spellings up misses none.
struct SpellingTests {
    @Test(arguments: [
        ("shell", "shel", true), ("shell", "shelll", true), ("shell", "hsell", true), ("shell", "shall", true),
        ("shell", "xshell", true), ("shell", "shellx", true), ("shell", "shlel", true), ("shell", "shlle", false),
        ("shell", "shell", false),
        ("shell", "hslel", false), ("shell", "sh", false), ("abc", "cba", false), ("shell", "shellxx", false),
        ("naïve", "naive", true), ("ab1", "ba1", true),
    ])
    func oneChangeIsOneChange(_ left: String, _ right: String, _ expected: Bool) throws {
        guard let left = Spelling(left), let right = Spelling(right) else {
            #expect(!expected)
            return
        }
        #expect(left.isOneChange(from: right) == expected)
        #expect(right.isOneChange(from: left) == expected)
        if expected { #expect(!left.spellings.isDisjoint(with: right.spellings)) }
    }

    @Test func everyChangeOfAWordIsFound() throws {
        let word = try #require(Spelling("worker"))
        let characters = Array("worker")
        var typed: Set<String> = []
        for index in characters.indices {
            var (less, other, swapped, more) = (characters, characters, characters, characters)
            less.remove(at: index)
            other[index] = "z"
            more.insert("z", at: index)
            if index > 0 { swapped.swapAt(index - 1, index) }
            typed.formUnion([less, other, more, swapped].map { String($0) })
        }
        typed.remove("worker")
        #expect(typed.count > 20)
        for text in typed {
            let spelling = try #require(Spelling(text))
            #expect(spelling.isOneChange(from: word), "\(text)")
            #expect(!spelling.spellings.isDisjoint(with: word.spellings), "\(text)")
        }
    }

    @Test func placesGoByOrdersOfMagnitude() {
        #expect(SearchPlace.of(worker: 1, downloads: 0) > SearchPlace.of(worker: 9, downloads: 1))
        #expect(SearchPlace.of(worker: 9, downloads: 4) < SearchPlace.of(worker: 1, downloads: 3))
        #expect(SearchPlace.of(worker: 2, downloads: 4) == SearchPlace.of(worker: 2, downloads: 7))
        #expect(SearchPlace.of(worker: 1, downloads: .max) > 0)
        #expect(SearchPlace.of(worker: (1 << 40) - 1, downloads: -5) > 0)
    }
}
