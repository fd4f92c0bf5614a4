// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore

/// The head of a request, as far as the front needs to understand it.
///
/// It finds where the head ends, how long the body is, and the few fields that matter to ready answers. What is not
/// plain is left to the framework, which is the judge of everything unusual.
struct FrontRequest: Hashable {
    enum Outcome: Hashable {
        /// The end of the head has not come yet.
        case incomplete
        /// Something that the front does not understand: the connection is the framework's from here on.
        case unusual
        case request(FrontRequest)
    }

    /// A place in the bytes.
    typealias Span = Range<Int>

    enum Method: Hashable {
        case get
        case head
        case other
    }

    /// `get` and `head` only without a body.
    let method: Method
    /// The path with its query, as it was written.
    let target: Span
    /// Bytes of the head, with the empty line at its end.
    let length: Int
    /// Bytes of the body.
    let bodyLength: Int
    let ifNoneMatch: Span?
    let range: Span?
    let ifRange: Span?
    /// What proxies say about the client.
    let forwardedFor: Span?

    /// Reads the head at the beginning of `bytes`.
    ///
    /// `limit` is the most bytes and `count` the most fields of a head; what goes beyond is for the framework to refuse.
    static func parse(_ bytes: UnsafeRawBufferPointer, upTo limit: Int, fields count: Int) -> Outcome {
        var lines = Lines(bytes: bytes)
        guard let first = lines.next() else { return lines.isBroken || bytes.count > limit ? .unusual : .incomplete }
        guard let (method, target) = requestLine(bytes, first) else { return .unusual }
        var fields = Fields()
        var seen = 0
        while let line = lines.next() {
            if line.isEmpty {
                guard fields.hosts == 1, lines.position <= limit else { return .unusual }
                return .request(FrontRequest(method, target, lines.position, fields))
            }
            seen += 1
            guard seen <= count, fields.take(bytes, line) else { return .unusual }
        }
        return lines.isBroken || bytes.count > limit ? .unusual : .incomplete
    }

    var isHead: Bool { method == .head }

    private init(_ method: Method, _ target: Span, _ length: Int, _ fields: Fields) {
        bodyLength = fields.bodyLength ?? 0
        self.method = bodyLength == 0 ? method : .other
        self.target = target
        self.length = length
        ifNoneMatch = fields.ifNoneMatch
        range = fields.range
        ifRange = fields.ifRange
        forwardedFor = fields.forwardedFor
    }

    /// Reads a line such as `GET /download/pdf?version=1.2.3 HTTP/1.1`.
    private static func requestLine(_ bytes: UnsafeRawBufferPointer, _ line: Span) -> (Method, target: Span)? {
        var start = line.lowerBound
        while start < line.upperBound, (0x41...0x5A).contains(bytes[start]) { start += 1 }
        let method = line.lowerBound..<start
        guard !method.isEmpty, bytes.holds(" /", at: start, end: line.upperBound) else { return nil }
        start += 1
        let end = line.upperBound - 9
        guard end > start, bytes.holds(" HTTP/1.1", at: end, end: line.upperBound) else { return nil }
        for index in start..<end where bytes[index] <= 0x20 || bytes[index] >= 0x7F || bytes[index] == 0x23 {
            return nil
        }
        if method.count == 3, bytes.holds("GET", at: method.lowerBound, end: start) { return (.get, start..<end) }
        if method.count == 4, bytes.holds("HEAD", at: method.lowerBound, end: start) { return (.head, start..<end) }
        return (.other, start..<end)
    }
}

/// The fields of a head that the front knows.
private struct Fields {
    var hosts = 0
    var bodyLength: Int?
    var ifNoneMatch: FrontRequest.Span?
    var range: FrontRequest.Span?
    var ifRange: FrontRequest.Span?
    var forwardedFor: FrontRequest.Span?

    /// Takes one line; false for one that changes more than the front understands.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ line: FrontRequest.Span) -> Bool {
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon] != UInt8(ascii: ":") {
            // A name that is no token, a folded line among them.
            if !Self.isOfToken(bytes[colon]) { return false }
            colon += 1
        }
        guard colon > line.lowerBound, colon < line.upperBound else { return false }
        let name = line.lowerBound..<colon
        func isNamed(_ text: StaticString) -> Bool { bytes.isName(text, in: name) }
        switch name.count {
        case 4 where isNamed("host"): hosts += 1
        case 5 where isNamed("range"): return Self.once(&range, bytes, bytes.trimmed(colon + 1..<line.upperBound))
        case 6 where isNamed("expect"), 7 where isNamed("upgrade"), 17 where isNamed("transfer-encoding"):
            return false
        case 8 where isNamed("if-range"): return Self.once(&ifRange, bytes, bytes.trimmed(colon + 1..<line.upperBound))
        case 14 where isNamed("content-length"):
            let isFirst = bodyLength == nil
            bodyLength = bytes.number(in: bytes.trimmed(colon + 1..<line.upperBound))
            return isFirst && bodyLength != nil
        case 10 where isNamed("connection"):
            return bytes.isName("keep-alive", in: bytes.trimmed(colon + 1..<line.upperBound))
        // The framework's decoder takes it for `Connection`.
        case 16 where isNamed("proxy-connection"): return false
        case 13 where isNamed("if-none-match"):
            return Self.once(&ifNoneMatch, bytes, bytes.trimmed(colon + 1..<line.upperBound))
        case 15 where isNamed("x-forwarded-for"):
            return Self.once(&forwardedFor, bytes, bytes.trimmed(colon + 1..<line.upperBound))
        default: break
        }
        return true
    }

    /// Whether a byte may stand in the name of a field: `tchar` of RFC 9110.
    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, UInt8(ascii: "!"), 0x23...0x27, UInt8(ascii: "*"),
            UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Keeps the value of a field that comes once and is plain ASCII.
    private static func once(
        _ field: inout FrontRequest.Span?,
        _ bytes: UnsafeRawBufferPointer,
        _ value: FrontRequest.Span
    ) -> Bool {
        defer { field = value }
        return field == nil && bytes[value].allSatisfy { $0 < 0x80 }
    }
}

/// The lines of a head, each ended by CR and LF, without other control characters but tabs.
private struct Lines {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    private(set) var isBroken = false

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next line without its end; nil where it has not come, or is broken.
    mutating func next() -> FrontRequest.Span? {
        let start = position
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20 && byte != 0x7F || byte == 0x09 {
                index += 1
                continue
            }
            guard byte == 0x0D else { break }
            guard index + 1 < bytes.count else { return nil }
            guard bytes[index + 1] == 0x0A else { break }
            position = index + 2
            return start..<index
        }
        isBroken = index < bytes.count
        return nil
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func holds(_ text: StaticString, at start: Int, end: Int) -> Bool {
        guard start + text.utf8CodeUnitCount <= end else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[start + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether these bytes are a text in lower case, whatever their own case.
    fileprivate func isName(_ text: StaticString, in span: Range<Int>) -> Bool {
        guard span.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<span.count {
            let byte = self[span.lowerBound + index]
            let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            if lower != text.utf8Start[index] { return false }
        }
        return true
    }

    /// A whole number in decimal digits, nil for anything else.
    fileprivate func number(in span: Range<Int>) -> Int? {
        guard (1...18).contains(span.count) else { return nil }
        var number = 0
        for index in span {
            guard (0x30...0x39).contains(self[index]) else { return nil }
            number = number * 10 + Int(self[index] - 0x30)
        }
        return number
    }

    fileprivate func trimmed(_ span: Range<Int>) -> Range<Int> {
        var (start, end) = (span.lowerBound, span.upperBound)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return start..<end
    }
}
