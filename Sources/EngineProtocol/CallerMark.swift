// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore

/// The member `_caller_worker_id` that an engine puts into the data of a call that a worker made.
///
/// Data that a handler passes on may hold one already, and a worker might write one to pass for another: what was there
/// is taken out.
enum CallerMark {
    static let key: StaticString = "_caller_worker_id"
    private static let bytes = Array(key.description.utf8)

    /// Whether the characters of a key could spell the mark; an escape makes a key suspect, whatever it says.
    static func couldBe(_ range: Range<Int>, in text: Span<UInt8>) -> Bool {
        guard range.count >= bytes.count else { return false }
        if range.count > bytes.count {
            for index in range where text[index] == UInt8(ascii: "\\") { return true }
            return false
        }
        for index in bytes.indices where text[range.lowerBound + index] != bytes[index] { return false }
        return true
    }
}

extension JSONBuilder {
    /// An object as it came, with the mark as its last member.
    ///
    /// `isSuspect` says whether the object may hold a mark already.
    mutating func markedData(_ data: RawJSON, caller: String, isSuspect: Bool) {
        key("data")
        guard data.isObject else { return value(data) }
        let members = isSuspect ? data.membersWithoutMark() : data.members
        raw { buffer in
            buffer.writeInteger(UInt8(ascii: "{"))
            if members.readableBytes > 0 {
                buffer.writeImmutableBuffer(members)
                buffer.writeInteger(UInt8(ascii: ","))
            }
            buffer.writeJSONString(CallerMark.key.description)
            buffer.writeInteger(UInt8(ascii: ":"))
            buffer.writeJSONString(caller)
            buffer.writeInteger(UInt8(ascii: "}"))
        }
    }
}

extension RawJSON {
    /// What is between the braces of an object, without blanks around it.
    fileprivate var members: ByteBuffer {
        let bytes = text.readableBytesUInt8Span
        var start = 1
        var end = bytes.count - 1
        while start < end, Self.isBlank(bytes[start]) { start += 1 }
        while start < end, Self.isBlank(bytes[end - 1]) { end -= 1 }
        return text.slice(start..<end)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    fileprivate func membersWithoutMark() -> ByteBuffer {
        let bytes = text.readableBytesUInt8Span
        var scan = JSONScan(maximumDepth: .max, from: 1)
        var result = ByteBuffer()
        scan.skipBlanks(in: bytes)
        while scan.index < bytes.count, bytes[scan.index] == UInt8(ascii: "\"") {
            let start = scan.index
            // The text was checked when it came, so the walk cannot fail.
            guard let key = try? scan.key(in: bytes), (try? scan.value(in: bytes)) != nil else { break }
            if !isMark(key) {
                if result.readableBytes > 0 { result.writeInteger(UInt8(ascii: ",")) }
                result.writeImmutableBuffer(text.slice(start..<scan.index))
            }
            guard scan.take(UInt8(ascii: ","), in: bytes) else { break }
            scan.skipBlanks(in: bytes)
        }
        return result
    }

    private func isMark(_ range: Range<Int>) -> Bool {
        RawJSON(checked: text.slice((range.lowerBound - 1)..<(range.upperBound + 1))).string
            == CallerMark.key.description
    }
}
