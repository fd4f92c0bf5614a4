// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import NIOCore
import RegistryAPI
import RegistryService
import RegistryStorage
import WorkerModel

/// `GET /blobs/sha256/{digest}`: bytes under their digest.
struct BlobRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    func add(to router: Router<RegistryContext>) { router.reads(.blob, get) }

    /// GET and HEAD.
    @Sendable
    private func get(_ request: Request, _ context: RegistryContext) async throws -> Response {
        let digest = try context.digest
        guard let blob = try await service.served.blob(digest) else { throw RegistryServiceError.blobNotFound(digest) }
        return try await BlobResponse(service: service).answer(request, in: context, with: blob)
    }
}

extension RegistryContext {
    /// The digest in the path.
    var digest: Digest {
        get throws(RequestFault) {
            let text = part("digest")
            guard text.utf8.count == 64, let digest = try? Digest(parsing: text) else { throw .badDigest }
            return digest
        }
    }
}
