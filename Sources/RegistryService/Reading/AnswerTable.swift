// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
package import WorkerModel

/// Ready answers of `GET /download`, kept in memory while nothing is published that could change them.
///
/// Every look is one lock and one hash, so a face may ask it before anything else.
package final class AnswerTable: Sendable {
    /// What was asked, as it was written.
    package struct Question: Hashable, Sendable {
        package let name: String
        /// Empty where no version was asked for.
        package let selector: String

        package init(name: String, selector: String) {
            self.name = name
            self.selector = selector
        }
    }

    /// A moment between two changes of the registry.
    struct Generation: Hashable {
        fileprivate let number: UInt64
    }

    private struct State {
        var answers: [Question: DownloadAnswer] = [:]
        var size = 0
        var generation = Generation(number: 0)
    }

    private let limit: ByteCount
    private let state = Mutex(State())

    /// - Parameter limit: bytes of answers that are kept; beyond it the table starts anew.
    package init(limit: ByteCount = .mebibytes(64)) { self.limit = limit }

    package func answer(to question: Question) -> DownloadAnswer? { state.withLock { $0.answers[question] } }

    /// To be asked for before reading what an answer is made of.
    var generation: Generation { state.withLock { $0.generation } }

    /// Keeps an answer, unless something changed since `generation`: it may have been made of what was before.
    func keep(_ answer: DownloadAnswer, to question: Question, since generation: Generation) {
        let cost = question.name.utf8.count + question.selector.utf8.count + (answer.body?.body.count ?? 0) + 256
        state.withLock { state in
            guard state.generation == generation, state.answers[question] == nil else { return }
            if state.size + cost > limit.bytes {
                state.answers = [:]
                state.size = 0
            }
            state.answers[question] = answer
            state.size += cost
        }
    }

    /// Forgets everything; to be called after each change, before it is acknowledged.
    func invalidate() {
        state.withLock { state in
            state = State(generation: Generation(number: state.generation.number + 1))
        }
    }
}
