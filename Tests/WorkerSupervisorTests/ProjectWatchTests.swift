// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ProjectFiles
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerSupervisor

/// Which changes of a project's files are noticed.
@Suite(.timeLimit(.minutes(20))) struct ProjectWatchTests {
    /// Runs the watch; after each notice the text of `config.yaml` is looked up in `steps`, and its command is run.
    ///
    /// Ends with the text that has no step.
    private func follow(_ folder: FilePath, _ steps: [String: String], last: String) async throws {
        let project = Project(configPath: folder.appending("config.yaml"))
        let watch = try ProjectWatch(project)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await watch.run {
                    let bytes = try? HostFiles.read(project.configPath, upTo: .kibibytes(4))
                    let text = String(decoding: (bytes ?? nil) ?? [], as: UTF8.self)
                    if text == last { return withUnsafeCurrentTask { $0?.cancel() } }
                    if let command = steps[text] { _ = try? Shell.run(command, in: folder) }
                }
            }
            _ = try? Shell.run(steps[""] ?? "", in: folder)
            await group.waitForAll()
        }
    }

    private static func swap(to version: Int) -> String {
        "mkdir ..v\(version); printf \(version) > ..v\(version)/config.yaml; ln -s ..v\(version) ..new; mv -T ..new ..data"
    }

    /// As volumes of a cluster are replaced: the link in the middle is swapped, the file's own never changes.
    @Test func aSwappedLinkIsFollowedAgainAndAgain() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("\(Self.swap(to: 1)); ln -s ..data/config.yaml config.yaml", in: folder)
            try await follow(folder, ["": Self.swap(to: 2), "2": Self.swap(to: 3), "3": Self.swap(to: 4)], last: "4")
        }
    }

    /// Where the link points now is where a change is seen.
    @Test func aWriteBehindASwappedLinkIsSeen() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("\(Self.swap(to: 1)); ln -s ..data/config.yaml config.yaml", in: folder)
            try await follow(folder, ["": Self.swap(to: 2), "2": "printf 3 > ..v2/config.yaml"], last: "3")
        }
    }
}
