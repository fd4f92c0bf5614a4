// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage

/// A folder that holds more than a worker's source: probably what version control should ignore.
///
/// W132.
package struct TooManyFiles: CodedError {
    package let folder: FilePath
    package let limit: Int

    package var code: ErrorCode { .manifestRejected }
    package var message: String { "`\(folder.string.printable)` has more than \(limit) files" }
    package var hints: [String] { ["name what is made, such as `node_modules/`, in its `.gitignore`"] }
}
