// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing
import Synchronization

/// Keeps what a worker writes, up to a limit, and tells when a text has come.
package final class CollectedOutput: SandboxOutput {
    private struct State {
        var texts: [OutputStreamName: [UInt8]] = [:]
        var total = 0
        var remarks: [String] = []
        var waiting: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let kept: Int

    package init(keeping kept: Int = 1 << 20) { self.kept = kept }

    package func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        let woken = state.withLock { state in
            state.total += bytes.count
            if state.texts[stream, default: []].count < kept { state.texts[stream, default: []] += bytes }
            let text = String(decoding: state.texts[.output] ?? [], as: UTF8.self)
            let woken = state.waiting.filter { text.contains($0.text) }
            state.waiting.removeAll { text.contains($0.text) }
            return woken
        }
        for entry in woken { entry.continuation.resume() }
    }

    package func remark(_ text: String) async { state.withLock { $0.remarks.append(text) } }

    package var remarks: [String] { state.withLock { $0.remarks } }
    package var output: String { state.withLock { String(decoding: $0.texts[.output] ?? [], as: UTF8.self) } }
    package var errors: String { state.withLock { String(decoding: $0.texts[.error] ?? [], as: UTF8.self) } }
    package var total: Int { state.withLock { $0.total } }

    /// Waits until standard output holds a text.
    ///
    /// A worker that ends without it ends the wait by `endWaits`.
    package func wait(for text: String) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if String(decoding: state.texts[.output] ?? [], as: UTF8.self).contains(text) { return true }
                state.waiting.append((text, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    package func endWaits() {
        let woken = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in woken { entry.continuation.resume() }
    }
}
