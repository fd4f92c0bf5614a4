// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryService

/// A request that needs a key, or a better one, with what tells the client so.
struct Unauthenticated: Error {
    let cause: RegistryServiceError
    let challenge: String
}
