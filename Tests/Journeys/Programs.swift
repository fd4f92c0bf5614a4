// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The two programs as they were built beside these tests, and what they left behind.
enum Programs {
    /// The folder of the build: the tests' own executable lies in it.
    static let folder: FilePath = {
        let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        return FilePath(executable).removingLastComponent()
    }()

    static let repository: FilePath = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()

    /// Machines are tried where their parts are, and wherever they must be.
    static let haveMachines =
        FileManager.default.fileExists(atPath: "/usr/bin/qemu-system-x86_64")
        || ProcessInfo.processInfo.environment["CI"] != nil

    struct Result: Sendable {
        let status: Int32
        let output: String
        let talk: String

        /// This result, where the program ended with 0.
        func succeeded(_ arguments: [String]) throws -> Result {
            if status != 0 { throw DidNotSucceed(arguments: arguments, result: self) }
            return self
        }
    }

    struct DidNotSucceed: Error {
        let arguments: [String]
        let result: Result
    }

    /// Runs a program to its end.
    static func run(
        _ program: String,
        _ arguments: [String],
        in folder: FilePath,
        variables: [String: String]
    ) async throws -> Result {
        let result = try await Subprocess.run(
            .path(self.folder.appending(program)),
            arguments: Arguments(arguments),
            environment: environment(variables),
            workingDirectory: folder,
            output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22)
        )
        // What every journey shows its user is held to the language of users.
        PlainWords.expect(in: result.standardError, of: "\(program) \(arguments.joined(separator: " "))")
        return Result(
            status: result.terminationStatus.code,
            output: result.standardOutput,
            talk: result.standardError
        )
    }

    /// Nothing of the tests' own environment reaches the programs but the way to other programs.
    static func environment(_ variables: [String: String]) -> Environment {
        var all: [Environment.Key: String] = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        for (key, value) in variables { all[Environment.Key(stringLiteral: key)] = value }
        return .custom(all)
    }
}

extension TerminationStatus {
    /// The exit status, or 128 and the signal as shells have it.
    var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

/// A registry that serves on loopback while a test runs, and a home and a project to use it from.
struct Road: Sendable {
    let folder: FilePath
    let url: String
    let key: String
    /// The process of the registry, for tests that kill it.
    let registry: ProcessIdentifier
    var homeName = "home"

    var data: FilePath { folder.appending("registry") }
    var home: FilePath { folder.appending(homeName) }
    var project: FilePath { folder.appending("project") }
    var store: FilePath { home.appending("store/sha256") }

    var variables: [String: String] {
        ["III_API_URL": url, "III_HOME": home.string, "III_NO_TELEMETRY": "1", "HOME": folder.string]
    }

    /// Starts a registry in a new folder, runs `body`, ends the registry.
    static func open<Result: Sendable>(_ body: @escaping @Sendable (Road) async throws -> Result) async throws -> Result
    {
        try await JourneyPlaces.shared.hold {
            try await withTemporaryDirectory { folder in
                for name in ["project", "home"] {
                    try FileManager.default.createDirectory(
                        atPath: folder.appending(name).string,
                        withIntermediateDirectories: true
                    )
                }
                return try await serving(folder, body)
            }
        }
    }

    /// Serves the registry of a folder that is there already.
    static func serving<Result: Sendable>(
        _ folder: FilePath,
        on address: String = "127.0.0.1:0",
        _ body: @escaping @Sendable (Road) async throws -> Result
    ) async throws -> Result {
        let data = folder.appending("registry").string
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        let result = try await Subprocess.run(
            .path(Programs.folder.appending("iii-registry")),
            arguments: ["serve", "--listen", address, "--data", data],
            environment: Programs.environment(["HOME": folder.string]),
            platformOptions: options,
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            for try await line in execution.standardOutput.strings() where line.hasPrefix("listening on ") {
                let key = try await Programs.run(
                    "iii-registry",
                    ["key", "create", "--data", data, "--account", "tester"],
                    in: folder,
                    variables: [:]
                )
                try #require(key.status == 0, "\(key.talk)")
                let road = Road(
                    folder: folder,
                    url: String(line.dropFirst("listening on ".count)),
                    key: key.output.trimmingCharacters(in: .whitespacesAndNewlines),
                    registry: execution.processIdentifier
                )
                let result = try await body(road)
                await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))])
                return result
            }
            throw RegistryDidNotStart()
        }
        return result.takeClosureResult()
    }

    struct RegistryDidNotStart: Error {}

    /// Runs `iii` in the project.
    func iii(
        _ arguments: String...,
        variables: [String: String] = [:],
        in folder: FilePath? = nil
    ) async throws
        -> Programs.Result
    {
        try await Programs.run(
            "iii",
            arguments,
            in: folder ?? project,
            variables: self.variables.merging(variables) { $1 }
        )
    }

    /// Runs `iii` in the project.
    func run(_ arguments: [String]) async throws -> Programs.Result {
        try await Programs.run("iii", arguments, in: project, variables: variables)
    }

    /// Runs `iii` in the project, which has to succeed.
    @discardableResult
    func does(
        _ arguments: String...,
        variables: [String: String] = [:],
        in folder: FilePath? = nil
    ) async throws -> Programs.Result {
        try await Programs.run(
            "iii",
            arguments,
            in: folder ?? project,
            variables: self.variables.merging(variables) { $1 }
        ).succeeded(arguments)
    }

    /// Runs `iii worker` beside the project, with the author's key.
    func author(_ arguments: String...) async throws -> Programs.Result { try await author(arguments) }

    func author(_ arguments: [String], in folder: FilePath? = nil) async throws -> Programs.Result {
        try await Programs.run(
            "iii",
            ["worker"] + arguments,
            in: folder ?? self.folder,
            variables: variables.merging(["III_API_KEY": key]) { $1 }
        )
    }

    /// Publishes a bundle of the given files, which has to succeed unless it `mayFail`.
    @discardableResult
    func publish(
        _ name: String,
        _ version: String,
        needs: [String: String] = [:],
        extra: String = "",
        files: [String: String] = [:],
        arguments: [String] = [],
        mayFail: Bool = false
    ) async throws -> Programs.Result {
        let source = folder.appending("source/\(name)-\(version)")
        let dependencies = needs.sorted { $0.key < $1.key }.map { "  \($0.key): \"\($0.value)\"" }
        var manifest = "name: \(name)\nversion: \(version)\nlanguage: python\nscripts:\n  start: python -m main\n"
        if !dependencies.isEmpty { manifest += "dependencies:\n" + dependencies.joined(separator: "\n") + "\n" }
        try write(
            ["iii.worker.yaml": manifest + extra, "main.py": "print('\(name) \(version)')\n"].merging(files) { $1 },
            in: source
        )
        let result = try await author(["publish", source.string] + arguments)
        return mayFail ? result : try result.succeeded(["worker", "publish", name, version] + arguments)
    }

    /// What the registry answers to a question without a key.
    func get(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: try Shell.run("curl -sSf '\(url)\(path)'", in: folder))
    }

    func write(_ files: [String: String], in folder: FilePath) throws {
        for (path, text) in files {
            let file = folder.appending(path)
            try FileManager.default.createDirectory(
                atPath: file.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
        }
    }

    func write(_ name: String, _ bytes: [UInt8], in folder: FilePath) throws {
        let file = folder.appending(name)
        let place = file.removingLastComponent().string
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file.string))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: project.appending(name).string).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every path below a folder, sorted, links as they are.
    func tree(_ folder: FilePath) -> [String] {
        (FileManager.default.subpaths(atPath: folder.string) ?? []).sorted()
    }
}
