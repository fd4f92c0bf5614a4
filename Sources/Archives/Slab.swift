// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A piece of memory that is filled in one place and read in another.
///
/// Safety: `@unchecked Sendable` since at any time one task alone holds a slab: it gets it from a `SlabChannel` and gives
/// it back there, both under the channel's lock. The memory is made in `init` and freed in `deinit`.
final class Slab: @unchecked Sendable {
    static let size = 128 << 10

    let memory: UnsafeMutableRawBufferPointer
    /// How much of the memory is filled.
    var count = 0
    /// Whether a layer ends with it, where there are several.
    var endsLayer = false

    init() { memory = .allocate(byteCount: Self.size, alignment: 64) }

    deinit { memory.deallocate() }

    var isFull: Bool { count == memory.count }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[count...]) }
}
