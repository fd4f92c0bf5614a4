// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Transport

/// Why an address is none of the public internet.
///
/// The raw value is how messages call it.
package enum SpecialRange: String, Hashable, Sendable {
    case unspecified = "the unspecified address"
    case loopback = "a loopback address"
    case privateUse = "a private address"
    case carrierNAT = "an address behind carrier-grade NAT"
    case linkLocal = "a link-local address"
    case multicast = "a multicast address"
    case broadcast = "a broadcast address"
    case documentation = "a documentation address"
    case benchmarking = "a benchmarking address"
    case embeddedIPv4 = "an IPv4 address inside an IPv6 address"
    case reserved = "a reserved address"

    /// The range of an address; nil for a public one.
    package init?(of address: IPAddress) {
        let range =
            switch address {
            case .v4(let value): Self.range(ofIPv4: value)
            case .v6(let high, let low): Self.range(ofIPv6: high, low)
            }
        guard let range else { return nil }
        self = range
    }

    private static func range(ofIPv4 value: UInt32) -> SpecialRange? {
        for (base, bits, range) in ipv4Ranges where (value ^ base) >> (32 - bits) == 0 { return range }
        return nil
    }

    /// Of IPv6 only 2000::/3 is given out; the rest is refused whole, and special parts of it by name.
    private static func range(ofIPv6 high: UInt64, _ low: UInt64) -> SpecialRange? {
        if high == 0, low == 0 { return .unspecified }
        if high == 0, low == 1 { return .loopback }
        for (base, bits, range) in ipv6Ranges where (high ^ base) >> (64 - bits) == 0 { return range }
        return high >> 61 == 1 ? nil : .reserved
    }

    /// Base, length of the prefix, range; the first match counts (IANA IPv4 special-purpose registry).
    private static let ipv4Ranges: [(UInt32, UInt32, SpecialRange)] = [
        (0x0000_0000, 32, .unspecified), (0x0000_0000, 8, .reserved), (0x0A00_0000, 8, .privateUse),
        (0x6440_0000, 10, .carrierNAT), (0x7F00_0000, 8, .loopback), (0xA9FE_0000, 16, .linkLocal),
        (0xAC10_0000, 12, .privateUse), (0xC000_0000, 24, .reserved), (0xC000_0200, 24, .documentation),
        (0xC058_6300, 24, .reserved), (0xC0A8_0000, 16, .privateUse), (0xC612_0000, 15, .benchmarking),
        (0xC633_6400, 24, .documentation), (0xCB00_7100, 24, .documentation), (0xE000_0000, 4, .multicast),
        (0xFFFF_FFFF, 32, .broadcast), (0xF000_0000, 4, .reserved),
    ]

    /// As above, of the upper half of an address (IANA IPv6 special-purpose registry).
    ///
    /// What carries an IPv4 address inside is refused whatever that address is: 96 zero bits with it behind
    /// (compatible, and mapped with `ffff` before it), NAT64, Teredo and 6to4.
    private static let ipv6Ranges: [(UInt64, UInt64, SpecialRange)] = [
        (0x0000_0000_0000_0000, 64, .embeddedIPv4), (0x0064_FF9B_0000_0000, 64, .embeddedIPv4),
        (0x0064_FF9B_0001_0000, 48, .embeddedIPv4), (0x2001_0000_0000_0000, 32, .embeddedIPv4),
        (0x2001_0002_0000_0000, 48, .benchmarking), (0x2001_0000_0000_0000, 23, .reserved),
        (0x2001_0DB8_0000_0000, 32, .documentation), (0x2002_0000_0000_0000, 16, .embeddedIPv4),
        (0x3FFF_0000_0000_0000, 20, .documentation), (0xFC00_0000_0000_0000, 7, .privateUse),
        (0xFE80_0000_0000_0000, 10, .linkLocal), (0xFEC0_0000_0000_0000, 10, .privateUse),
        (0xFF00_0000_0000_0000, 8, .multicast),
    ]
}
