// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import Transport

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", IPAddress.v4(0x7F00_0001)),
        ("0.0.0.0", .v4(0)),
        ("255.255.255.255", .v4(.max)),
        ("::", .v6(0, 0)),
        ("::1", .v6(0, 1)),
        ("1::", .v6(1 << 48, 0)),
        ("2001:db8::8:800:200c:417a", .v6(0x2001_0DB8_0000_0000, 0x0008_0800_200C_417A)),
        ("2001:DB8:0:0:8:800:200C:417A", .v6(0x2001_0DB8_0000_0000, 0x0008_0800_200C_417A)),
        ("::ffff:127.0.0.1", .v6(0, 0xFFFF_7F00_0001)),
        ("64:ff9b::10.0.0.1", .v6(0x0064_FF9B_0000_0000, 0x0A00_0001)),
        ("1:2:3:4:5:6:7::", .v6(0x0001_0002_0003_0004, 0x0005_0006_0007_0000)),
    ])
    func reads(_ text: String, _ address: IPAddress) { #expect(IPAddress(text) == address) }

    @Test(arguments: ["localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "::1", "[::1]", "[0:0:0:0:0:0:0:1]"])
    func knowsThisMachine(host: String) { #expect(IPAddress.isLoopback(host: host)) }

    @Test(arguments: [
        "127.0.0.1.example", "127.example", "localhost.example", "128.0.0.1", "0.0.0.0", "::2", "[", "", "[]",
    ])
    func takesNoOtherForThisMachine(host: String) { #expect(!IPAddress.isLoopback(host: host)) }

    @Test(arguments: [
        "", "1", "127.1", "127.0.0", "127.0.0.1.", "1.2.3.4.5", "01.2.3.4", "0x7f.0.0.1", "256.1.1.1", "1.2.3.-4",
        "1.2.3.+4", " 1.2.3.4", "1.2.3.4 ", "١.2.3.4", ":", ":::", "1:::2", "::1::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "fe80::1%eth0", "[::1]", "+1::",
    ])
    func refuses(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test(arguments: [
        "127.0.0.1", "::", "::1", "1::", "fe80::1", "2001:db8::8:800:200c:417a", "1:0:0:2::3", "1:2:3:4:5:6:7:8",
        "1:0:2:3:4:5:6:7",
    ])
    func printsWhatItReads(_ text: String) { #expect(IPAddress(text)?.description == text) }
}
