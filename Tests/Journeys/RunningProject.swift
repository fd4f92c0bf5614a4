// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// `iii` running the project of a road.
struct RunningProject: Sendable {
    let road: Road
    let url: String
    let process: ProcessIdentifier

    /// Runs `body` while the engine runs, then ends it as a service manager would.
    ///
    /// As another user it runs the programs below `bin` of the road's folder.
    static func open<Result: Sendable>(
        _ road: Road,
        listen: String = "127.0.0.1:0",
        as user: String? = nil,
        _ body: @escaping @Sendable (RunningProject) async throws -> Result
    ) async throws -> Result {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))]
        let talk = try FileDescriptor.open(
            road.folder.appending("engine.log"),
            .writeOnly,
            options: [.create, .append],
            permissions: .ownerReadWrite
        )
        let result = try await Subprocess.run(
            .path(user == nil ? Programs.folder.appending("iii") : "/usr/bin/setpriv"),
            arguments: Arguments(
                (user.map { user in
                    ["--reuid", user, "--regid", user, "--clear-groups", road.folder.appending("bin/iii").string]
                } ?? []) + ["--listen", listen]
            ),
            environment: Programs.environment(road.variables),
            workingDirectory: road.project,
            platformOptions: options,
            input: .none,
            output: .sequence,
            error: .fileDescriptor(talk, closeAfterSpawningProcess: true)
        ) { execution in
            for try await line in execution.standardOutput.strings() where line.hasPrefix("listening on ") {
                let running = RunningProject(
                    road: road,
                    url: String(line.dropFirst("listening on ".count)),
                    process: execution.processIdentifier
                )
                let result: Swift.Result<Result, any Error>
                do { result = .success(try await body(running)) } catch { result = .failure(error) }
                await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(20))])
                return try result.get()
            }
            throw DidNotStart(talk: road.engineTalk)
        }
        return result.takeClosureResult()
    }

    /// `127.0.0.1:PORT`.
    var address: String { String(url.dropFirst("ws://".count)) }

    struct DidNotStart: Error { let talk: String }

    /// What `worker status --json` says of one worker.
    func status(_ name: String) async throws -> JSONValue {
        let result = try await road.iii("worker", "status", name, "--json")
        return try JSONValue(parsing: result.output)
    }

    /// Asks again until a worker's status suits.
    func wait(for name: String, _ suits: (JSONValue) -> Bool) async throws -> JSONValue {
        while true {
            let status = try await status(name)
            if suits(status) { return status }
            try Task.checkCancellation()
        }
    }
}

extension Road {
    /// What the engine said so far.
    var engineTalk: String {
        FileManager.default.contents(atPath: folder.appending("engine.log").string)
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Publishes one of the workers in Swift below `Examples/`: as a script that runs what was built beside these tests,
    /// since nobody has to wait for fifty megabytes that are packed and unpacked by a debug build.
    @discardableResult
    func publishExample(_ name: String, arguments more: [String] = []) async throws -> Programs.Result {
        let manifest = Programs.repository.appending("Examples/\(name)/iii.worker.yaml").string
        let source = folder.appending("source/\(name)")
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        // Not what the manifest names: its builds are not made here.
        let kept = text.split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { $0 != "artifacts:" }.joined(separator: "\n")
        try write(["iii.worker.yaml": kept + "\n"], in: source)
        try write(name, TestProgram.running("exec \(Programs.folder.appending(name))"), in: source)
        let arguments = ["publish", source.string, "--artifact", source.appending(name).string] + more
        return try await author(arguments).succeeded(arguments)
    }

    /// Publishes a script as a native worker of this platform.
    func publishScript(_ name: String, _ version: String, _ script: String) async throws {
        let source = folder.appending("source/\(name)-\(version)")
        try write(["iii.worker.yaml": "name: \(name)\nversion: \(version)\ndeploy: binary\n"], in: source)
        try write(name, TestProgram.running(script), in: source)
        let arguments = ["publish", source.string, "--artifact", source.appending(name).string]
        _ = try await author(arguments).succeeded(arguments)
    }
}
