// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An error that is none of ours, or none with a code, and has words for people.
///
/// What libraries print of their errors names their types, their files and their functions.
package protocol PlainlyWorded: Error {
    /// The end of a sentence, lower case, without a full stop.
    var plainWords: String { get }
}

extension Error {
    /// What went wrong, in words for people; never what a library prints of itself.
    package var words: String {
        switch self {
        case let error as any CodedError: error.message
        case let error as any PlainlyWorded: error.plainWords
        case is CancellationError: "the operation was cancelled"
        default: unexpectedWords
        }
    }
}

/// Of an error that nobody has worded yet.
let unexpectedWords = "something went wrong that there are no words for yet"
