// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import Transport

@testable import Downloads

/// Which proxy a URL is asked for through, by the variables that curl and others read.
@Suite struct ProxySettingsTests {
    private func proxy(_ variables: [String: String], _ url: String) throws -> String? {
        try ProxySettings { variables[$0] }.proxy(for: RemoteURL(parsing: url))?.description
    }

    @Test(arguments: [
        ("http://p:3128", "http://p:3128"), ("p:3128", "http://p:3128"), ("http://p", "http://p:80"),
        ("p", "http://p:80"),
        ("http://p:3128/", "http://p:3128"), ("http://u:s%40e@p:1", "http://p:1"), ("HTTP://P:2", "http://p:2"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"), ("socks5://p", "socks5://p:1080"),
        ("socks5h://10.0.0.9:9050", "socks5://10.0.0.9:9050"),
    ])
    func readsAProxy(_ text: String, _ expected: String) throws {
        #expect(try proxy(["HTTPS_PROXY": text], "https://e.org/") == expected)
    }

    @Test(arguments: [
        ("https://p:1", "scheme `https`"), ("ftp://p", "scheme `ftp`"), ("http://", "does not name the host"),
        ("http://a b", "does not name the host"), ("http://p:99999", "does not name the host"),
        ("socks5://u:p@p", "with an account"),
    ])
    func refusesWhatNamesNoProxy(_ text: String, _ words: String) {
        let error = #expect(throws: ProxySettingsError.self) { try ProxySettings { $0 == "HTTPS_PROXY" ? text : nil } }
        #expect(error?.message.contains(words) == true)
        #expect(error?.message.contains("HTTPS_PROXY") == true)
    }

    @Test func eachSchemeHasItsOwnAndAllIsForTheRest() throws {
        let both = ["HTTPS_PROXY": "s:1", "HTTP_PROXY": "h:1", "ALL_PROXY": "a:1"]
        #expect(try proxy(both, "https://e.org/") == "http://s:1")
        #expect(try proxy(both, "http://e.org/") == "http://h:1")
        #expect(try proxy(["ALL_PROXY": "a:1"], "https://e.org/") == "http://a:1")
        #expect(try proxy(["ALL_PROXY": "a:1"], "http://e.org/") == "http://a:1")
        #expect(try proxy(["HTTP_PROXY": "h:1"], "https://e.org/") == nil)
    }

    @Test(arguments: [
        ("e.org", "https://e.org/", true), ("e.org", "https://a.e.org/", true), (".e.org", "https://e.org/", true),
        ("*.e.org", "https://a.e.org/", true), ("e.org", "https://more.org/", false),
        ("e.org", "https://some.org/", false),
        ("E.ORG.", "https://e.org/", true), ("e.org:8443", "https://e.org:8443/", true),
        ("e.org:8443", "https://e.org/", false),
        ("x, e.org", "https://e.org/", true), ("x e.org", "https://e.org/", true), ("*", "https://e.org/", true),
        ("10.0.0.0/8", "https://10.9.8.7/", true), ("10.0.0.0/8", "https://11.0.0.1/", false),
        ("10.0.0.0/8", "https://e.org/", false), ("192.0.2.7", "https://192.0.2.7/", true),
        ("fd00::/8", "https://[fd12::1]/", true), ("fd00::/8", "https://[fe80::1]/", false),
        ("[fd00::1]:444", "https://[fd00::1]:444/", true), ("fd00::1", "https://[fd00::1]/", true),
        ("0.0.0.0/0", "https://1.2.3.4/", true), ("10.0.0.0/99", "https://10.0.0.1/", false),
        ("", "https://e.org/", false),
    ])
    func exceptionsAreReachedDirectly(_ list: String, _ url: String, _ isDirect: Bool) throws {
        #expect(try proxy(["HTTPS_PROXY": "p:1", "NO_PROXY": list], url) == (isDirect ? nil : "http://p:1"))
    }

    @Test(arguments: ["http://127.0.0.1:9/", "http://localhost/", "https://[::1]/", "http://a.localhost/"])
    func thisMachineIsReachedDirectly(_ url: String) throws {
        #expect(try proxy(["ALL_PROXY": "p:1"], url) == nil)
    }
}
