// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// The kinds of frames of the family `observe.v1`, by which workers hear what becomes of the calls of a function.
package enum Observation: String, Sendable, Hashable {
    // From a worker.
    case observe
    case unobserve
    /// The worker of a function takes an observer, or does not.
    case acknowledgement = "observerack"
    /// What a worker hands to the observers of its function.
    case report = "invocationsobserved"
    case statistics = "localinvocationstats"
    // To a worker.
    case answer = "observeresult"
    case stateChanged = "observerstatechanged"
    case functionRegistered = "functionregistered"
    case observerAdded = "observeradded"
    case observerRemoved = "observerremoved"

    /// The feature by which both sides say that they know these frames.
    package static let feature = "observe.v1"
}

/// From what a call was made, as those say who speak `observe.v1`; boxed, for most calls say nothing.
package indirect enum InvocationOrigin: Sendable, Hashable {
    case unsaid
    /// `caller` names the worker and the function; `depth` counts the observers that led to it; `activation` is
    /// `{observer_id, activation_id?}`, where an observer is called.
    case said(caller: RawJSON?, depth: Int, activation: RawJSON?)

    /// Observers that led to the call; 0 where nothing is said.
    package var depth: Int { if case .said(_, let depth, _) = self { depth } else { 0 } }
    /// Who is said to have made it.
    package var caller: RawJSON? { if case .said(let caller, _, _) = self { caller } else { nil } }
    /// The observer whose target it calls.
    package var activation: RawJSON? { if case .said(_, _, let activation) = self { activation } else { nil } }
}

extension RawJSON {
    /// The strings of an array; what else is in it is passed over.
    package var strings: [String] {
        guard case .array(let elements)? = value() else { return [] }
        return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}
