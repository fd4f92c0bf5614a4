// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import ProjectFiles

@Suite struct MergeConflictTests {
    @Test(
        arguments: [
            ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\nd\n", 2, "a\nb\nd\n\n", "a\nc\nd\n\n"),
            ("<<<<<<< ours\nb\n||||||| base\nx\n=======\nc\n>>>>>>> theirs", 1, "b\n", "c\n"),
            ("a\r\n<<<<<<< HEAD\r\nb\r\n=======\r\n>>>>>>>\r\n", 2, "a\r\nb\r\n\n", "a\r\n\n"),
            ("<<<<<<<\n1\n=======\n2\n>>>>>>>\n-\n<<<<<<<\n3\n=======\n4\n>>>>>>>\n", 1, "1\n-\n3\n\n", "2\n-\n4\n\n"),
        ] as [(String, Int, String, String)]
    )
    func bothSidesAreReadWhole(_ text: String, line: Int, ours: String, theirs: String) {
        let conflict = MergeConflict(Array(text.utf8))
        #expect(conflict?.line == line)
        #expect(conflict.map { String(decoding: $0.ours, as: UTF8.self) } == ours)
        #expect(conflict.map { String(decoding: $0.theirs, as: UTF8.self) } == theirs)
    }

    @Test(arguments: [
        "", "a: b\n", "=======\n>>>>>>> x\n", "<<<<<<<<\n", "<<<<<<\n", " <<<<<<< HEAD\n", "<<<<<<<HEAD\n",
    ])
    func aTextWithoutTheFirstMarkHasNone(_ text: String) {
        #expect(MergeConflict(Array(text.utf8)) == nil)
    }
}
