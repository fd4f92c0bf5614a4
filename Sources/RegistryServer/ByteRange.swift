// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a `Range` header asks of a body.
enum ByteRange: Hashable {
    case whole
    case part(Range<Int64>)
    /// Nothing of the body lies in it.
    case unsatisfiable

    /// Reads `bytes=0-499`, `bytes=500-`, `bytes=-500`.
    ///
    /// Everything else, several ranges among them, asks for the whole body: a server may ignore a range.
    init(_ header: String?, size: Int64) {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
            self = .whole
            return
        }
        let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, let first = Self.number(bounds[0]), let last = Self.number(bounds[1]) else {
            self = .whole
            return
        }
        switch (first, last) {
        case (nil, nil): self = .whole
        case (nil, let suffix?): self = suffix > 0 && size > 0 ? .part(max(0, size - suffix)..<size) : .unsatisfiable
        case (let first?, nil): self = first < size ? .part(first..<size) : .unsatisfiable
        case (let first?, let last?) where first > last: self = .unsatisfiable
        case (let first?, let last?): self = first < size ? .part(first..<min(size, last + 1)) : .unsatisfiable
        }
    }

    /// A decimal number; `.some(nil)` for an empty text, nil for anything else.
    private static func number(_ text: Substring) -> Int64?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.utf8.count <= 18 else { return nil }
        return Int64(text)
    }
}
