// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ProjectFiles

/// Finding a project, reading its files, holding its lock.
struct ProjectTests {
    private func environment(_ folder: FilePath, _ variables: [String: String] = [:]) -> HostEnvironment {
        HostEnvironment(variables: variables, currentDirectory: folder)
    }

    @Test func findsTheNearestFolderUpward() throws {
        try withTemporaryDirectory { root in
            let deep = root.appending("a/b/c")
            try HostFiles.makeDirectory(deep)
            try HostFiles.write([], to: root.appending("config.yaml"))
            #expect(try Project.find(environment(deep))?.folder == root)
            try HostFiles.write([], to: root.appending("a/b/config.yaml"))
            #expect(try Project.find(environment(deep))?.folder == root.appending("a/b"))
            // A folder of that name is no configuration.
            try HostFiles.makeDirectory(deep.appending("config.yaml"))
            #expect(try Project.find(environment(deep))?.folder == root.appending("a/b"))
        }
    }

    @Test func theEnvironmentComesFirst() throws {
        try withTemporaryDirectory { root in
            try HostFiles.write([], to: root.appending("config.yaml"))
            let project = try #require(
                try Project.find(environment(root, ["III_CONFIG_PATH": "sub/../other/iii.yaml"]))
            )
            #expect(project.configPath == root.appending("other/iii.yaml"))
            #expect(project.lockfilePath == root.appending("other/iii.lock"))
            #expect(try project.readConfig() == nil)
            #expect(try Project.find(environment(root, ["III_CONFIG_PATH": ""]))?.folder == root)
        }
    }

    /// A lock file that cannot be one is the lock file's fault, and nobody waits for a pipe.
    @Test func whatIsNoLockFileIsSaidOfTheLockFile() throws {
        try withTemporaryDirectory { root in
            let project = Project.beginning(in: environment(root))
            try HostFiles.makeDirectory(project.lockfilePath)
            try expectInvalid(project, "folder")
            try HostFiles.removeTree(project.lockfilePath)
            #expect(project.lockfilePath.withPlatformString { mkfifo($0, 0o600) } == 0)
            try expectInvalid(project, "pipe")
            try HostFiles.removeFile(project.lockfilePath)
            try HostFiles.write([UInt8](repeating: 0x23, count: 9 << 20), to: project.lockfilePath)
            try expectInvalid(project, "8 MiB")
            #expect(project.configPath.withPlatformString { mkfifo($0, 0o600) } == 0)
            let error = #expect(throws: ProjectError.self) { try project.readConfig() }
            #expect(error?.code == .configIO)
        }
    }

    private func expectInvalid(_ project: Project, _ word: String) throws {
        let error = #expect(throws: ProjectError.self) { try project.readLockfile() }
        #expect(error?.code == .lockfileInvalid)
        #expect(error?.message.contains(project.lockfilePath.string) == true)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func readsItsFilesOrNamesThemInErrors() throws {
        try withTemporaryDirectory { root in
            let project = Project.beginning(in: environment(root))
            #expect(try project.readConfig() == nil && project.readLockfile() == nil)
            try HostFiles.write(Array("workers: [{name: a}]\n".utf8), to: project.configPath)
            try HostFiles.write(Array("version: 1\nworkers: {}\n".utf8), to: project.lockfilePath)
            #expect(try project.readConfig()?.entries.count == 1)
            #expect(try project.readLockfile() == Lockfile())
            try HostFiles.write(Array("a: [\n".utf8), to: project.configPath)
            let config = #expect(throws: ProjectError.self) { try project.readConfig() }
            #expect(config?.code == .configParse && config?.message.contains(project.configPath.string) == true)
            try HostFiles.write(Array("version: 9\nworkers: {}\n".utf8), to: project.lockfilePath)
            let lock = #expect(throws: ProjectError.self) { try project.readLockfile() }
            #expect(lock?.code == .lockfileInvalid && lock?.message.contains(project.lockfilePath.string) == true)
            #expect(lock?.hints.first?.contains("update") == true)
        }
    }

    @Test func filesBeyondTheirLimitAreNotRead() throws {
        try withTemporaryDirectory { root in
            let project = Project.beginning(in: environment(root))
            let size = Int(ConfigFile.maximumSize.bytes)
            try HostFiles.write([UInt8](repeating: UInt8(ascii: "#"), count: size + 1), to: project.configPath)
            let error = #expect(throws: ProjectError.self) { try project.readConfig() }
            #expect(error?.code == .configIO)
        }
    }

    @Test func secondCommandWaitsAndThenGivesUp() async throws {
        try await withTemporaryDirectory { root in
            let project = Project.beginning(in: environment(root))
            let held = try await project.lock(waitingUpTo: .zero)
            var told: FileLock.Holder?
            await #expect(throws: FileLockBusy.self) {
                try await project.lock(waitingUpTo: .milliseconds(30)) { told = $0 }
            }
            #expect(told?.processID == getpid())
            held.release()
            try await project.lock(waitingUpTo: .zero).release()
        }
    }

    @Test(.enabled(if: getuid() != 0, "root may write everywhere")) func unwritableFolderNamesTheNextStep() async throws
    {
        try await withTemporaryDirectory { root in
            try HostFiles.setMode(0o500, of: root)
            let project = Project.beginning(in: environment(root))
            let error = try await #require(throws: ProjectError.self) { try await project.lock() }
            #expect(error.code == .configIO)
            #expect(error.hints.first?.contains("make the folder `\(root.string)` writable") == true)
        }
    }

    @Test func missingFolderNamesTheNextStep() async throws {
        try await withTemporaryDirectory { root in
            let project = Project(configPath: root.appending("gone/config.yaml"))
            let error = try await #require(throws: ProjectError.self) { try await project.lock() }
            #expect(error.code == .configIO)
            #expect(error.hints == ["create the folder `\(root.appending("gone").string)` first"])
        }
    }
}
