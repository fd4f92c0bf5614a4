// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a YAML text may hold before it is refused.
///
/// Every reader names its rules.
///
/// Whatever the rules are: one document, keys that are scalars, no key twice in one map, UTF-8.
package struct YAMLRules: Hashable, Sendable {
    /// The most bytes that are looked at.
    package var maximumBytes: Int
    /// The most collections inside each other.
    package var maximumDepth: Int
    /// The most scalars and collections together, each alias counted as all that it stands for.
    package var maximumNodes: Int
    /// Whether `&anchor` and `*alias` are read or refused.
    package var allowsAnchors: Bool
    /// Whether `!tag` is read or refused.
    package var allowsTags: Bool
    /// Whether `${NAME:default}` is part of one scalar wherever it stands, whatever its braces and colons mean to YAML.
    package var readsPlaceholders = false

    /// For files that come from outside: no anchors, no aliases, no tags.
    package static func strict(upTo bytes: Int, depth: Int = 32, nodes: Int = 10_000) -> YAMLRules {
        YAMLRules(
            maximumBytes: bytes,
            maximumDepth: depth,
            maximumNodes: nodes,
            allowsAnchors: false,
            allowsTags: false
        )
    }

    /// For files that a person keeps: anchors are read, tags are kept in mind.
    package static func lenient(upTo bytes: Int, depth: Int = 160, nodes: Int = 200_000) -> YAMLRules {
        YAMLRules(
            maximumBytes: bytes,
            maximumDepth: depth,
            maximumNodes: nodes,
            allowsAnchors: true,
            allowsTags: true
        )
    }
}
