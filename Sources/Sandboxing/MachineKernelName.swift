// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The name of a kernel that machines can start with, as files of a folder `boot` have it.
///
/// - `vmlinux-VERSION-machine` is built for machines: all that one needs is in it.
/// - `vmlinux-VERSION-cloud-…` and `vmlinuz-VERSION-cloud-…` are a distribution's, unpacked and packed; its modules are in
///   `lib/modules/VERSION-cloud-…`.
package struct MachineKernelName: Hashable, Sendable {
    package let file: String
    /// `6.1.0-44-cloud-amd64`.
    package let version: String
    /// Whether a machine has to unpack it before it starts.
    package let isPacked: Bool
    /// Whether it was built for machines.
    package let isBuiltForMachines: Bool

    /// Nil where the file is no such kernel.
    package init?(_ file: String) {
        guard let prefix = ["vmlinux-", "vmlinuz-"].first(where: { file.hasPrefix($0) }) else { return nil }
        self.file = file
        version = String(file.dropFirst(prefix.count))
        isPacked = prefix == "vmlinuz-"
        isBuiltForMachines = !isPacked && version.hasSuffix("-machine")
        guard isBuiltForMachines || version.contains("-cloud-") else { return nil }
    }

    /// Of the names of files, those that are kernels, in the order in which they are tried: those built for machines, then
    /// the newest, of one version the unpacked one.
    package static func best(of files: [String]) -> [MachineKernelName] {
        files.compactMap { MachineKernelName($0) }.sorted { $0.rank > $1.rank }
    }

    private var rank: Rank { Rank(isBuiltForMachines: isBuiltForMachines, numbers: numbers, isPacked: isPacked) }

    /// The numbers of the version, in their order: as text, 6.10 would come before 6.9.
    private var numbers: [Int] {
        version.split { !$0.isASCII || !$0.isNumber }.map { Int($0) ?? .max }
    }

    private struct Rank: Comparable {
        let isBuiltForMachines: Bool
        let numbers: [Int]
        let isPacked: Bool

        static func < (one: Rank, other: Rank) -> Bool {
            if one.isBuiltForMachines != other.isBuiltForMachines { return other.isBuiltForMachines }
            if one.numbers != other.numbers { return one.numbers.lexicographicallyPrecedes(other.numbers) }
            return one.isPacked && !other.isPacked
        }
    }
}
