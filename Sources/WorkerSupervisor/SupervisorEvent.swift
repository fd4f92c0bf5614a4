// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing
package import WorkerModel

/// What a supervisor tells of its workers.
package enum SupervisorEvent: Sendable {
    case started(WorkerName, processID: Int32, IsolationTier)
    case ready(WorkerName, after: Duration)
    /// Started again after a while; nil where it is left alone from now on. The reason is in the words of its runtime, nil
    /// where they are not known.
    case crashed(WorkerName, how: String, reason: String?, restartAfter: Duration?, lastLines: [String])
    case waits(WorkerName, reason: String, remedy: String?)
    case stopped(WorkerName)
    /// The files changed, and what runs with them.
    case configurationApplied(ChangePlan)
    /// The files cannot be read; what runs is left as it is.
    case configurationBroken(any Error)
}
