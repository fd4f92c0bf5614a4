// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

// Safety: all pointers here are C strings of the process's arguments, of literals, or of arrays that outlive the call.

typealias CString = UnsafeMutablePointer<CChar>

func equals(_ text: CString?, _ literal: StaticString) -> Bool {
    guard let text else { return false }
    return literal.utf8Start.withMemoryRebound(to: CChar.self, capacity: literal.utf8CodeUnitCount + 1) {
        strcmp(text, $0) == 0
    }
}

/// The words of the command line.
func words() -> [CString] {
    var words: [CString] = []
    while let word = guest_argument(Int32(words.count)) { words.append(word) }
    return words
}

/// Bytes with a zero behind them.
func cString(_ bytes: some Collection<UInt8>) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

func literal(_ text: StaticString) -> [CChar] {
    cString(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

func bytes(_ text: StaticString) -> [UInt8] {
    Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

/// The bytes of a C string, without its zero.
func bytes(of text: UnsafePointer<CChar>) -> [UInt8] { (0..<strlen(text)).map { UInt8(bitPattern: text[$0]) } }

func decimal(_ number: Int) -> [UInt8] {
    var rest = number
    var digits: [UInt8] = []
    repeat {
        digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
    } while rest > 0
    return digits.reversed()
}

/// The number that decimal digits name, nil for anything else.
func number(_ digits: some Collection<UInt8>) -> UInt64? {
    guard !digits.isEmpty, digits.count < 19 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
        guard digit >= 0x30, digit <= 0x39 else { return nil }
        value = value * 10 + UInt64(digit - 0x30)
    }
    return value
}

/// The four numbers of an IPv4 address.
func ipv4(_ text: some Collection<UInt8>) -> [UInt8]? {
    let parts = text.split(separator: UInt8(ascii: ".")).compactMap { number($0) }
    guard parts.count == 4, parts.allSatisfy({ $0 < 256 }) else { return nil }
    return parts.map { UInt8(truncatingIfNeeded: $0) }
}

func littleEndian(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
}

func complain(_ text: StaticString) {
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
    _ = write(2, "\n", 1)
}

/// Reads what is there, at most `limit` bytes; nil at the end, empty where there is nothing now.
func readSome(_ descriptor: Int32, upTo limit: Int) -> [UInt8]? {
    var count = 0
    var failed: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
        count = read(descriptor, buffer.baseAddress, limit)
        failed = guest_errno()
        initialized = max(0, count)
    }
    if count > 0 { return bytes }
    return count < 0 && (failed == EAGAIN || failed == EINTR) ? [] : nil
}

/// Writes what goes now; -1 where the other side is gone.
func writeSome(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    return count < 0 && guest_would_block() != 0 ? 0 : count
}
