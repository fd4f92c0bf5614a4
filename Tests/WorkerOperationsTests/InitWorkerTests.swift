// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

/// Projects that were just begun pass our own checks, and their languages read them.
@Suite struct InitWorkerTests {
    private static let host = TargetTriple(.x86_64, .linux(.gnu))

    private func makeProject(_ language: ProjectLanguage, in folder: FilePath) throws -> InitWorker.Outcome {
        try InitWorker(host: Self.host).run(.init(folder: folder.appending("my-worker"), language: language))
    }

    @Test(arguments: ProjectLanguage.allCases)
    func passesItsOwnChecks(_ language: ProjectLanguage) async throws {
        try await withTemporaryDirectory { folder in
            let outcome = try makeProject(language, in: folder)
            #expect(outcome.name.description == "my-worker" && outcome.kept.isEmpty)
            let check = CheckWorker(home: IIIHome(root: folder.appending("home")))
            let report = try await check.run(.init(path: outcome.folder))
            // What TypeScript makes is packed, and is not made yet.
            #expect(report.isFit == (language != .typescript), "\(report.findings.map(\.text))")
            #expect(report.use == ([.rust, .swift].contains(language) ? .binary : .bundle))
            // What has to be built first is told so.
            #expect(report.findings.isEmpty == (language.buildCommand == nil), "\(report.findings.map(\.text))")
            for file in outcome.written {
                let bytes = try HostFiles.read(outcome.folder.pushing(FilePath(file)), upTo: .mebibytes(1)) ?? []
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains("@NAME@") && !text.contains("@PREFIX@"), "\(file)")
            }
        }
    }

    @Test func whatIsThereStays() throws {
        try withTemporaryDirectory { folder in
            let place = folder.appending("my-worker")
            try HostFiles.makeDirectory(place)
            try HostFiles.write(Array("mine".utf8), to: place.appending("main.py"))
            let error = #expect(throws: InitError.self) { try makeProject(.python, in: folder) }
            #expect(error?.code == .alreadyExists)
            var request = InitWorker.Request(folder: place, language: .python)
            request.allowsOthers = true
            let outcome = try InitWorker(host: Self.host).run(request)
            #expect(outcome.kept == ["main.py"] && outcome.written.contains("engine.py"))
            #expect(try HostFiles.read(place.appending("main.py"), upTo: .kibibytes(1)) == Array("mine".utf8))
        }
    }

    @Test func aNameWinsOverThatOfTheFolder() throws {
        try withTemporaryDirectory { folder in
            var request = InitWorker.Request(folder: folder.appending("some/place"), language: .python)
            request.name = "pdf-tools"
            let outcome = try InitWorker(host: nil).run(request)
            #expect(outcome.name.description == "pdf-tools")
            let bytes = try HostFiles.read(outcome.folder.appending("iii.worker.yaml"), upTo: .kibibytes(4)) ?? []
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("name: pdf-tools\n"))
        }
    }

    @Test func aFolderThatNoWorkerCanBeNamedAfterIsRefused() throws {
        try withTemporaryDirectory { folder in
            let request = InitWorker.Request(folder: folder.appending("My Worker"), language: .python)
            #expect(throws: WorkerNameError.self) { try InitWorker(host: nil).run(request) }
            let left = try HostFiles.entries(of: folder)
            #expect(left.isEmpty)
        }
    }
}
