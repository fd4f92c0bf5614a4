// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import WorkerModel

/// Looks for what an author would not want to publish.
///
/// All of it lies in words of letters, digits, `_` and `-` that have ten bytes at least. So one byte in ten is looked at,
/// and those around it where it may be in a word: of compiled or compressed files most is passed over.
enum SecretScanner {
    /// What of a secret a file seems to hold, nil where nothing was found.
    ///
    /// Files above 1 MiB are not read: keys are small.
    static func finding(in file: FilePath) throws -> String? {
        guard let size = try HostFiles.size(of: file), size <= .mebibytes(1),
            let bytes = try HostFiles.read(file, upTo: .mebibytes(1))
        else { return nil }
        // Safety: the buffer is read within the call.
        return bytes.withUnsafeBytes { finding(in: $0) }
    }

    /// Prefixes of tokens that services give out, how many letters and digits follow, and what they are.
    private static let tokens: [(prefix: [UInt8], length: Int, what: String)] = [
        ("AKIA", 16, "an AWS access key"), ("ghp_", 36, "a GitHub token"), ("gho_", 36, "a GitHub token"),
        ("github_pat_", 40, "a GitHub token"), ("glpat-", 20, "a GitLab token"), ("npm_", 36, "an npm token"),
        ("pypi-", 60, "a PyPI token"), ("xoxb-", 20, "a Slack token"), ("sk_live_", 24, "a Stripe key"),
        ("iii_", 43, "a key of a worker registry"),
    ].map { (Array($0.0.utf8), $0.1, $0.2) }

    private static let keyBegin = Array("-----BEGIN".utf8)
    /// Behind what kind of key it is.
    private static let keyEnd = Array("PRIVATE KEY-----".utf8)
    /// The longest kind of key that has a name, such as `OPENSSH`.
    private static let keyKind = 40

    /// The length of the shortest word that is looked at.
    private static let shortestWord = keyBegin.count

    private static func finding(in bytes: UnsafeRawBufferPointer) -> String? {
        var place = shortestWord - 1
        while place < bytes.count {
            guard isWordByte(bytes[place]) else {
                place += shortestWord
                continue
            }
            var (start, end) = (place, place + 1)
            while start > 0, isWordByte(bytes[start - 1]) { start -= 1 }
            while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
            if end - start >= shortestWord, let what = finding(at: start..<end, in: bytes) { return what }
            // The byte behind a word is in none.
            place = end + shortestWord
        }
        return nil
    }

    /// What the word that stands at `range` is or begins.
    private static func finding(at range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> String? {
        let word = bytes[range]
        for (prefix, length, what) in tokens where word.count >= prefix.count + length && word.starts(with: prefix) {
            return what
        }
        guard word.suffix(keyBegin.count).elementsEqual(keyBegin) else { return nil }
        let rest = bytes[range.upperBound...].prefix(1 + keyKind + keyEnd.count)
        guard rest.first == UInt8(ascii: " ") else { return nil }
        let isKey = rest.indices.contains { rest[$0...].starts(with: keyEnd) }
        return isKey ? "a private key" : nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
