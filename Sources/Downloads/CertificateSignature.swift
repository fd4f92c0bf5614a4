// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Who has signed a certificate (RFC 5280, section 4.1).
struct CertificateSignature: Hashable {
    /// What the one who has signed it is called: the common name, else the organization.
    let authority: String?
    /// Whether it names itself as the one.
    let isOwn: Bool

    /// Nil for bytes that are no certificate.
    init?(der: [UInt8]) {
        var rest = der[...]
        guard var certificate = rest.take(.sequence), var signed = certificate.take(.sequence) else { return nil }
        _ = signed.take(.version)
        guard signed.take(.integer) != nil, signed.take(.sequence) != nil, let issuer = signed.take(.sequence),
            signed.take(.sequence) != nil, let subject = signed.take(.sequence)
        else { return nil }
        isOwn = issuer.elementsEqual(subject)
        authority = Self.value(of: [0x55, 0x04, 0x03], in: issuer) ?? Self.value(of: [0x55, 0x04, 0x0A], in: issuer)
    }

    /// The first value of an attribute in a name.
    private static func value(of attribute: [UInt8], in name: ArraySlice<UInt8>) -> String? {
        var name = name
        while var group = name.take(.set) {
            while var pair = group.take(.sequence) {
                guard let kind = pair.take(.objectIdentifier), kind.elementsEqual(attribute) else { continue }
                // The kinds of text that are written today are all UTF-8.
                guard let text = pair.take(.utf8) ?? pair.take(.printable) ?? pair.take(.ascii) else { return nil }
                return String(decoding: text, as: UTF8.self)
            }
        }
        return nil
    }
}

/// The tags of DER that a name is made of.
private enum Tag: UInt8 {
    case integer = 0x02
    case objectIdentifier = 0x06
    case utf8 = 0x0C
    case printable = 0x13
    case ascii = 0x16
    case sequence = 0x30
    case set = 0x31
    case version = 0xA0
}

extension ArraySlice<UInt8> {
    /// The content of the element in front, which is taken off; nil, with nothing taken, where it is another one or cut.
    fileprivate mutating func take(_ tag: Tag) -> ArraySlice<UInt8>? {
        var rest = self
        guard rest.popFirst() == tag.rawValue, let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let digits = rest.prefix(Int(first & 0x7F))
            guard digits.count == Int(first & 0x7F), (1...3).contains(digits.count) else { return nil }
            length = digits.reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(digits.count)
        }
        guard rest.count >= length else { return nil }
        self = rest.dropFirst(length)
        return rest.prefix(length)
    }
}
