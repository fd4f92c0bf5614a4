// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import Testing

struct NetworkPolicyTests {
    @Test(arguments: ["api.example.com:443", "10.0.0.7:5432", "[::1]:80", "db_1:1"])
    func readsAndWritesAddresses(text: String) throws {
        #expect(try NetworkAddress(parsing: text).description == text)
    }

    @Test(
        arguments: [
            "", ":80", "host", "host:", "host:0", "host:65536", "http://host:80", "host:80/x", "*:80", "::1:80",
            "a b:80",
            "[::1:80", "host:-1", "host:1-9", "a\nb:80",
        ]
    )
    func refusesWhatIsNoAddress(text: String) {
        #expect(throws: NetworkAddressError.self) { try NetworkAddress(parsing: text) }
    }

    @Test func givesEachNameAnAddressOfItsOwn() throws {
        let engine = NetworkAddress(host: "127.0.0.1", port: 5000)
        let allowed = [
            "a.example:443", "b.example:443", "a.example:80", "10.0.0.7:5432", "a.example:443", "localhost:1",
        ]
        let policy = try NetworkPolicy(engine: engine, allowed: allowed.map { try NetworkAddress(parsing: $0) })
        #expect(
            policy.routes.map(\.listener) == [
                "127.0.0.1:49134", "127.0.1.1:443", "127.0.1.2:443", "127.0.1.1:80", "10.0.0.7:5432",
                "127.0.0.1:1",
            ]
        )
        #expect(
            policy.hostsFile
                == "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 sandbox\n127.0.1.1 a.example\n127.0.1.2 b.example\n"
        )
    }
}
