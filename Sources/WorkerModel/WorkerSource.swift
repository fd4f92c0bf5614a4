// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Where a worker is to come from, as the user wrote it on the command line.
package enum WorkerSource: Hashable, Sendable {
    /// A name in the registry, with what is asked for of it; nil where nothing was asked for.
    case registry(WorkerName, VersionSelector?)
    /// A folder, as it was written: it starts with `.`, `/` or `~/`.
    case localPath(String)
    /// An image, bypassing the registry, with the name that its worker gets.
    case image(ImageReference, WorkerName)

    /// Reads a source.
    ///
    /// First match wins: a leading `.`, `/` or `~/` is a path; a `/` or `:` anywhere makes an image reference; the rest
    /// is `NAME` or `NAME@SELECTOR`.
    ///
    /// - Throws: `WorkerSourceError` (W101), `WorkerNameError` (W100) for a registry name.
    package init(parsing text: String) throws {
        if text.isEmpty { throw WorkerSourceError(text: text, problem: .empty) }
        if text.hasPrefix(".") || text.hasPrefix("/") || text.hasPrefix("~/") || text == "~" {
            self = .localPath(text)
        } else if text.contains("/") || text.contains(":") {
            self = try Self.image(text)
        } else {
            self = try Self.registry(text)
        }
    }

    private static func registry(_ text: String) throws -> WorkerSource {
        guard let at = text.firstIndex(of: "@") else { return .registry(try WorkerName(parsing: text), nil) }
        let name = try WorkerName(parsing: text[..<at])
        let selector = text[text.index(after: at)...]
        if selector.isEmpty { throw WorkerSourceError(text: text, problem: .emptySelector) }
        do {
            return .registry(name, try VersionSelector(parsing: selector))
        } catch { throw WorkerSourceError(text: text, problem: .selector(error)) }
    }

    private static func image(_ text: String) throws -> WorkerSource {
        let reference: ImageReference
        do {
            reference = try ImageReference(parsing: text)
        } catch { throw WorkerSourceError(text: text, problem: .image(error)) }
        do {
            return .image(reference, try WorkerName(parsing: reference.lastPathComponent))
        } catch { throw WorkerSourceError(text: text, problem: .imageName(error)) }
    }
}

extension WorkerSource: CustomStringConvertible {
    /// As it is written on a command line: `pdfkit@^1.2`, `./folder`, `ghcr.io/org/worker:1`.
    package var description: String {
        switch self {
        case .registry(let name, let selector): selector.map { "\(name)@\($0)" } ?? "\(name)"
        case .localPath(let path): path
        case .image(let reference, _): "\(reference)"
        }
    }
}

/// Why a text names no worker.
///
/// W101.
package struct WorkerSourceError: CodedError {
    /// What was wrong.
    package enum Problem: Sendable {
        case empty
        case emptySelector
        case selector(VersionError)
        case image(ImageReferenceError)
        case imageName(WorkerNameError)
    }

    package let text: String
    package let problem: Problem

    package var code: ErrorCode { .invalidSource }

    package var message: String {
        let shown = "`\(PrintableText(text, limit: 200))`"
        return switch problem {
        case .empty: "a source cannot be empty"
        case .emptySelector: "\(shown) names no version after `@`"
        case .selector: "\(shown) asks for a version that makes no sense"
        case .image: "\(shown) is not an image reference"
        case .imageName: "the image \(shown) gives its worker no valid name"
        }
    }

    package var cause: (any Error)? {
        switch problem {
        case .empty, .emptySelector: nil
        case .selector(let error): error
        case .image(let error): error
        case .imageName(let error): error
        }
    }

    package var hints: [String] {
        if text.contains("://") {
            return ["a source is no URL: an image is written without it, as `ghcr.io/org/image:tag`"]
        }
        return ["a source is `NAME`, `NAME@1.2`, `ghcr.io/org/image:tag` or `./folder`"]
    }
}
