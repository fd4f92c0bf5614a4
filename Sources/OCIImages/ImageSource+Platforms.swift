// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
import Transport
import WorkerModel

extension ImageSource {
    /// What an image runs on: what an index lists; of a single image what its configuration says.
    ///
    /// - Throws: `ImageSourceError` for a configuration of other bytes; what the source throws.
    package func platforms(of root: SourceDocument) async throws -> [ImagePlatform] {
        if root.content.mediaType.isIndex {
            var seen: Set<ImagePlatform> = []
            return root.content.documents.compactMap(\.platform).filter { seen.insert($0).inserted }
        }
        guard let configuration = root.content.blobs.first, configuration.size <= OCIDocument.sizeLimit else {
            return []
        }
        let bytes = try await bytes(of: configuration, from: 0).collect(upTo: OCIDocument.sizeLimit)
        guard ContentDigest(of: bytes, configuration.digest.algorithm) == configuration.digest else {
            throw ImageSourceError(source: name, reason: "its configuration has other bytes")
        }
        return [(try? ImageConfiguration(parsing: bytes))?.platform].compactMap(\.self)
    }
}
