// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization
import WorkerModel

/// The uploads that can be continued: which of them somebody is at work with, so that two never write to one file, and how
/// many bytes their files have.
///
/// What an account has is known without a look at the folder, however much was left there.
final class UploadSlots: Sendable {
    private struct State {
        var taken: Set<UploadName> = []
        /// Of uploads under way, what had arrived when they were begun or continued.
        var files: [UploadName: UploadedPart] = [:]
        var totals: [AccountName: (bytes: Int64, count: Int)] = [:]

        mutating func keep(_ part: UploadedPart?, for name: UploadName) {
            let before = files[name]
            var total = totals[name.account] ?? (0, 0)
            total.bytes += (part?.size ?? 0) - (before?.size ?? 0)
            total.count += (part == nil ? 0 : 1) - (before == nil ? 0 : 1)
            totals[name.account] = total.count > 0 ? total : nil
            files[name] = part
        }
    }

    /// The right to a name, until the last reference to it goes.
    final class Slot: Sendable {
        let name: UploadName
        private let slots: UploadSlots

        fileprivate init(_ name: UploadName, of slots: UploadSlots) {
            self.name = name
            self.slots = slots
        }

        deinit { slots.free(name) }

        /// What the file has that the upload can be continued behind; nil where there is none.
        var part: UploadedPart? { slots.state.withLock { $0.files[name] } }

        /// Notes what the file has that the upload could be continued behind; nil where there is none.
        func keeps(_ part: UploadedPart?) { slots.state.withLock { $0.keep(part, for: name) } }
    }

    private let state: Mutex<State>

    /// `found` are the uploads that the folder has.
    init(_ found: [UploadName: Int64]) {
        var state = State()
        for (name, size) in found { state.keep(UploadedPart(size: size), for: name) }
        self.state = Mutex(state)
    }

    /// The uploads that have files, as far as is known.
    var known: [UploadName] { state.withLock { Array($0.files.keys) } }

    /// Takes a name; nil where somebody has it.
    func take(_ name: UploadName) -> Slot? {
        state.withLock { $0.taken.insert(name).inserted } ? Slot(name, of: self) : nil
    }

    /// The bytes of the uploads that an account can continue, those that are being continued included.
    func size(of account: AccountName) -> ByteCount { ByteCount(state.withLock { $0.totals[account]?.bytes ?? 0 }) }

    /// How many uploads an account can continue, those that are being continued included.
    func count(of account: AccountName) -> Int { state.withLock { $0.totals[account]?.count ?? 0 } }

    private func free(_ name: UploadName) { state.withLock { _ = $0.taken.remove(name) } }
}
