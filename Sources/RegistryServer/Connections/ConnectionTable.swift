// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import Synchronization
import Transport
import WorkerModel

/// All connections of the server, and which of them have to go when there are too many.
///
/// A connection waits, or has a request under way. Who waits longest makes room for who comes: a flood of connections
/// that ask nothing takes nothing from those that ask.
final class ConnectionTable: Sendable {
    /// Why a connection was ended before its client wanted.
    enum Reason: String, CaseIterable, Sendable {
        /// Too many from one address.
        case address
        /// All have a request under way.
        case full
        /// Made room for another one.
        case replaced
        /// No head of a request came in time.
        case head
        /// A body came, or an answer was taken, too slowly.
        case slow
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var byAddress: [String: Int] = [:]
        var ended: [Reason: Int] = [:]
    }

    let limits: ServerLimits
    private let proxies: TrustedProxies
    private let state = Mutex(State())

    init(limits: ServerLimits, proxies: TrustedProxies) {
        self.limits = limits
        self.proxies = proxies
    }

    /// Takes a connection in, in the place of another one where there are too many.
    ///
    /// - Returns: why there is no place for it; nil where there is.
    func admit(_ connection: Connection) -> Reason? {
        let counted = connection.address.flatMap { proxies.contains($0) ? nil : $0.client }
        let (reason, victim): (Reason?, Connection?) = state.withLock { state in
            if let counted, state.byAddress[counted, default: 0] >= limits.connectionsPerAddress {
                state.ended[.address, default: 0] += 1
                return (.address, nil)
            }
            var victim: Connection?
            if state.connections.count >= limits.connections {
                victim = Self.longestWaiting(state.connections)
                guard let victim else {
                    state.ended[.full, default: 0] += 1
                    return (.full, nil)
                }
                Self.remove(victim, &state)
                state.ended[.replaced, default: 0] += 1
            }
            connection.counted = counted
            state.connections[ObjectIdentifier(connection)] = connection
            if let counted { state.byAddress[counted, default: 0] += 1 }
            return (nil, victim)
        }
        victim?.channel.close(promise: nil)
        return reason
    }

    /// Forgets a connection that has ended; does nothing for one that was forgotten.
    func remove(_ connection: Connection) { state.withLock { Self.remove(connection, &$0) } }

    func note(_ reason: Reason) { state.withLock { $0.ended[reason, default: 0] += 1 } }

    private static func remove(_ connection: Connection, _ state: inout State) {
        guard state.connections.removeValue(forKey: ObjectIdentifier(connection)) != nil,
            let address = connection.counted
        else { return }
        let rest = state.byAddress[address, default: 0] - 1
        state.byAddress[address] = rest > 0 ? rest : nil
    }

    private static func longestWaiting(_ connections: [ObjectIdentifier: Connection]) -> Connection? {
        var found: (connection: Connection, since: UInt64)?
        for connection in connections.values {
            guard let since = connection.waitingSince else { continue }
            if found.map({ since < $0.since }) ?? true { found = (connection, since) }
        }
        return found?.connection
    }

    /// Bytes of answers that clients have not taken yet.
    private func untaken() async -> Int {
        var bytes = 0
        for connection in state.withLock({ Array($0.connections.values) }) {
            // One that has ended meanwhile holds nothing.
            bytes += (try? await connection.channel.getOption(.bufferedWritableBytes).get()) ?? 0
        }
        return bytes
    }

    func write(to text: inout MetricsText) async {
        let untaken = await untaken()
        text.single("iii_registry_answer_bytes_untaken", .gauge, "Bytes of answers not taken by clients yet.", untaken)
        let (total, waiting, ended) = state.withLock { state in
            (state.connections.count, state.connections.values.count { $0.waitingSince != nil }, state.ended)
        }
        text.family("iii_registry_connections", .gauge, "Connections, by whether a request is under way.")
        text.sample("iii_registry_connections", ["state": "busy"], total - waiting)
        text.sample("iii_registry_connections", ["state": "waiting"], waiting)
        let name = "iii_registry_connections_ended_total"
        text.family(name, .counter, "Connections that the server ended, by why.")
        for reason in Reason.allCases { text.sample(name, ["reason": reason.rawValue], ended[reason, default: 0]) }
    }
}

/// One connection, as the table sees it.
///
/// Safety: `counted` is written once, inside the lock of the table, before the connection is in it, and read only there.
final class Connection: @unchecked Sendable {
    let channel: any Channel
    let address: IPAddress?
    fileprivate(set) var counted: String?
    /// Nanoseconds of the event loops' clock; 0 while a request is under way.
    private let since = Atomic<UInt64>(0)

    init(_ channel: any Channel) {
        self.channel = channel
        address = channel.remoteAddress.flatMap { IPAddress($0) }
        wait()
    }

    /// Since when it waits for a request; nil while one is under way.
    var waitingSince: UInt64? {
        let since = since.load(ordering: .relaxed)
        return since == 0 ? nil : since
    }

    func wait() { since.store(max(1, NIODeadline.now().uptimeNanoseconds), ordering: .relaxed) }

    func work() { since.store(0, ordering: .relaxed) }
}
