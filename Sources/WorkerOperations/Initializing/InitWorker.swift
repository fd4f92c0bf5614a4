// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
package import SystemPackage
package import WorkerModel

/// Begins the project of a worker: a folder that can be checked, published and called as it is.
package struct InitWorker: Sendable {
    package struct Request: Sendable {
        package var folder: FilePath
        /// Nil for the name of the folder.
        package var name: String?
        package var language: ProjectLanguage
        /// Write into a folder that has files; those that are there stay as they are.
        package var allowsOthers = false

        package init(folder: FilePath, language: ProjectLanguage) {
            self.folder = folder
            self.language = language
        }
    }

    package struct Outcome: Sendable {
        package let name: WorkerName
        package let folder: FilePath
        /// Relative to the folder, in the order of writing.
        package let written: [String]
        /// Files that were there already.
        package let kept: [String]
    }

    private let host: TargetTriple?

    /// The files of a new project as texts, to be shown.
    package static func example(_ language: ProjectLanguage, named name: String) -> [(path: String, text: String)] {
        let values = TemplateValues(name: name, target: nil)
        return language.files(values).map { ($0.path, values.fill($0.text)) }
    }

    package init(host: TargetTriple?) { self.host = host }

    /// Writes the files; without a name the worker is named after the folder.
    ///
    /// - Throws: `WorkerNameError` for a folder whose name no worker can have, `InitError` for one that is not empty,
    ///   `HostError`.
    package func run(_ request: Request) throws -> Outcome {
        let folder = request.folder
        let name = try WorkerName(parsingPublished: request.name ?? folder.lastComponent?.string ?? "")
        let others = try HostFiles.entries(of: folder).filter { $0 != ".git" }
        if !others.isEmpty, !request.allowsOthers { throw InitError.notEmpty(folder, example: others[0]) }
        let values = TemplateValues(name: name.description, target: host?.description)
        try HostFiles.makeDirectory(folder)
        var (written, kept): ([String], [String]) = ([], [])
        for file in request.language.files(values) {
            let path = folder.pushing(FilePath(file.path))
            guard try HostFiles.kind(of: path) == nil else {
                kept.append(file.path)
                continue
            }
            try HostFiles.makeDirectory(path.removingLastComponent())
            try HostFiles.write(Array(values.fill(file.text).utf8), to: path)
            written.append(file.path)
        }
        return Outcome(name: name, folder: folder, written: written, kept: kept)
    }
}

/// Why no project was begun.
///
/// W111.
package enum InitError: CodedError {
    case notEmpty(FilePath, example: String)

    package var code: ErrorCode { .alreadyExists }

    package var message: String {
        switch self {
        case .notEmpty(let folder, let example):
            "`\(folder.string.printable)` is not empty: it has `\(example.printable)`"
        }
    }

    package var hints: [String] {
        ["choose a new folder, or pass `--allow-non-empty`: files that are there stay as they are"]
    }
}
