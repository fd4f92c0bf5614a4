// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Sandboxing

/// One process of the guest as the host sees it: the worker, or a command beside it.
///
/// Confined to the event loop.
final class GuestProcess {
    let pump: OutputPump
    let started: EventLoopPromise<Void>
    let ended: EventLoopPromise<SandboxExit>
    private(set) var outputOnTheWay = 0
    private var inputWindow = GuestFrame.window
    private var waiting: [(bytes: [UInt8], promise: EventLoopPromise<Void>)] = []
    private var inputEnds = false
    private var inputEnded = false

    init(_ pump: OutputPump, on loop: any EventLoop) {
        self.pump = pump
        started = loop.makePromise()
        ended = loop.makePromise()
    }

    func took(_ count: Int) { outputOnTheWay += count }
    func used(_ count: Int) { outputOnTheWay -= count }

    func write(_ bytes: [UInt8], _ promise: EventLoopPromise<Void>) { waiting.append((bytes, promise)) }
    func endInput() { inputEnds = true }
    func credit(_ count: Int) { inputWindow = min(GuestFrame.window, inputWindow + count) }

    /// The input that may be sent now, as payloads; `isEnd` after the last of it.
    func sendable() -> (payloads: [[UInt8]], isEnd: Bool) {
        var payloads: [[UInt8]] = []
        while var (bytes, promise) = waiting.first, inputWindow > 0 {
            let count = min(bytes.count, inputWindow, GuestFrame.maximumPayload)
            if count > 0 { payloads.append(Array(bytes.prefix(count))) }
            inputWindow -= count
            bytes.removeFirst(count)
            if bytes.isEmpty {
                waiting.removeFirst()
                promise.succeed()
            } else {
                waiting[0].bytes = bytes
                promise = waiting[0].promise
            }
        }
        let isEnd = inputEnds && waiting.isEmpty && !inputEnded
        if isEnd { inputEnded = true }
        return (payloads, isEnd)
    }

    /// Nobody reads input any more.
    func dropInput() {
        for entry in waiting { entry.promise.succeed() }
        waiting = []
    }
}
