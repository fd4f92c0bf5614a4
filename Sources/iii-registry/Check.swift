// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryDatabase
import ArgumentParser
import Diagnostics
import HostSystem
import RegistryService
import RegistryStorage

/// `iii-registry check`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that everything is there: the database, and each blob with the right bytes.",
        discussion: """
            Changes nothing and may run while the registry serves. Ends with status 3 where it finds damage.

            Examples:
              iii-registry check --data ./registry-data
            """
    )

    @OptionGroup var data: DataOptions

    func run() async throws {
        let path = try data.path(in: try HostEnvironment.live())
        let report: CheckRegistry.Report
        do {
            let folder = try DataFolder.existing(path)
            try await folder.store.check()
            report = try await CheckRegistry(store: folder.store, blobs: folder.blobs)()
            try await folder.store.close()
        } catch let error as RegistryStorageError where error.isDamage {
            for line in ErrorReport(error).lines { Output.say(line) }
            throw ExitCode(3)
        }
        for damage in report.damages { Output.result("damage: \(damage.message)") }
        Output.result("\(report.versions) versions and \(report.blobs) blobs checked, \(report.damages.count) damaged")
        if !report.damages.isEmpty { throw ExitCode(3) }
    }
}

extension RegistryStorageError {
    /// Whether the file of the database itself is not what it was.
    fileprivate var isDamage: Bool {
        switch self {
        case .damaged, .notARegistry: true
        default: false
        }
    }
}
