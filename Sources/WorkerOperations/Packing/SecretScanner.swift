// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import WorkerModel

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Looks for what an author would not want to publish.
enum SecretScanner {
    /// What of a secret a file seems to hold, nil where nothing was found.
    ///
    /// Files above 1 MiB are not read: keys are small.
    static func finding(in file: FilePath) throws -> String? {
        guard let size = try HostFiles.size(of: file), size <= .mebibytes(1),
            let bytes = try HostFiles.read(file, upTo: .mebibytes(1))
        else { return nil }
        if contains(bytes, "-----BEGIN ", followedBy: "PRIVATE KEY-----", within: 40) { return "a private key" }
        for (prefix, length, what) in tokens where contains(bytes, token: Array(prefix.utf8), length: length) {
            return what
        }
        return nil
    }

    /// Prefixes of tokens that services give out, how many letters and digits follow, and what they are.
    private static let tokens: [(prefix: String, length: Int, what: String)] = [
        ("AKIA", 16, "an AWS access key"), ("ghp_", 36, "a GitHub token"), ("gho_", 36, "a GitHub token"),
        ("github_pat_", 40, "a GitHub token"), ("glpat-", 20, "a GitLab token"), ("npm_", 36, "an npm token"),
        ("pypi-", 60, "a PyPI token"), ("xoxb-", 20, "a Slack token"), ("sk_live_", 24, "a Stripe key"),
        ("iii_", 43, "a key of a worker registry"),
    ]

    private static func contains(
        _ bytes: [UInt8],
        _ first: String,
        followedBy second: String,
        within distance: Int
    ) -> Bool {
        let first = Array(first.utf8)
        let second = Array(second.utf8)
        for start in places(of: first, in: bytes) {
            let end = min(start + first.count + distance + second.count, bytes.count)
            let window = Array(bytes[(start + first.count)..<end])
            if !places(of: second, in: window).isEmpty { return true }
        }
        return false
    }

    private static func contains(_ bytes: [UInt8], token prefix: [UInt8], length: Int) -> Bool {
        places(of: prefix, in: bytes).contains { start in
            if start > 0, isTokenByte(bytes[start - 1]) { return false }
            return bytes[(start + prefix.count)...].prefix(length).filter(isTokenByte).count == length
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func places(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = needle.first else { return [] }
        // Safety: `memchr` reads inside the buffer, and what it gives points into it.
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return [] }
            var places: [Int] = []
            var start = 0
            while let found = memchr(base + start, Int32(first), bytes.count - start) {
                let place = UnsafeRawPointer(found) - base
                if bytes[place...].starts(with: needle) { places.append(place) }
                start = place + 1
            }
            return places
        }
    }
}
