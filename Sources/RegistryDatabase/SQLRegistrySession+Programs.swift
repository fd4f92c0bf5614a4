// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

extension SQLRegistrySession {
    func programs() throws(RegistryStorageError) -> [ServedProgram] {
        let rows = try connection.query(
            "SELECT version, target, name, digest, size FROM programs ORDER BY target, name",
            []
        )
        var programs: [ServedProgram] = []
        for row in rows {
            programs.append(
                ServedProgram(
                    version: try row.parsed(0) { try SemanticVersion(parsing: $0) },
                    target: try row.parsed(1) { try TargetTriple(parsing: $0) },
                    name: try row.text(2),
                    digest: try row.digest(3),
                    size: ByteCount(try row.integer(4))
                )
            )
        }
        return programs
    }

    func replacePrograms(_ programs: [ServedProgram]) throws(RegistryStorageError) {
        try connection.execute("DELETE FROM programs", [])
        for program in programs {
            try connection.execute(
                "INSERT INTO programs (version, target, name, digest, size) VALUES (?, ?, ?, ?, ?)",
                [
                    program.version.description.sql, program.target.description.sql, program.name.sql,
                    program.digest.sql, program.size.bytes.sql,
                ]
            )
        }
    }
}
