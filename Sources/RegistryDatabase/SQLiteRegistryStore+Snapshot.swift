// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GRDB
import RegistryStorage
package import SystemPackage

extension SQLiteRegistryStore {
    /// Copies the records of one moment to a new file, which is a whole database.
    ///
    /// Writers go on meanwhile, also those of other programs. Effects on disk: the file, with mode 0600; what was begun
    /// of it stays when this fails.
    ///
    /// - Throws: `RegistryStorageError`, `.failed` where the file exists.
    package func snapshot(to path: FilePath) async throws {
        do {
            try Self.makeFile(path)
            let copy = try DatabaseQueue(path: path.string)
            try pool.backup(to: copy)
            try copy.close()
        } catch { throw RegistryStorageError(sqlite: error, while: "copy the database to `\(path)`") }
    }
}
