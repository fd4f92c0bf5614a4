// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension UnsafeRawBufferPointer {
    /// Takes bytes from the front: `count` of them, or what is left.
    mutating func takeFirst(_ count: Int) -> UnsafeRawBufferPointer {
        let count = Swift.min(count, self.count)
        defer { self = UnsafeRawBufferPointer(rebasing: self[count...]) }
        return UnsafeRawBufferPointer(rebasing: self[..<count])
    }
}
