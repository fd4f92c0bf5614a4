// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOHTTP1
import Testing

@testable import Engine

/// Pages of this machine may connect, and nobody that looks like one.
@Suite struct WebOriginTests {
    private func isWelcome(_ origin: String?, host: String? = "127.0.0.1:49134", to own: String = "127.0.0.1") -> Bool {
        var headers = HTTPHeaders()
        if let origin { headers.add(name: "origin", value: origin) }
        if let host { headers.add(name: "host", value: host) }
        return WebOrigin.isWelcome(headers, to: own, ["https://console.example"])
    }

    @Test(arguments: [
        "http://localhost", "http://localhost:3000", "https://127.0.0.1:8443", "http://127.5.6.7", "http://[::1]",
        "http://[::1]:3000", "https://console.example",
    ])
    func pagesOfThisMachineAreWelcome(origin: String) { #expect(isWelcome(origin)) }

    @Test(arguments: [
        "null", "", "http://", "localhost", "file://", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
        "http://[::1].evil.example", "http://[::1]evil.example", "http://[::1", "http://::1",
        "http://localhost@evil.example",
        "http://evil.example@localhost", "http://user:pw@localhost", "http://localhost:", "http://localhost:0",
        "http://localhost:99999", "http://localhost:80:80", "http://localhost:8o", "http://localhost:+80",
        "http://localhost/", "http://localhost#x", "http://localhost?x", "http://localhost.", "http://127.0.0.1.",
        "HTTP://localhost", "http://LOCALHOST", "http://LocalHost:80", "ftp://localhost",
        "chrome-extension://localhost",
        "http://xlocalhost", "http://127.0.0.1x", "http://0.0.0.0", "http://0x7f.0.0.1", "http://127.1",
        "http://2130706433",
        "http://[::ffff:1.2.3.4]", "http://[0:0:0:0:0:0:0:2]", "http:// localhost", "http://localhost ",
        "http://localhost\u{0}", "http://localhost\thttp://evil.example", "http://localhost,http://evil.example",
        "https://console.example.evil", "https://console.example:444", "http://console.example", "http:///localhost",
        "http://\\localhost", "http://loc\u{430}lhost", "http://evil.example",
    ])
    func lookAlikesAreNot(origin: String) { #expect(!isWelcome(origin)) }

    @Test func twoOriginsAreNone() {
        let headers: HTTPHeaders = ["origin": "http://localhost", "Origin": "http://evil.example", "host": "localhost"]
        #expect(!WebOrigin.isWelcome(headers, to: "127.0.0.1", []))
    }

    /// A name of the web that was bent to this machine.
    @Test(arguments: [
        "evil.example", "evil.example:49134", "localhost.evil.example", "127.0.0.1.evil.example", "[::1].evil.example",
        "127.0.0.1@evil.example", "localhost:x", "10.0.0.7:49134", "",
    ])
    func aForgedHostIsRefused(host: String) {
        #expect(!isWelcome(nil, host: host))
        #expect(!isWelcome("http://localhost", host: host))
    }

    @Test(arguments: ["127.0.0.1:49134", "localhost:49134", "LOCALHOST", "[::1]:49134", "127.0.0.2"])
    func programsOfThisMachineSayWhereTheyGo(host: String) { #expect(isWelcome(nil, host: host)) }

    @Test func otherMachinesUseWhatNameTheyHave() {
        #expect(isWelcome(nil, host: "engine:49134", to: "172.17.0.2"))
        #expect(!isWelcome("http://engine:49134", host: "engine:49134", to: "172.17.0.2"))
    }
}
