// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import HostSystem
import SystemPackage
import Testing
import WorkerModel

@testable import Archives

/// Programs that read and write archives for other people: what they see is what we must see.
enum Tool {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program and gives what it wrote to stdout.
    @discardableResult
    static func run(_ command: String, in folder: FilePath) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-euc", command]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: "\(command): \(complaint)") }
        #expect(complaint.isEmpty, "\(command)")
        return text
    }

    static func read(_ path: FilePath) throws -> [UInt8] {
        try #require(try HostFiles.read(path, upTo: .mebibytes(64)))
    }
}

/// A tree of files in memory, to compare trees on disk by.
struct Tree: Equatable, CustomStringConvertible {
    struct File: Equatable {
        let digest: Digest
        let isExecutable: Bool
    }

    var files: [String: File] = [:]
    var folders: Set<String> = []

    /// What lies below a folder on disk; anything but files and folders fails the test.
    init(below root: FilePath) throws { try add(root, "") }

    init(_ listing: ArchiveListing) {
        for file in listing.files { files[file.path] = File(digest: file.digest, isExecutable: file.isExecutable) }
        folders = Set(listing.directories)
    }

    private mutating func add(_ folder: FilePath, _ prefix: String) throws {
        for name in try HostFiles.entries(of: folder) {
            let path = folder.appending(name)
            switch try HostFiles.kind(of: path) {
            case .directory:
                folders.insert(prefix + name)
                try add(path, prefix + name + "/")
            case .file:
                let mode = try HostFiles.mode(of: path) ?? 0
                files[prefix + name] = File(digest: .sha256(try Tool.read(path)), isExecutable: mode & 0o100 != 0)
            default: Issue.record("\(path) is neither file nor folder")
            }
        }
    }

    var description: String { (Array(files.keys) + folders.map { $0 + "/" }).sorted().joined(separator: " ") }
}
