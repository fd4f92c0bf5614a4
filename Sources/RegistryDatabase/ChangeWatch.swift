// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import Synchronization

/// Counts the commits that may change what readers are answered, as the database itself sees them.
///
/// It hangs below every statement, so no writer can forget it. What changes no answer is listed; all else counts.
final class ChangeWatch: TransactionObserver, Sendable {
    private static let countingTables: Set<String> = ["downloads", "download_days"]
    private static let countingColumns: Set<String> = ["downloads", "last_used_at"]

    private let count = Atomic<UInt64>(0)
    /// Whether the transaction under way has changed something.
    private let isChanged = Atomic<Bool>(false)

    var generation: UInt64 { count.load(ordering: .sequentiallyConsistent) }

    func observes(eventsOfKind kind: DatabaseEventKind) -> Bool {
        switch kind {
        case .insert(let table), .delete(let table): !Self.countingTables.contains(table)
        case .update(let table, let columns):
            !Self.countingTables.contains(table) && !columns.isSubset(of: Self.countingColumns)
        }
    }

    func databaseDidChange(with event: DatabaseEvent) { noteChange() }

    /// For changes that SQLite does not report one by one.
    func databaseDidChange() { noteChange() }

    func databaseDidCommit(_ database: Database) {
        if isChanged.exchange(false, ordering: .sequentiallyConsistent) {
            count.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
    }

    func databaseDidRollback(_ database: Database) { isChanged.store(false, ordering: .sequentiallyConsistent) }

    private func noteChange() {
        isChanged.store(true, ordering: .sequentiallyConsistent)
        // One change is as good as a thousand.
        stopObservingDatabaseChangesUntilNextTransaction()
    }
}
