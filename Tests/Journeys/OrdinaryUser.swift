// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Subprocess
import SystemPackage

/// Somebody on this machine who is not root: root may read and write everywhere.
enum OrdinaryUser {
    /// Nobody in particular.
    static let id = "65534"

    /// Gives a folder to the user.
    static func own(_ folder: FilePath, mode: Int = 0o755) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.string)
        if geteuid() == 0, let id = uid_t(id) { chown(folder.string, id, id) }
    }
}

extension Road {
    /// Runs `iii` as an ordinary user.
    func asUser(
        _ arguments: [String],
        home: FilePath,
        in folder: FilePath? = nil,
        variables more: [String: String] = [:]
    ) async throws -> Programs.Result {
        let variables = variables.merging(["III_HOME": home.string, "HOME": home.string]) { $1 }.merging(more) { $1 }
        if geteuid() != 0 {
            return try await Programs.run("iii", arguments, in: folder ?? project, variables: variables)
        }
        // The build may lie where ordinary users cannot look.
        let program = self.folder.appending("iii").string
        if !FileManager.default.fileExists(atPath: program) {
            try FileManager.default.copyItem(atPath: Programs.folder.appending("iii").string, toPath: program)
        }
        let result = try await Subprocess.run(
            .path("/usr/bin/setpriv"),
            arguments: Arguments(
                ["--reuid", OrdinaryUser.id, "--regid", OrdinaryUser.id, "--clear-groups", program] + arguments
            ),
            environment: Programs.environment(variables),
            workingDirectory: folder ?? project,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return Programs.Result(
            status: result.terminationStatus.code,
            output: result.standardOutput,
            talk: result.standardError
        )
    }
}
