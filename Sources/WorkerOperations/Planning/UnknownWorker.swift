// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
import Manifests
import RegistryAPI
package import RegistryClient
package import SystemPackage
package import WorkerModel

/// A name that the registry does not have, with what may have been meant.
///
/// W110, in the words of the registry.
package struct UnknownWorker: CodedError {
    let name: WorkerName
    /// Names that the registry does have, and that are much like it.
    let alike: [String]
    /// A worker's folder of that name, as it would have to be written.
    let folder: String?
    let refusal: RegistryClientError

    package var code: ErrorCode { refusal.code }
    package var message: String { refusal.message }
    package var details: [(key: String, value: String)] { [("name", name.description)] + refusal.details }
    package var hints: [String] {
        let folder = folder.map { "`\($0)` is a worker's folder: `iii worker add \($0)` adds that" }
        let found = [folder, Likeness.hint(for: name.description, among: alike)].compactMap { $0 }
        return found.isEmpty ? refusal.hints : found
    }
}

extension RegistryConnection {
    /// Runs `body`, which asks for one worker; where the registry has none of that name, looks for names like it.
    ///
    /// - Throws: What `body` throws; `UnknownWorker` in the place of a bare refusal.
    package func asking<Result: Sendable>(
        for name: WorkerName,
        besides folder: FilePath? = nil,
        _ body: @Sendable (RegistryClient) async throws -> Result
    ) async throws -> Result {
        do { return try await body(client) } catch let refusal as RegistryClientError where refusal.isAbout(name) {
            var question = ListQuestion(search: name.description)
            question.pageSize = 20
            // Whoever cannot answer this has given the answer that matters.
            let page = try? await client.list(question)
            let names = page?.workers.map(\.name.description) ?? []
            throw UnknownWorker(
                name: name,
                alike: Likeness.nearest(to: name.description, among: names),
                folder: folder.flatMap { Self.worker(name, in: $0) },
                refusal: refusal
            )
        }
    }

    private static func worker(_ name: WorkerName, in folder: FilePath) -> String? {
        let manifest = folder.appending(name.description).appending(WorkerManifest.fileName)
        // What cannot be looked at is no hint.
        return (try? HostFiles.kind(of: manifest)) == .file ? "./\(name)" : nil
    }
}

extension RegistryClientError {
    /// Whether the registry says of this worker, and not of one that it needs, that it has none.
    fileprivate func isAbout(_ name: WorkerName) -> Bool {
        code == .workerNotFound && (envelope?.dependencyPath.map { $0 == name.description } ?? true)
    }
}
