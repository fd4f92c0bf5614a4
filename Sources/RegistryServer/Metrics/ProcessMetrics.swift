// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import WorkerModel

/// What the operating system tells of this process; what it does not tell is left out.
enum ProcessMetrics {
    private static let pageSize = 4096

    static func write(to text: inout MetricsText) {
        if let pages = words(of: "/proc/self/statm").dropFirst().first.flatMap({ Int($0) }) {
            let help = "Memory of the process that is in RAM."
            text.single("process_resident_memory_bytes", .gauge, help, pages * pageSize)
        }
        if let files = try? HostFiles.entries(of: "/proc/self/fd").count {
            text.single("process_open_fds", .gauge, "Open files and connections.", files)
        }
        // Behind the program's name in parentheses, which may hold blanks.
        let rest = words(of: "/proc/self/stat").reversed().prefix { !$0.hasSuffix(")") }.reversed().map(String.init)
        if rest.count > 12, let user = Double(rest[11]), let system = Double(rest[12]) {
            let help = "Time that processors spent on the process."
            text.single("process_cpu_seconds_total", .counter, help, (user + system) / 100)
        }
    }

    private static func words(of file: FilePath) -> [Substring] {
        guard let bytes = try? HostFiles.read(file, upTo: .kibibytes(4)) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ")
    }
}
