// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import RegistryStorage

/// The time of day, asked for in this one place.
enum WallClock {
    @Sendable
    static func now() -> Timestamp {
        Timestamp(milliseconds: HostClock.unixMilliseconds)
    }
}
