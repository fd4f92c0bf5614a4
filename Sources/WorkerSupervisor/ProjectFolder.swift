// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
import JSONText
package import ProjectFiles
package import SystemPackage
package import WorkerModel

/// What this machine keeps of one project that runs: apart for each, so that two projects may run workers of one name.
///
/// Layout, below `~/.iii/projects/<first 16 digits of the SHA-256 of the path of config.yaml>/`:
///
///     config-path            whose it is, for people
///     engine.lock            held by the engine that runs the project
///     engine.json            its address and process
///     logs/NAME/stdout.log   and stderr.log, and all.log with both in one order; older ones end in .1, .2, .3
///     config/NAME.yaml       the config block that a worker was started with
///     homes/NAME/            what a sandboxed worker keeps between starts
///     workspaces/NAME/       a local worker's copy of its source, and what its installs made
///     exec.sock              where the engine's process takes commands to run beside workers
package struct ProjectFolder: Sendable, Hashable {
    package let root: FilePath
    package let project: Project

    package init(_ project: Project, in home: IIIHome) {
        self.project = project
        var path = project.configPath
        // Two ways to one project are one project; a folder that is not there yet has only one.
        if let folder = try? HostFiles.canonical(project.folder), let name = project.configPath.lastComponent {
            path = folder.appending(name)
        }
        var hasher = DigestHasher()
        hasher.update(Array(path.string.utf8))
        root = home.projects.appending(String(hasher.finalize().description.prefix(16)))
    }

    package var engineLock: FilePath { root.appending("engine.lock") }
    package var engineFile: FilePath { root.appending("engine.json") }
    package func logs(of name: WorkerName) -> FilePath { root.appending("logs").appending(name.description) }
    package func config(of name: WorkerName) -> FilePath { root.appending("config").appending("\(name).yaml") }
    package var execSocket: FilePath { root.appending("exec.sock") }
    package func workspace(of name: WorkerName) -> FilePath {
        root.appending("workspaces").appending(name.description)
    }
    /// What the worker of an image wrote, where that stays.
    package func layer(of name: WorkerName) -> FilePath { root.appending("layers").appending(name.description) }
    package func home(of name: WorkerName) -> FilePath { root.appending("homes").appending(name.description) }

    /// Makes the folder, readable by its owner only.
    package func make() throws(HostError) {
        try HostFiles.makeDirectory(root, mode: 0o700)
        try HostFiles.write(Array("\(project.configPath)\n".utf8), to: root.appending("config-path"), mode: 0o600)
    }
}

/// Who runs a project.
package struct EngineRecord: Sendable, Hashable {
    package let processID: Int32
    package let host: String
    package let port: Int

    package init(processID: Int32, host: String, port: Int) {
        self.processID = processID
        self.host = host
        self.port = port
    }

    /// `{"host":"127.0.0.1","pid":4711,"port":49134}`.
    package func write(to folder: ProjectFolder) throws(HostError) {
        let json: JSONValue = [
            "pid": .number(JSONNumber(processID)), "host": .string(host), "port": .number(JSONNumber(port)),
        ]
        try HostFiles.write(json.bytes(.sorted), to: folder.engineFile, mode: 0o600)
    }

    /// The engine that runs a project now; nil where none does.
    package static func running(_ folder: ProjectFolder) throws -> EngineRecord? {
        guard let bytes = try HostFiles.read(folder.engineFile, upTo: .kibibytes(4)) else { return nil }
        // Whoever runs the project holds the lock; a file without one is what a killed engine left.
        if let lock = try FileLock.attempt(folder.engineLock) {
            lock.release()
            return nil
        }
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        let cursor = JSONCursor(json)
        guard let processID = try? Int32(exactly: cursor.required("pid").integer()),
            let host = try? cursor.required("host").string(), let port = try? cursor.required("port").integer()
        else { return nil }
        return EngineRecord(processID: processID, host: host, port: port)
    }
}
