// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import RegistryDatabase
import RegistryService
import RegistryStorage
import SystemPackage

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
        let report = try await DataFolder.check(try data.path(in: try HostEnvironment.live()))
        Output.result("\(report.versions) versions and \(report.blobs) blobs checked, no damage")
        if report.unnamed > 0 {
            Output.result("\(report.unnamed) blobs (\(report.unnamedBytes)) are named by no version")
        }
    }
}

extension DataFolder {
    /// Looks at every page of the database, every version and every byte of the blobs.
    ///
    /// - Throws: `FoundDamage` where something is not what it was; `NoRegistry`.
    static func check(_ path: FilePath, isUpgraded: Bool = false) async throws -> CheckRegistry.Report {
        let report: CheckRegistry.Report
        do {
            let folder = try DataFolder.existing(path, isUpgraded: isUpgraded)
            try await folder.store.check()
            report = try await CheckRegistry(store: folder.store, blobs: folder.blobs)()
            try await folder.store.close()
        } catch let error as RegistryStorageError where error.isDamage { throw FoundDamage(cause: error) }
        for damage in report.damages { Output.result("damage: \(damage.message)") }
        if report.damages.isEmpty { return report }
        throw FoundDamage(report: report)
    }
}

/// What a check found.
///
/// W122; the program ends with status 3.
struct FoundDamage: CodedError {
    let message: String
    var hints: [String] { ["stop the server, move the folder away, and restore a backup: `iii-registry restore FILE`"] }
    var code: ErrorCode { .storageIO }

    init(report: CheckRegistry.Report) {
        message = "\(report.versions) versions and \(report.blobs) blobs checked, \(report.damages.count) damaged"
    }

    init(cause: RegistryStorageError) { message = cause.message }
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
