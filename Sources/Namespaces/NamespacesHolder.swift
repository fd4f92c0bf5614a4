// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GuestChannel
import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// The processes and the control group of one sandbox.
struct NamespacesHolder: SandboxHolder {
    let process: HeldProcess
    let group: ControlGroup?
    let memory: ByteCount
    /// Looks at what the worker keeps; nil where it keeps nothing.
    let kept: KeptFolders?
    /// What the launcher, bubblewrap and the guest complain of.
    let complaints: FileDescriptor

    var processIdentifier: Int32 { process.identifier }

    func destroy(_ exit: SandboxExit) async -> SandboxExit {
        // The channel is closed: the guest ends by itself, and with it its namespace. Whoever is late is killed.
        let hasKeptTooMuch = kept?.endWatch() ?? false
        let killing = Task {
            guard (try? await Task.sleep(for: .milliseconds(300))) != nil else { return }
            // The first process of the namespace: its parent ends when nothing of the namespace is left.
            HostProcess.killChildren(of: process)
        }
        _ = await process.end()
        killing.cancel()
        defer { try? complaints.close() }
        let ranOut = (group?.outOfMemoryKills ?? 0) > 0
        // A namespace whose outer process was killed takes a moment to die.
        if let group {
            for _ in 0..<400 where !group.remove() {
                group.kill()
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        switch exit {
        case .signalled(9), .exited(status: 137), .lost:
            if hasKeptTooMuch, let kept { return .outOfDisk(limit: kept.limit) }
            return ranOut ? .outOfMemory(limit: memory) : exit
        default: return exit
        }
    }

    func complaint() async -> String {
        var text = [UInt8](repeating: 0, count: 2048)
        // Not blocking: nothing there is no complaint.
        let count = (try? text.withUnsafeMutableBytes { try complaints.read(into: $0) }) ?? 0
        let lines = String(decoding: text.prefix(count), as: UTF8.self).split(separator: "\n")
        return lines.joined(separator: "; ")
    }
}
