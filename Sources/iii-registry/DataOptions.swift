// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import RegistryDatabase
import RegistryServer
import RegistryStorage
import SystemPackage
import WorkerModel

/// Where the registry's data are.
struct DataOptions: ParsableArguments {
    private static let largestFile = ByteCount.kibibytes(64)

    @Option(name: .customLong("data"), help: .setting(.data, "dir"))
    var folder: String?

    @Option(
        help: ArgumentHelp(
            "A file of settings (III_REGISTRY_CONFIG).",
            discussion: "docs/registry-configuration.md lists what may stand there.",
            valueName: "file"
        )
    )
    var config: String?

    /// What the file, the environment and `--data` say, the last one counting.
    func values(in environment: HostEnvironment) throws -> SettingValues {
        var values = SettingValues()
        let variable = environment.variables["III_REGISTRY_CONFIG"] ?? ""
        if let file = config ?? (variable.isEmpty ? nil : variable) {
            let path = environment.absolute(file)
            guard let bytes = try HostFiles.read(path, upTo: Self.largestFile) else { throw NoSettingsFile(path: path) }
            try values.add(file: bytes, path: path.string)
        }
        values.add(environment: environment.variables)
        if let folder { values.add(flag: .data, folder) }
        return values
    }

    /// The folder of the registry.
    func path(in environment: HostEnvironment) throws -> FilePath {
        Self.path(try values(in: environment), in: environment)
    }

    static func path(_ values: SettingValues, in environment: HostEnvironment) -> FilePath {
        environment.absolute(values[.data]?.text ?? Setting.data.standard ?? ".")
    }

    /// Runs `body` on the records of a registry that was started at least once.
    func withStore<Value: Sendable>(_ body: (any RegistryStore) async throws -> Value) async throws -> Value {
        try await withFolder { try await body($0.store) }
    }

    /// Runs `body` on the folder of a registry that was started at least once, as the user to whom it belongs.
    func withFolder<Value: Sendable>(_ body: (DataFolder) async throws -> Value) async throws -> Value {
        let path = try path(in: try HostEnvironment.live())
        try HostProcess.becomeOwner(of: path)
        let folder = try DataFolder.existing(path)
        let value: Value
        do { value = try await body(folder) } catch {
            // What went wrong first is what counts.
            try? await folder.store.close()
            throw error
        }
        try await folder.store.close()
        return value
    }
}

/// No file of settings where one was named.
///
/// W133.
struct NoSettingsFile: CodedError {
    let path: FilePath

    var code: ErrorCode { .invalidSetting }
    var message: String { "there is no file of settings `\(path.string.printable)`" }
    var hints: [String] { ["check `--config` and `III_REGISTRY_CONFIG`"] }
}

extension ArgumentHelp {
    /// The help of a flag that is a setting.
    static func setting(_ setting: Setting, _ valueName: String) -> ArgumentHelp {
        let fallback = setting.standard.map { "Without it, \($0)." } ?? ""
        return ArgumentHelp("\(setting.meaning) (\(setting.variable))", discussion: fallback, valueName: valueName)
    }
}
