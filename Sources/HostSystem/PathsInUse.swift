// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage
import WorkerModel

/// Which files the processes of this machine use, as far as the system tells.
package enum PathsInUse {
    /// The names below `folder` of which processes run a program, work in a folder, or see a mounted tree, or that stand on
    /// their command lines.
    ///
    /// Read from `/proc`; empty on systems that have none. A process of somebody else, which tells nothing, uses nothing
    /// of ours either.
    ///
    /// Shape: for `folder` `/home/a/.iii/store/sha256` names such as `2c26b46b…-pdfkit`.
    package static func names(below folder: FilePath, processes: FilePath = "/proc") throws(HostError) -> Set<String> {
        let start = HostFiles.canonicalIfThere(folder).string + "/"
        var names: Set<String> = []
        for process in try HostFiles.entries(of: processes)
        where process.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            let place = processes.appending(process)
            // A process may end while it is looked at.
            for link in ["exe", "cwd", "root"] {
                if let target = try? HostFiles.target(ofLink: place.appending(link)) {
                    collect(target.string, start, &names)
                }
            }
            for file in ["cmdline", "mountinfo"] {
                let bytes = (try? HostFiles.read(place.appending(file), upTo: .mebibytes(4))) ?? nil
                let words = (bytes ?? []).split { $0 == 0 || $0 == 0x20 || $0 == 0x0A }
                for word in words { collect(String(decoding: word, as: UTF8.self), start, &names) }
            }
        }
        return names
    }

    private static func collect(_ path: String, _ start: String, _ names: inout Set<String>) {
        var rest = path[...]
        while let place = rest.utf8.firstIndex(of: UInt8(ascii: "/")) {
            rest = rest[place...]
            guard rest.utf8.starts(with: start.utf8) else {
                rest = rest.dropFirst()
                continue
            }
            let name = rest.utf8.dropFirst(start.utf8.count).prefix { $0 != UInt8(ascii: "/") }
            if let name = String(name), !name.isEmpty { names.insert(name) }
            return
        }
    }
}
