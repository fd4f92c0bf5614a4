// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// Starts the smallest machine and looks whether it says anything.
struct MachineProbe: Sendable {
    private let parts: MachineParts

    init(_ parts: MachineParts) { self.parts = parts }

    func answers(within limit: Duration) async -> Bool {
        let limits = SandboxLimits(cpus: 1, memory: .mebibytes(64))
        guard let machine = try? await parts.start(limits, MachineDisks()) else { return false }
        defer { try? machine.channel.close() }
        // It has no disk to start from, and may say so afterwards.
        let isThere = await machine.firstFrames(within: limit).first == StartedMachine.hello
        _ = await machine.holder.destroy(.lost)
        return isThere
    }
}

/// What probes found, for as long as the host is up.
///
/// Effects on disk: `probe-TIER` holds the number of the host's start and a word.
struct ProbeVerdicts: Sendable {
    let folder: FilePath

    private static let start: FilePath = "/proc/sys/kernel/random/boot_id"

    private var hostStart: String? {
        let bytes = (try? HostFiles.read(Self.start, upTo: .kibibytes(1))).flatMap { $0 }
        return bytes.map { String(decoding: $0, as: UTF8.self).filter { $0 != "\n" } }
    }

    private func file(_ tier: IsolationTier) -> FilePath { folder.appending("probe-\(tier)") }

    /// Nil where nothing is known of this start of the host.
    subscript(tier: IsolationTier) -> Bool? {
        guard let hostStart, let bytes = (try? HostFiles.read(file(tier), upTo: .kibibytes(1))).flatMap({ $0 }) else {
            return nil
        }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count == 2, words[0] == hostStart else { return nil }
        return words[1] == "works"
    }

    /// That it cannot be kept costs the next command a probe, nothing more.
    func remember(_ isWorking: Bool, of tier: IsolationTier) {
        guard let hostStart else { return }
        try? HostFiles.makeDirectory(folder, mode: 0o700)
        try? HostFiles.write(Array("\(hostStart) \(isWorking ? "works" : "fails")".utf8), to: file(tier), mode: 0o600)
    }
}
