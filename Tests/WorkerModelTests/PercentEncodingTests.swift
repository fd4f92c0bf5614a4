// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("aZ09-._~", "aZ09-._~"), ("a b", "a%20b"),
        ("repository:a/b:pull,push", "repository%3Aa%2Fb%3Apull%2Cpush"),
        ("%2F", "%252F"), ("é\u{0}", "%C3%A9%00"), ("+&=#?", "%2B%26%3D%23%3F"),
    ])
    func leavesOnlyWhatMeansNothing(_ text: String, _ encoded: String) {
        #expect(PercentEncoding.encode(text) == encoded)
    }
}
