// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization

/// The names of uploads that somebody is at work with, so that two never write to one file.
final class UploadSlots: Sendable {
    /// The right to a name, until the last reference to it goes.
    final class Slot: Sendable {
        let name: UploadName
        private let slots: UploadSlots

        fileprivate init(_ name: UploadName, of slots: UploadSlots) {
            self.name = name
            self.slots = slots
        }

        deinit { slots.free(name) }
    }

    private let taken = Mutex<Set<UploadName>>([])

    /// Takes a name; nil where somebody has it.
    func take(_ name: UploadName) -> Slot? {
        taken.withLock { $0.insert(name).inserted } ? Slot(name, of: self) : nil
    }

    private func free(_ name: UploadName) { taken.withLock { _ = $0.remove(name) } }
}
