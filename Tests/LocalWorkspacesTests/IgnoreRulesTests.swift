// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import LocalWorkspaces
import SystemPackage
import TestSupport
import Testing

/// What we ignore is what Git ignores.
struct IgnoreRulesTests {
    @Test(
        arguments: [
            ("*.log", "a.log", false, true), ("*.log", "sub/a.log", false, true), ("*.log", "a.logs", false, false),
            ("/dist", "dist", true, true), ("/dist", "sub/dist", true, false), ("dist/", "dist", false, false),
            ("dist/", "sub/dist", true, true), ("a/b", "a/b", false, true), ("a/b", "c/a/b", false, false),
            ("a/**", "a/b/c", false, true), ("a/**", "a", true, false), ("**/b", "x/y/b", false, true),
            ("a/**/b", "a/b", false, true), ("a/**/b", "a/x/y/b", false, true), ("f?o", "fao", false, true),
            ("f[a-c]o", "fbo", false, true), ("f[!a-c]o", "fbo", false, false), ("f[!a-c]o", "fxo", false, true),
            ("# note", "# note", false, false), ("\\#x", "#x", false, true), ("*", "x", false, true),
            ("*.a\n!keep.a", "keep.a", false, false), ("!keep.a\n*.a", "keep.a", false, true),
            ("x  ", "x", false, true), ("", "x", false, false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false, false),
        ]
    )
    func matches(rules: String, path: String, isFolder: Bool, expected: Bool) {
        var found = IgnoreRules()
        found.add(rules, in: "")
        #expect(found.ignores(path, isFolder: isFolder) == expected)
    }

    @Test func rulesOfAFolderHoldBelowIt() {
        var rules = IgnoreRules()
        rules.add("/made\n*.tmp", in: "sub")
        #expect(rules.ignores("sub/made", isFolder: false))
        #expect(!rules.ignores("made", isFolder: false))
        #expect(rules.ignores("sub/deep/x.tmp", isFolder: false))
        #expect(!rules.ignores("x.tmp", isFolder: false))
    }

    @Test func agreesWithGitOnAWholeTree() throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                """
                git init -q . 2>/dev/null; mkdir -p a/b/c node_modules/x target/debug docs/out src
                printf 'node_modules/\\n/target\\n*.pyc\\n!keep.pyc\\ndocs/*\\n!docs/out\\n**/c/*.txt\\n' > .gitignore
                printf '*.gen\\n/local\\n' > a/.gitignore
                touch a/x.gen a/local a/b/local a/b/c/n.txt a/b/n.txt node_modules/x/i.js target/debug/o src/m.py src/m.pyc
                touch keep.pyc docs/readme docs/out/page top.gen
                """,
                in: folder
            )
            let expected = try Shell.run("git ls-files --others --exclude-standard | sort", in: folder)
            let found = try SourceTree(of: folder).files.map { $0.path + "\n" }.joined()
            #expect(found == expected)
        }
    }
}
