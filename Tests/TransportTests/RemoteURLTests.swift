// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import Transport

@Suite struct RemoteURLTests {
    @Test(arguments: [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/A/b?q=1#part", "https://example.com/A/b?q=1"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com.:8443/a", "https://example.com:8443/a"),
        ("https://example.com:/a", "https://example.com/a"),
        ("https://127.0.0.1:80/", "https://127.0.0.1:80/"),
        ("https://[::FFFF:1.2.3.4]/", "https://[::ffff:102:304]/"),
        ("https://e.org/a/./b/../c", "https://e.org/a/c"),
        ("https://e.org/../../x/..", "https://e.org/"),
        ("https://e.org/a//b/", "https://e.org/a//b/"),
        ("https://e.org/ü%zz%C3?ü", "https://e.org/%C3%BC%25zz%C3?%C3%BC"),
        ("https://e.org/a\"<>\\^`{|}[b]", "https://e.org/a%22%3C%3E%5C%5E%60%7B%7C%7D%5Bb%5D"),
        ("https://e.org?", "https://e.org/?"),
        ("https://e.org?a?b/../c", "https://e.org/?a?b/../c"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://0xcafe.example/", "https://0xcafe.example/"),
    ])
    func readsIntoOneForm(_ text: String, _ wire: String) throws {
        let url = try RemoteURL(parsing: text)
        #expect(url.wireText == wire)
        #expect(try RemoteURL(parsing: url.wireText) == url)
    }

    @Test(arguments: [
        ("", RemoteURLError.Reason.scheme),
        ("example.com", .scheme),
        ("ftp://example.com", .scheme),
        ("file:///etc/passwd", .scheme),
        ("https:/example.com", .scheme),
        ("https:example.com", .scheme),
        ("https://", .host),
        ("https:///path", .host),
        ("https://?x", .host),
        ("https://a b/", .blankOrControl),
        ("https://a/\r\nHost: b", .blankOrControl),
        ("https://a/\u{0}", .blankOrControl),
        ("https://user@example.com/", .userInformation),
        ("https://user:secret@example.com/", .userInformation),
        ("https://@example.com/", .userInformation),
        ("https://e.org\\@evil.org/", .userInformation),
        ("https://e.org\\.evil.org/", .host),
        ("https://example.com:0/", .port),
        ("https://example.com:65536/", .port),
        ("https://example.com:8o/", .port),
        ("https://example.com:+80/", .port),
        ("https://[::1]80/", .port),
        ("https://[::1", .host),
        ("https://[127.0.0.1]/", .host),
        ("https://[fe80::1%25eth0]/", .host),
        ("https://::1/", .host),
        ("https://127.1/", .host),
        ("https://2130706433/", .host),
        ("https://0x7f000001/", .host),
        ("https://0177.0.0.1/", .host),
        ("https://1.2.3.4.5/", .host),
        ("https://a..b/", .host),
        ("https://.a/", .host),
        ("https://exa%6dple.com/", .host),
        ("https://bücher.example/", .host),
        ("https://ⓔxample.com/", .host),
    ])
    func refuses(_ text: String, _ reason: RemoteURLError.Reason) {
        let error = #expect(throws: RemoteURLError.self) { try RemoteURL(parsing: text) }
        #expect(error?.reason == reason)
    }

    @Test func refusesWhatIsTooLong() {
        let error = #expect(throws: RemoteURLError.self) {
            try RemoteURL(parsing: "https://e.org/" + String(repeating: "a", count: 8192))
        }
        #expect(error?.reason == .tooLong)
    }

    @Test(arguments: [
        ("https://e.org/new", "https://e.org/new"),
        ("//f.org/new", "https://f.org/new"),
        ("/new?x", "https://e.org:1/new?x"),
        ("new", "https://e.org:1/a/new"),
        ("../new", "https://e.org:1/new"),
        ("?y", "https://e.org:1/a/b?y"),
        ("", "https://e.org:1/a/b?q"),
        ("#part", "https://e.org:1/a/b?q"),
        ("new/a:b", "https://e.org:1/a/new/a:b"),
        ("http://f.org", "http://f.org/"),
    ])
    func resolvesReferences(_ reference: String, _ wire: String) throws {
        let base = try RemoteURL(parsing: "https://e.org:1/a/b?q")
        #expect(try base.resolving(reference).wireText == wire)
    }

    @Test(arguments: ["ftp://x/", "javascript:alert(1)", "data:,x", "//user@f.org/", "https:", "//"])
    func resolvesNoReferenceElsewhere(_ reference: String) throws {
        let base = try RemoteURL(parsing: "https://e.org/a")
        #expect(throws: RemoteURLError.self) { try base.resolving(reference) }
    }

    @Test(arguments: ["https://e.org", "https://e.org/"]) func appendsBehindTheRoot(_ base: String) throws {
        let url = try RemoteURL(parsing: base).appending(target: "/w/a?version=%5E1")
        #expect(url.wireText == "https://e.org/w/a?version=%5E1")
    }

    @Test func appendsBehindAFolder() throws {
        #expect(try RemoteURL(parsing: "https://e.org/api/").appending(target: "/x").wireText == "https://e.org/api/x")
    }

    @Test func printsNoQueryAndNoUserInformation() throws {
        let url = try RemoteURL(parsing: "https://e.org/a?X-Signature=secret")
        #expect("\(url)" == "https://e.org/a")
        for text in ["https://me:secret@e.org:x/?secret", "ftp://e.org/?secret", "https://e.org:x/?secret#secret"] {
            let error = #expect(throws: RemoteURLError.self) { try RemoteURL(parsing: text) }
            #expect(error?.message.contains("secret") == false)
        }
    }
}
