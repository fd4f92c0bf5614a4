// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `POST /blobs` is asked before an upload.
///
///     {"sha256":"2c26…","size":1048576}
package struct UploadQuestion: WireValue {
    package var digest: Digest
    /// Bytes of the whole.
    package var size: ByteCount

    package init(digest: Digest, size: ByteCount) {
        self.digest = digest
        self.size = size
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        digest = try json.required("sha256").parsed { try Digest(parsing: $0) }
        let size = try json.required("size")
        let bytes = try size.integer()
        guard bytes >= 0 else { throw size.fail("must not be negative") }
        self.size = ByteCount(Int64(bytes))
    }

    package var json: JSONValue {
        ["sha256": .string(digest.description), "size": .number(JSONNumber(size.bytes))]
    }
}

/// What the registry has of a blob, as `POST /blobs`, `PUT` and `PATCH` answer it.
///
///     {"sha256":"2c26…","stored":false,"offset":262144}
package struct UploadState: WireValue {
    package var digest: Digest
    /// Whether all of it is there, verified.
    package var isStored: Bool
    /// How many bytes have arrived: `PATCH` goes on there.
    ///
    /// Zero where nothing has, and where all is stored.
    package var offset: ByteCount

    package init(digest: Digest, isStored: Bool, offset: ByteCount = .zero) {
        self.digest = digest
        self.isStored = isStored
        self.offset = offset
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        digest = try json.required("sha256").parsed { try Digest(parsing: $0) }
        isStored = try json.required("stored").bool()
        offset = ByteCount(Int64(try json.optional("offset")?.integer() ?? 0))
    }

    package var json: JSONValue {
        [
            "sha256": .string(digest.description), "stored": .bool(isStored),
            "offset": .number(JSONNumber(offset.bytes)),
        ]
    }
}
