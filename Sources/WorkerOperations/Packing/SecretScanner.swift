// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Dispatch
import HostSystem
import SystemPackage
import WorkerModel

/// Looks for what an author would not want to publish.
///
/// All of it lies in words of letters, digits, `_` and `-` that have ten bytes at least. So one byte in ten is looked at,
/// and those around it where it may be in a word: of compiled or compressed files most is passed over.
enum SecretScanner {
    /// What a file seems to hold, and in which line.
    private struct Finding: Hashable {
        let what: String
        let line: Int
    }

    /// The most that is told of one file.
    private static let told = 5

    /// What of secrets some files seem to hold, by their names or by what is in them, in the order of the files.
    ///
    /// Files above 1 MiB are not read: keys are small.
    static func findings(in items: [PackingList.Item]) throws -> [PackingError.Secret] {
        var results = [Result<[Finding], any Error>](repeating: .success([]), count: items.count)
        results.withUnsafeMutableBufferPointer { results in
            // Safety: each iteration writes the one result that is its own, and all have ended when this returns.
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: items.count) { index in
                results[index] = Result { try findings(in: items[index].file) }
            }
        }
        var found: [PackingError.Secret] = []
        for (item, result) in zip(items, results) {
            let inside = try result.get()
            found += inside.map { PackingError.Secret(path: item.path, what: $0.what, line: $0.line) }
            guard inside.isEmpty, item.size > .zero, let what = CustomaryNames.secret(at: item.path) else { continue }
            found.append(PackingError.Secret(path: item.path, what: what, line: nil))
        }
        return found
    }

    private static func findings(in file: FilePath) throws -> [Finding] {
        guard let size = try HostFiles.size(of: file), size <= .mebibytes(1),
            let bytes = try HostFiles.read(file, upTo: .mebibytes(1))
        else { return [] }
        // Safety: the buffer is read within the call.
        return bytes.withUnsafeBytes { findings(in: $0) }
    }

    private static func findings(in bytes: UnsafeRawBufferPointer) -> [Finding] {
        var found: [Finding] = []
        var place = shortestWord - 1
        while place < bytes.count, found.count < told {
            guard isWordByte(bytes[place]) else {
                place += shortestWord
                continue
            }
            var (start, end) = (place, place + 1)
            while start > 0, isWordByte(bytes[start - 1]) { start -= 1 }
            while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
            if end - start >= shortestWord, let what = finding(at: start..<end, in: bytes),
                !found.contains(where: { $0.what == what })
            {
                found.append(Finding(what: what, line: 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }))
            }
            // The byte behind a word is in none.
            place = end + shortestWord
        }
        return found
    }

    private static let keyBegin = Array("-----BEGIN".utf8)
    /// Behind what kind of key it is.
    private static let keyEnd = Array("PRIVATE KEY".utf8)
    /// The longest kind of key that has a name, such as `OPENSSH`.
    private static let keyKind = 40

    /// The length of the shortest word that is looked at.
    private static let shortestWord = keyBegin.count

    /// What the word that stands at `range` is or begins.
    private static func finding(at range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> String? {
        let word = bytes[range]
        for token in SecretToken.all where token.matches(word, in: bytes) { return token.what }
        guard word.suffix(keyBegin.count).elementsEqual(keyBegin) else { return nil }
        let rest = bytes[range.upperBound...].prefix(1 + keyKind + keyEnd.count)
        guard rest.first == UInt8(ascii: " ") else { return nil }
        let isKey = rest.indices.contains { place in
            let behind = rest[place...].dropFirst(keyEnd.count)
            return rest[place...].starts(with: keyEnd)
                && (behind.starts(with: "-----".utf8) || behind.starts(with: " BLOCK".utf8))
        }
        return isKey ? "a private key" : nil
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
