// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
package import WorkerModel

/// Ready answers, kept in memory while nothing is committed that could change them.
///
/// Every look is one lock and one hash, so a face may ask it before anything else.
package final class AnswerTable<Answer: Sendable>: Sendable {
    private struct State {
        var answers: [AnswerQuestion: Answer] = [:]
        var size = 0
        /// What the answers were made under.
        var generation: UInt64
    }

    private let limit: ByteCount
    private let currentGeneration: @Sendable () -> UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - limit: bytes of answers that are kept; beyond it the table starts anew.
    ///   - generation: a number that is another one after each change of what answers are made of.
    package init(limit: ByteCount = .mebibytes(64), generation: @escaping @Sendable () -> UInt64) {
        self.limit = limit
        currentGeneration = generation
        state = Mutex(State(generation: generation()))
    }

    /// An answer is good for as long as this stays the same.
    ///
    /// To be asked for before reading what an answer is made of.
    package var generation: UInt64 { currentGeneration() }

    package func answer(to question: AnswerQuestion) -> Answer? {
        let generation = generation
        return state.withLock { $0.generation == generation ? $0.answers[question] : nil }
    }

    /// Keeps an answer of so many bytes, unless something changed since `generation`: it may have been made of what was
    /// before.
    func keep(_ answer: Answer, of size: Int, to question: AnswerQuestion, since generation: UInt64) {
        let cost = question.name.utf8.count + question.selector.utf8.count + size + 256
        guard generation == currentGeneration() else { return }
        state.withLock { state in
            if state.generation != generation || state.size + Int(cost) > limit.bytes {
                state = State(generation: generation)
            }
            if state.answers.updateValue(answer, forKey: question) == nil { state.size += cost }
        }
    }
}
