// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

@Suite struct CrashReasonTests {
    /// What a runtime prints of a program that ends, and the line that helps.
    struct Crash: Sendable, CustomTestStringConvertible {
        let runtime: String
        let printed: String
        let reason: String?
        var testDescription: String { runtime }
    }

    static let crashes = [
        Crash(
            runtime: "Python",
            printed: """
                Traceback (most recent call last):
                  File "/workspace/main.py", line 3, in <module>
                    import requests
                ModuleNotFoundError: No module named 'requests'
                """,
            reason: "ModuleNotFoundError: No module named 'requests'"
        ),
        Crash(
            runtime: "Python, an error of another name, and lines after it",
            printed: """
                Traceback (most recent call last):
                  File "main.py", line 1, in <module>
                    raise Timeout("the database does not answer")
                lib.Timeout: the database does not answer
                closing
                """,
            reason: "lib.Timeout: the database does not answer"
        ),
        Crash(
            runtime: "Python, one error after another",
            printed: """
                Traceback (most recent call last):
                  File "main.py", line 1, in <module>
                    1 / 0
                ZeroDivisionError: division by zero

                During handling of the above exception, another exception occurred:

                Traceback (most recent call last):
                  File "main.py", line 3, in <module>
                    raise ValueError("no")
                ValueError: no
                """,
            reason: "ValueError: no"
        ),
        Crash(
            runtime: "Python, a text that is no program",
            printed: """
                  File "/workspace/main.py", line 1
                    def
                       ^
                SyntaxError: invalid syntax
                """,
            reason: "SyntaxError: invalid syntax"
        ),
        Crash(
            runtime: "Node",
            printed: """
                node:internal/modules/cjs/loader:1143
                  throw err;
                  ^

                Error: Cannot find module 'iii-sdk'
                Require stack:
                - /workspace/index.js
                    at Module._resolveFilename (node:internal/modules/cjs/loader:1140:15)
                    at Module._load (node:internal/modules/cjs/loader:981:27) {
                  code: 'MODULE_NOT_FOUND',
                  requireStack: [ '/workspace/index.js' ]
                }

                Node.js v20.11.0
                """,
            reason: "Error: Cannot find module 'iii-sdk'"
        ),
        Crash(
            runtime: "Node, with a code",
            printed: """
                TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string
                    at Object.open (node:fs:1:1)
                """,
            reason: #"TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string"#
        ),
        Crash(
            runtime: "Deno",
            printed: "error: Uncaught (in promise) TypeError: fetch failed\n    at main.ts:1:1",
            reason: "TypeError: fetch failed"
        ),
        Crash(
            runtime: "JVM",
            printed: """
                Exception in thread "main" java.lang.RuntimeException: cannot start
                \tat Main.main(Main.java:3)
                Caused by: java.io.IOException: no such host
                \tat Main.open(Main.java:9)
                \t... 1 more
                """,
            reason: "java.io.IOException: no such host"
        ),
        Crash(
            runtime: "JVM, no cause",
            printed: "Exception in thread \"main\" java.lang.Oops: it broke\n\tat Main.main(Main.java:3)",
            reason: "java.lang.Oops: it broke"
        ),
        Crash(
            runtime: ".NET",
            printed: "Unhandled exception. System.InvalidOperationException: no\n   at Program.Main()",
            reason: "System.InvalidOperationException: no"
        ),
        Crash(
            runtime: "Go",
            printed:
                "panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/main.go:4 +0x1d\nexit status 2",
            reason: "panic: runtime error: index out of range [3]"
        ),
        Crash(
            runtime: "Rust",
            printed: "thread 'main' panicked at src/main.rs:2:5:\nno configuration\nnote: run with `RUST_BACKTRACE=1`",
            reason: "no configuration"
        ),
        Crash(
            runtime: "Rust, newer",
            printed: "thread 'main' (4711) panicked at src/main.rs:2:5:\nno configuration",
            reason: "no configuration"
        ),
        Crash(
            runtime: "Rust, older",
            printed: "thread 'main' panicked at 'no configuration', src/main.rs:2:5",
            reason: "'no configuration', src/main.rs:2:5"
        ),
        Crash(
            runtime: "Swift",
            printed: "main/main.swift:1: Fatal error: Index out of range\n\n*** Program crashed: trap ***",
            reason: "Fatal error: Index out of range"
        ),
        Crash(
            runtime: "C++",
            printed: "terminate called after throwing an instance of 'std::runtime_error'\n  what():  no luck",
            reason: "no luck"
        ),
        Crash(
            runtime: "Ruby",
            printed: "main.rb:1:in `<main>': no luck (RuntimeError)\n\tfrom main.rb:2",
            reason: "main.rb:1:in `<main>': no luck (RuntimeError)"
        ),
        Crash(
            runtime: "PHP",
            printed: "PHP Fatal error:  Uncaught Exception: no luck in /main.php:2",
            reason: "Exception: no luck in /main.php:2"
        ),
        Crash(runtime: "a shell", printed: "starting\nno luck today", reason: nil),
        Crash(runtime: "nothing", printed: "", reason: nil),
        Crash(runtime: "words about errors", printed: "Error handling is on\n  Error: within a block", reason: nil),
        Crash(runtime: "a trace that was cut off", printed: "Traceback (most recent call last):\n  File", reason: nil),
    ]

    @Test(arguments: crashes) func theLineThatSaysWhatWentWrongIsFound(crash: Crash) {
        let lines = crash.printed.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(CrashReason.find(in: lines) == crash.reason)
    }

    @Test(arguments: [
        (["a", "Error: no luck", "    at x"], ": Error: no luck"),
        (["a", "no luck", " "], "; it printed last: no luck"),
        ([], " and printed nothing"),
    ])
    func aSentenceEndsWithWhatAProgramSaid(lines: [String], end: String) {
        #expect(CrashReason.said(nil, in: lines) == end)
    }
}
