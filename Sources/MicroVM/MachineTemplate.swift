// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import WorkerModel

/// A machine that was saved before it knew of any worker.
///
/// Both files are sealed: of what one machine does with them another one sees nothing.
struct MachineTemplate: Sendable {
    /// What the machine's memory held, as long as its memory.
    let memory: MemoryFile
    /// Its devices and processors, as QEMU writes them.
    let state: MemoryFile

    /// What is neither read nor kept: QEMU's own state is some tens of kilobytes.
    static let maximumState = ByteCount.mebibytes(16)

    /// An empty one, to save a machine of so much memory in.
    init(memory: ByteCount) throws {
        self.memory = try MemoryFile(size: memory.bytes)
        state = try MemoryFile()
    }

    func seal() throws {
        try memory.seal()
        try state.seal()
    }
}

/// Why a file is no template, or none that can be used here.
enum TemplateFileError: PlainlyWorded, Hashable {
    case damaged
    /// The processor's counter ran at another rate where it was made.
    case otherHost

    var plainWords: String {
        switch self {
        case .damaged: "what was saved of a machine is damaged"
        case .otherHost: "what was saved of a machine was made on another one"
        }
    }
}
