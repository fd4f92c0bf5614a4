// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension SchemaMigration {
    /// Words are found by beginnings of up to ten letters, without putting all that begin so together for each search.
    static let schema4 = SchemaMigration(number: 4) { dialect in dialect.longerBeginnings }
}
