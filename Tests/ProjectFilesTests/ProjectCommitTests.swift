// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ProjectFiles

/// Both files change or neither does: whatever fails, whenever the process is killed.
struct ProjectCommitTests {
    private let old = (config: Array("workers: []\n".utf8), lock: Array("version: 1\nworkers: {}\n".utf8))
    private let new = (
        config: Array("workers: [{name: a}]\n".utf8), lock: Array("version: 1\nworkers: {}\nx: 1\n".utf8)
    )

    private var change: ProjectChange { ProjectChange(config: .write(new.config), lockfile: .write(new.lock)) }

    private func makeProject(_ root: FilePath) throws -> Project {
        let project = Project(configPath: root.appending("config.yaml"))
        try HostFiles.write(old.config, to: project.configPath)
        try HostFiles.write(old.lock, to: project.lockfilePath)
        return project
    }

    private func contents(_ project: Project) throws -> [[UInt8]?] {
        [
            try HostFiles.read(project.configPath, upTo: .mebibytes(1)),
            try HostFiles.read(project.lockfilePath, upTo: .mebibytes(1)),
        ]
    }

    private func expectTidy(_ project: Project, _ names: [String] = ["config.yaml", "iii.lock"]) throws {
        #expect(try HostFiles.entries(of: project.folder).filter { $0 != ".iii-worker.lock" } == names)
    }

    @Test func replacesBothFiles() async throws {
        try await withTemporaryDirectory { root in
            let project = try makeProject(root)
            let locked = try await project.lock()
            #expect(locked.recovery == .nothing)
            try locked.commit(change)
            #expect(try contents(project) == [new.config, new.lock])
            try expectTidy(project)
            try locked.commit(ProjectChange(lockfile: .remove))
            #expect(try contents(project) == [new.config, nil])
        }
    }

    @Test func createsWhatIsNotThere() async throws {
        try await withTemporaryDirectory { root in
            let project = Project(configPath: root.appending("config.yaml"))
            try await project.lock().commit(change)
            #expect(try contents(project) == [new.config, new.lock])
            #expect(try HostFiles.mode(of: project.configPath) == 0o644)
        }
    }

    @Test(arguments: ProjectCommit.Step.allCases, [true, false])
    func killedAtAnyStepIsFinishedOrTakenBack(_ step: ProjectCommit.Step, _ hasOldFiles: Bool) async throws {
        try await withTemporaryDirectory { root in
            let project = hasOldFiles ? try makeProject(root) : Project(configPath: root.appending("config.yaml"))
            let before = try contents(project)
            try ProjectCommit(project: project, change: change) { $0 == step ? .stop : .take }.run()
            let recovery = try await project.lock().recovery
            let isDecided = [.replaceConfig, .replaceLockfile, .removeJournal].contains(step)
            #expect(try contents(project) == (isDecided ? [new.config, new.lock] : before))
            #expect(recovery == (isDecided ? .finished : step == .stageConfig ? .nothing : .takenBack))
            try expectTidy(project, isDecided || hasOldFiles ? ["config.yaml", "iii.lock"] : [])
            #expect(try await project.lock().recovery == .nothing)
        }
    }

    @Test(arguments: ProjectCommit.Step.allCases, [true, false])
    func failureAtAnyStepLeavesEverythingAsItWas(_ step: ProjectCommit.Step, _ hasOldFiles: Bool) async throws {
        try await withTemporaryDirectory { root in
            let project = hasOldFiles ? try makeProject(root) : Project(configPath: root.appending("config.yaml"))
            let before = try contents(project)
            let full = HostError(.write, project.configPath, .noSpace)
            let commit = ProjectCommit(project: project, change: change) { $0 == step ? .fail(full) : .take }
            if step == .removeJournal {
                // By then all is in place, and the journal only says so.
                try commit.run()
                #expect(try contents(project) == [new.config, new.lock])
            } else {
                let error = #expect(throws: ProjectError.self) { try commit.run() }
                #expect(error?.code == .storageFull)
                #expect(try contents(project) == before)
                try expectTidy(project, hasOldFiles ? ["config.yaml", "iii.lock"] : [])
            }
            _ = try await project.lock()
            try expectTidy(project, hasOldFiles || step == .removeJournal ? ["config.yaml", "iii.lock"] : [])
        }
    }

    @Test func removalsAreFinishedToo() async throws {
        try await withTemporaryDirectory { root in
            let project = try makeProject(root)
            let change = ProjectChange(config: .write(new.config), lockfile: .remove)
            try ProjectCommit(project: project, change: change) { $0 == .replaceLockfile ? .stop : .take }.run()
            #expect(try contents(project) == [new.config, old.lock])
            #expect(try await project.lock().recovery == .finished)
            #expect(try contents(project) == [new.config, nil])
        }
    }

    @Test func whatSomebodyEditedMeanwhileIsLeftAlone() async throws {
        try await withTemporaryDirectory { root in
            let project = try makeProject(root)
            try ProjectCommit(project: project, change: change) { $0 == .replaceLockfile ? .stop : .take }.run()
            let edited = Array("workers: [{name: mine}]\n".utf8)
            try HostFiles.write(edited, to: project.configPath)
            #expect(try await project.lock().recovery == .leftAlone([project.configPath]))
            #expect(try contents(project) == [edited, old.lock])
            try expectTidy(project)
        }
    }

    @Test(arguments: [
        "", "{", "{\"version\":1,\"files\":[{\"role\":\"config\",\"before\":null", "[]", "{\"version\":2,\"files\":[]}",
        "\u{0}\u{0}",
    ])
    func tornJournalIsDiscarded(_ text: String) async throws {
        try await withTemporaryDirectory { root in
            let project = try makeProject(root)
            try HostFiles.write(new.config, to: root.appending(".config.yaml.iii-new"))
            try HostFiles.write(Array(text.utf8), to: project.journalPath)
            #expect(try await project.lock().recovery == .takenBack)
            #expect(try contents(project) == [old.config, old.lock])
            try expectTidy(project)
        }
    }

    /// A journal may come with a folder that somebody else packed: it can move nothing that is not already there.
    @Test func foreignJournalCannotReachOtherFiles() async throws {
        try await withTemporaryDirectory { root in
            let project = try makeProject(root)
            let absent = String(repeating: "0", count: 64)
            for role in ["config", "../../etc/passwd", "lock"] {
                let text =
                    #"{"version":1,"files":[{"role":"\#(role)","before":"\#(Digest.sha256(old.config))","after":"\#(absent)"}]}"#
                try HostFiles.write(Array(text.utf8), to: project.journalPath)
                _ = try await project.lock()
                #expect(try contents(project) == [old.config, old.lock])
                try expectTidy(project)
            }
        }
    }

    @Test func linksAreWrittenThroughAndModesKept() async throws {
        try await withTemporaryDirectory { root in
            let folder = root.appending("project")
            let shared = root.appending("shared")
            for path in [folder, shared] { try HostFiles.makeDirectory(path) }
            try HostFiles.write(old.config, to: shared.appending("real.yaml"), mode: 0o640)
            let project = Project(configPath: folder.appending("config.yaml"))
            try HostFiles.replaceLink(shared.appending("second.yaml"), to: "real.yaml")
            try HostFiles.replaceLink(project.configPath, to: "../shared/second.yaml")
            try await project.lock().commit(change)
            #expect(try HostFiles.kind(of: project.configPath) == .symbolicLink)
            #expect(try HostFiles.read(shared.appending("real.yaml"), upTo: .mebibytes(1)) == new.config)
            #expect(try HostFiles.mode(of: shared.appending("real.yaml")) == 0o640)
            #expect(try HostFiles.entries(of: shared) == ["real.yaml", "second.yaml"])
            try ProjectCommit(project: project, change: ProjectChange(config: .write(old.config))) {
                $0 == .replaceConfig ? .stop : .take
            }.run()
            #expect(try await project.lock().recovery == .finished)
            #expect(try HostFiles.read(shared.appending("real.yaml"), upTo: .mebibytes(1)) == old.config)
        }
    }

    @Test func linksInACircleAreRefused() async throws {
        try await withTemporaryDirectory { root in
            let project = Project(configPath: root.appending("config.yaml"))
            try HostFiles.replaceLink(project.configPath, to: "other")
            try HostFiles.replaceLink(root.appending("other"), to: "config.yaml")
            await #expect(throws: ProjectError.self) { try await project.lock() }
        }
    }
}
