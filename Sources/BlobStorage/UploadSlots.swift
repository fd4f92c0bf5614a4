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
        var sizes: [UploadName: Int64] = [:]
        var totals: [AccountName: Int64] = [:]

        mutating func keep(_ size: Int64, for name: UploadName) {
            let total = totals[name.account, default: 0] + size - (sizes[name] ?? 0)
            totals[name.account] = total > 0 ? total : nil
            sizes[name] = size > 0 ? size : nil
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

        /// Notes how many bytes the file has that the upload could be continued behind; zero where there is none.
        func keeps(_ size: Int64) { slots.state.withLock { $0.keep(size, for: name) } }
    }

    private let state: Mutex<State>

    /// `found` are the uploads that the folder has.
    init(_ found: [UploadName: Int64]) {
        var state = State()
        for (name, size) in found { state.keep(size, for: name) }
        self.state = Mutex(state)
    }

    /// The uploads that have bytes, as far as is known.
    var known: [UploadName] { state.withLock { Array($0.sizes.keys) } }

    /// Takes a name; nil where somebody has it.
    func take(_ name: UploadName) -> Slot? {
        state.withLock { $0.taken.insert(name).inserted } ? Slot(name, of: self) : nil
    }

    /// The bytes of the uploads that an account can continue, those that are being continued included.
    func size(of account: AccountName) -> ByteCount { ByteCount(state.withLock { $0.totals[account] ?? 0 }) }

    private func free(_ name: UploadName) { state.withLock { _ = $0.taken.remove(name) } }
}
