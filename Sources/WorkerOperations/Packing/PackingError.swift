// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage

/// Why a folder is not packed.
///
/// W190.
package enum PackingError: CodedError {
    case nothingToPack(FilePath)
    case link(String)
    case specialFile(String)
    /// A path, and what of a secret it seems to hold.
    case secret(String, String)

    package var code: ErrorCode { .packingRefused }

    package var message: String {
        switch self {
        case .nothingToPack(let folder): "`\(folder.string.printable)` has no files to pack"
        case .link(let path): "`\(path.printable)` is a symbolic link, which an archive of a worker cannot hold"
        case .specialFile(let path): "`\(path.printable)` is neither a file nor a folder"
        case .secret(let path, let what): "`\(path.printable)` seems to hold \(what); nothing was packed"
        }
    }

    package var hints: [String] {
        switch self {
        case .nothingToPack: ["check the path and the rules in `.iiiignore` or `.gitignore`"]
        case .link(let path): ["put the file itself in its place, or leave `\(path)` out with a line in `.iiiignore`"]
        case .specialFile(let path): ["leave `\(path)` out with a line in `.iiiignore`"]
        case .secret(let path, _):
            ["leave it out with a line in `.iiiignore`, or pass `--allow-secret \(path)` if it is meant to be public"]
        }
    }
}
