// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import SystemPackage
import WorkerModel

/// The run of this machine since it was last started.
package enum HostBoot {
    /// A text that is another one after each start of the machine; nil where the system does not tell.
    package static let identity: String? = read()

    private static func read() -> String? {
        #if os(Linux)
        let bytes = try? HostFiles.read("/proc/sys/kernel/random/boot_id", upTo: ByteCount(64))
        return bytes.map { String(decoding: $0, as: UTF8.self).filter { $0.isHexDigit || $0 == "-" } }
        #else
        var name = [CChar](repeating: 0, count: 64)
        var size = name.count
        guard sysctlbyname("kern.bootsessionuuid", &name, &size, nil, 0) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        #endif
    }
}
