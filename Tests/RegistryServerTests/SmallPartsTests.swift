// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Logging
import RegistryServer
import Synchronization
import Testing

/// Addresses to listen at.
struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "localhost", 0), ("[::1]:80", "::1", 80),
        ("0.0.0.0:65535", "0.0.0.0", 65_535),
    ])
    func readsHostAndPort(_ text: String, _ host: String, _ port: Int) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.host == host && address.port == port && address.description == text)
    }

    @Test(arguments: ["", ":", "8080", "localhost", ":8080", "a:65536", "a:-1", "a:+1", "::1:80", "a:8 0", "[]:1"])
    func refusesTheRest(_ text: String) {
        #expect(throws: ListenAddressError.self) { try ListenAddress(parsing: text) }
    }

    @Test(arguments: [
        ("127.0.0.1:0", "http://127.0.0.1:99"), ("0.0.0.0:0", "http://127.0.0.1:99"), ("[::]:0", "http://[::1]:99"),
        ("[fd00::1]:0", "http://[fd00::1]:99"),
    ])
    func tellsWhereItIsFoundFromThisMachine(_ text: String, _ url: String) throws {
        #expect(try ListenAddress(parsing: text).localURL(port: 99) == url)
    }
}

/// A log line is one line of JSON, whatever is logged.
struct LineLogTests {
    @Test func writesOneLineAnEvent() throws {
        let written = Mutex<[UInt8]>([])
        var logger = Logger(label: "x") { _ in
            LineLog(level: .info, time: { "T" }) { bytes in written.withLock { $0 += bytes } }
        }
        logger[metadataKey: "id"] = "1"
        logger.debug("not this")
        logger.warning("this\n{\"level\":\"fake\"}", metadata: ["b": ["x", "y"], "a": ["k": "\u{0}\r\n"]])
        let bytes = written.withLock { $0 }
        #expect(bytes.count { $0 == 0x0A } == 1 && bytes.last == 0x0A)
        #expect(
            try JSONValue(parsing: bytes)
                == [
                    "time": "T", "level": "warning", "message": "this\n{\"level\":\"fake\"}",
                    "a": ["k": "\u{0}\r\n"], "b": ["x", "y"], "id": "1",
                ]
        )
    }
}
