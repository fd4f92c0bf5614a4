// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import RegistryService

/// An answer as it goes over the wire, but for the date and the id of the request.
struct ReadyResponse {
    /// What every answer of the front begins with.
    private static let opening =
        "Date: \(String(repeating: " ", count: HTTPDate.length))\r\nX-Request-Id: "
        + "\(String(repeating: "0", count: FrontRequestID.length))\r\nX-Content-Type-Options: nosniff\r\n"
        + "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: ETag, Retry-After, X-Request-Id\r\n"

    private let bytes: ByteBuffer
    private let head: Int
    private let date: Int
    private let id: Int

    /// Puts an answer together.
    ///
    /// `status` is number and reason, `fields` are further header fields, each ended by CR and LF.
    init(status: String, fields: String, body: [UInt8] = []) {
        let line = "HTTP/1.1 \(status)\r\n"
        date = line.utf8.count + "Date: ".utf8.count
        id = date + HTTPDate.length + "\r\nX-Request-Id: ".utf8.count
        let head = Array((line + Self.opening + fields + "\r\n").utf8)
        self.head = head.count
        bytes = ByteBuffer(bytes: head + body)
    }

    var size: Int { bytes.readableBytes }

    /// Appends the answer, or only its head.
    func write(to output: inout ByteBuffer, headOnly: Bool, date text: [UInt8], id digits: [UInt8]) {
        let start = output.writerIndex
        if headOnly {
            output.writeImmutableBuffer(bytes.getSlice(at: bytes.readerIndex, length: head) ?? ByteBuffer())
        } else {
            output.writeImmutableBuffer(bytes)
        }
        output.setBytes(text, at: start + date)
        output.setBytes(digits, at: start + id)
    }
}

/// What the front answers to one target while nothing changes.
struct ReadyPage {
    let tag: EntityTag
    let full: ReadyResponse
    let notModified: ReadyResponse
    let tally: DownloadTally
    let isCI: Bool

    init(_ answer: ReadyAnswer, tally: DownloadTally, isCI: Bool) {
        tag = EntityTag(answer.tag)
        self.tally = tally
        self.isCI = isCI
        let fields = "ETag: \(tag)\r\nCache-Control: no-cache\r\n"
        notModified = ReadyResponse(status: "304 Not Modified", fields: fields)
        full = ReadyResponse(
            status: "200 OK",
            fields: fields
                + "Content-Type: application/json; charset=utf-8\r\nContent-Length: \(answer.body.count)\r\n",
            body: answer.body
        )
    }

    var size: Int { full.size + notModified.size }
}

/// Ids of requests: 16 digits of a connection's event loop and 16 that count up.
struct FrontRequestID {
    static let length = 32

    private(set) var digits: [UInt8]
    private var count: UInt64

    init() {
        func hexadecimal(_ number: UInt64) -> [UInt8] {
            let text = String(number, radix: 16)
            return Array((String(repeating: "0", count: 16 - text.utf8.count) + text).utf8)
        }
        count = .random(in: 0 ... .max)
        digits = hexadecimal(.random(in: 0 ... .max)) + hexadecimal(count)
    }

    /// Goes on to the next id.
    mutating func advance() {
        count &+= 1
        var rest = count
        for index in stride(from: 31, through: 16, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            digits[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest >>= 4
            // What stands before has not changed since the last time.
            if digit != 0 { break }
        }
    }
}
