// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// A docker-registry on a free port of the loopback interface.
package enum DockerRegistry {
    /// Runs it while `body` runs; its files are below `folder`, which exists.
    ///
    /// `remote` is a registry that it mirrors, by its URL.
    /// `authorization` is the value of `auth` in its settings, as YAML in braces; without one everybody may do everything.
    package static func run(
        in folder: FilePath,
        authorization: String? = nil,
        mirroring remote: String? = nil,
        _ body: (_ host: String) async throws -> Void
    ) async throws {
        let settings = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder.appending("registry"))}}
            http: {addr: "127.0.0.1:0"}
            """
        let path = folder.appending("registry.yml").string
        let others = [authorization.map { "auth: \($0)" }, remote.map { "proxy: {remoteurl: \"\($0)\"}" }]
        try ([settings] + others.compactMap(\.self) + [""]).joined(separator: "\n")
            .write(toFile: path, atomically: true, encoding: .utf8)
        try await LoopbackProgram.run("/usr/bin/docker-registry", ["serve", path], named: "registry", in: folder, body)
    }
}
