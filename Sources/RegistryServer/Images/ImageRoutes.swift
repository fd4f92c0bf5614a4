// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryService

/// `/v2/`: images and artifacts, by the distribution specification 1.1.
///
/// Reads are everybody's. Who pushes or deletes shows a key, or a token that was made for it.
struct ImageRoutes: Sendable {
    let service: RegistryService
    let limits: ServerLimits

    /// The paths, as patterns.
    static let paths = [RouterPath("/v2"), RouterPath("/v2/**")]

    func add(to router: Router<RegistryContext>) {
        for path in Self.paths {
            for method: HTTPRequest.Method in [.get, .head, .post, .put, .patch, .delete] {
                router.on(path, method: method) { request, context in
                    try await ImageRequest(request: request, context: context, service: service, limits: limits)
                        .answer()
                }
            }
        }
    }
}
