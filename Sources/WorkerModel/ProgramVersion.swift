// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The version of the programs.
package enum ProgramVersion {
    package static let text = "0.1.0"
}
