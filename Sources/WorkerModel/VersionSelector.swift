// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// The name of a channel (release tag), a pointer to one version: `latest`, `next`, `rc`.
///
/// Matches `[a-z][a-z0-9._-]{0,63}` and is neither a version nor a range, so `x` and `v1` are no channels.
package struct ChannelName: Hashable, Sendable, CustomStringConvertible {
    /// The channel that is meant when none is named.
    package static let latest = ChannelName(description: "latest")
    /// The channel of pre-releases.
    package static let next = ChannelName(description: "next")

    package let description: String

    private init(description: String) { self.description = description }

    /// - Throws: `VersionError` with the position of the character that does not fit.
    package init(parsing text: some StringProtocol) throws(VersionError) {
        let name = String(text)
        func failure(_ reason: String, at position: Int) -> VersionError {
            VersionError(subject: .channel, text: name, position: position, reason: reason)
        }
        if name.isEmpty { throw failure("it is empty", at: 1) }
        for (index, byte) in name.utf8.enumerated() {
            let isLetter = (0x61...0x7A).contains(byte)
            let isOther =
                (0x30...0x39).contains(byte)
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
            if !isLetter, index == 0 || !isOther {
                throw failure("a character that a channel cannot have", at: index + 1)
            }
        }
        if name.utf8.count > 64 { throw failure("it is longer than 64 characters", at: 65) }
        if (try? VersionRequirement(parsing: name)) != nil { throw failure("it reads as a version range", at: 1) }
        description = name
    }
}

extension ChannelName: Comparable {
    package static func < (left: ChannelName, right: ChannelName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

/// What somebody asks for of a worker: one version, the best of a range, or what a channel points to.
package enum VersionSelector: Hashable, Sendable {
    case exact(SemanticVersion)
    case range(VersionRequirement)
    case channel(ChannelName)

    /// What is meant when nothing is asked for.
    package static let latest = VersionSelector.channel(.latest)

    /// Reads a selector; first match of exact version, range, channel wins.
    ///
    /// The empty text is refused.
    ///
    /// - Throws: `VersionError` for a text that is none of the three.
    package init(parsing text: some StringProtocol) throws(VersionError) {
        let text = String(text).trimmingBlanks()
        guard !text.isEmpty else {
            throw VersionError(subject: .selector, text: text, position: 1, reason: "it is empty")
        }
        if let version = try? SemanticVersion(parsing: text) {
            self = .exact(version)
        } else if let range = try? VersionRequirement(parsing: text) {
            self = .range(range)
        } else if let channel = try? ChannelName(parsing: text) {
            self = .channel(channel)
        } else if text.utf8.first.map({ (0x61...0x7A).contains($0) }) ?? false {
            _ = try ChannelName(parsing: text)
            throw VersionError(subject: .selector, text: text, position: 1, reason: "it makes no sense")
        } else {
            // The range grammar knows best where it stopped.
            self = .range(try VersionRequirement(parsing: text))
        }
    }

    /// Reads what a dependency asks for: as `init(parsing:)`, with the empty text meaning `*`.
    package init(parsingDependency text: some StringProtocol) throws(VersionError) {
        let trimmed = String(text).trimmingBlanks()
        self = trimmed.isEmpty ? .range(.any) : try VersionSelector(parsing: trimmed)
    }
}

extension VersionSelector: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exact(let version): version.description
        case .range(let range): range.description
        case .channel(let channel): channel.description
        }
    }
}
