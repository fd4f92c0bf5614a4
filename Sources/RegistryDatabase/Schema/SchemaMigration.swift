// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// One step from a schema to the next.
///
/// A step that was released never changes; a new step is added behind it.
struct SchemaMigration: Sendable {
    /// The schema that it leads to, counted from 1.
    let number: Int
    /// The statements, in order.
    let statements: @Sendable (SQLDialect) -> [String]

    /// Every step, in order.
    static let all: [SchemaMigration] = [.schema1, .schema2, .schema3, .schema4, .schema5, .schema6, .schema7]
    /// The schema that this program works with.
    static var newest: Int { all.count }
}
