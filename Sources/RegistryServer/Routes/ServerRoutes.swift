// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Hummingbird
import JSONText
import RegistryService
import RegistryStorage

/// What is asked about the server itself: `/healthz`.
struct ServerRoutes: Sendable {
    let service: RegistryService

    func add(to router: Router<RegistryContext>) {
        router.get("/healthz") { _, _ in Response.json(JSONValue.object(["status": "ok"]).bytes()) }
    }
}
