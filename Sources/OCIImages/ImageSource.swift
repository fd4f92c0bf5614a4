// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
package import Transport

/// Where an image is read from that is pushed elsewhere.
package protocol ImageSource: Sendable {
    /// What messages call it.
    var name: String { get }

    /// The document that the source names.
    ///
    /// - Throws: an error of code W141.
    func root() async throws -> SourceDocument

    /// A document that another one lists, with the digest that it says.
    ///
    /// - Throws: an error of code W141.
    func document(_ reference: OCIReference) async throws -> SourceDocument

    /// The bytes of a blob behind `offset`, which can be read again; nobody has looked at their digest.
    ///
    /// Reading them throws an error of code W141.
    func bytes(of blob: OCIReference, from offset: Int64) -> BodyStream
}
