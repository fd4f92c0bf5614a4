// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// A registry that is a file, which holds no images.
///
/// W141.
struct RegistryWithoutImages: CodedError {
    let registry: String

    var code: ErrorCode { .imagePull }
    var message: String { "`\(registry.printable)` is a file, and holds no images" }
    var hints: [String] { ["publish where the image is with `--by-reference`"] }
}
