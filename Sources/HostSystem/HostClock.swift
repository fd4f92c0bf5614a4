// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem

/// The clocks of this machine, for those who pass time on to another one.
package enum HostClock {
    /// Nanoseconds since 1970.
    package static var unixNanoseconds: Int64 { iii_unix_nanoseconds() }

    /// Milliseconds since 1970.
    package static var unixMilliseconds: Int64 { unixNanoseconds / 1_000_000 }

    /// The rate of the processor's time stamp counter in kHz, measured over 10 ms; 0 where there is none.
    package static var counterKilohertz: UInt64 { iii_counter_kilohertz() }
}
