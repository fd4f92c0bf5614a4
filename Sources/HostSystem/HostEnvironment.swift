// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Diagnostics
package import SystemPackage

/// What a program knows of the process it runs in, as a value that tests can make up.
package struct HostEnvironment: Sendable {
    package var variables: [String: String]
    /// An absolute path.
    package var currentDirectory: FilePath

    package init(variables: [String: String], currentDirectory: FilePath) {
        self.variables = variables
        self.currentDirectory = currentDirectory
    }

    /// The environment of this process.
    ///
    /// - Throws: `HostError` where the current folder has been removed.
    package static func live() throws(HostError) -> HostEnvironment {
        var variables: [String: String] = [:]
        // Safety: `environ` is a nil-terminated list of C strings; nothing in these programs changes it.
        var entry = unsafeEnvironment
        while let pointer = entry?.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry = entry?.advanced(by: 1)
        }
        return HostEnvironment(variables: variables, currentDirectory: try HostFiles.currentDirectory())
    }

    /// The value of a variable, nil where it is unset or empty.
    package subscript(variable: EnvironmentVariable) -> String? {
        guard let value = variables[variable.rawValue], !value.isEmpty else { return nil }
        return value
    }

    /// The value of a variable that may be set in small letters, which win, or in capitals; nil where both are unset or
    /// empty.
    ///
    /// A server program that runs a script hands the `Proxy` header of its client over as `HTTP_PROXY`: where a request is
    /// being answered so, that one does not count.
    package func inEitherCase(_ variable: EnvironmentVariable) -> String? {
        if let value = variables[variable.rawValue.lowercased()], !value.isEmpty { return value }
        if variable == .httpProxy, variables["REQUEST_METHOD"] != nil { return nil }
        return self[variable]
    }

    /// Whether a switch is exactly `1`.
    package func isOn(_ variable: EnvironmentVariable) -> Bool { self[variable] == "1" }

    /// Whether a continuous-integration service runs the program.
    package var isContinuousIntegration: Bool { ContinuousIntegration.variables.contains { variables[$0] != nil } }

    /// `path` as an absolute path: `~/` expanded, relative ones below the current folder, `.` and `..` resolved as text.
    package func absolute(_ path: String) -> FilePath {
        if path == "~" || path.hasPrefix("~/"), let home = self[.userHome] {
            return FilePath(home).appending(String(path.dropFirst(2))).lexicallyNormalized()
        }
        return currentDirectory.pushing(FilePath(path)).lexicallyNormalized()
    }

    private static var unsafeEnvironment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { iii_environment() }
}

extension HostEnvironment {
    /// The first file of that name in the folders of `PATH`, and where the system keeps programs.
    package func program(_ name: String) -> FilePath? {
        let folders = (variables["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders + ["/usr/bin", "/bin", "/usr/local/bin"] where folder.hasPrefix("/") {
            let path = FilePath(folder).appending(name)
            if let kind = try? HostFiles.kind(of: path), kind != .directory { return path }
        }
        return nil
    }
}
