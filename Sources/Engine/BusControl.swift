// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Crypto
import HostSystem
import NIOCore
package import Sandboxing
import Synchronization
import SystemPackage
package import WorkerModel

/// An engine, as the process knows it that it runs in: whose connections are whose, and what the project's files allow.
///
/// One for each engine; may be used before the engine runs, and from any thread.
package final class BusControl: WorkerBus {
    /// Serves one end of a socket pair as a worker's connection.
    typealias Adoption = @Sendable (CInt, StartedWorker) -> Void

    private struct State {
        var rights = BusRights()
        /// Hashes of secrets, by worker: nothing is learned from how long a comparison takes.
        var secrets: [String: SHA256Digest] = [:]
        /// Sandboxed workers' connections that go to other addresses, by where they come from.
        var tunnelled: [String: StartedWorker] = [:]
        var switchboard: Switchboard?
        var adopt: Adoption?
    }

    let budgets = WorkerBudgets()
    private let state = Mutex(State())

    package init() {}

    /// Takes what the project's files say by now; what is decided from here on is decided by that.
    package func apply(_ rights: BusRights) {
        let switchboard = state.withLock { state in
            state.rights = rights
            return state.switchboard
        }
        switchboard?.receive(.rightsChanged(rights))
    }

    /// What a worker has called since the engine was started, and what of that was refused.
    package func record(of worker: String) -> BusRecord {
        state.withLock(\.switchboard)?.record(of: worker) ?? BusRecord()
    }

    // MARK: For whoever starts workers

    package func door(for worker: WorkerName, in tier: IsolationTier) -> any BusDoor {
        Door(control: self, worker: StartedWorker(name: worker.description, tier: tier))
    }

    package func secret(for worker: WorkerName) -> String {
        let secret = (0..<2).map { _ in UUIDText.random() }.joined(separator: "-")
        state.withLock { $0.secrets[worker.description] = SHA256.hash(data: Array(secret.utf8)) }
        return secret
    }

    private struct Door: BusDoor {
        let control: BusControl
        let worker: StartedWorker

        func connect() throws -> CInt {
            guard let adopt = control.state.withLock(\.adopt) else { throw Errno.connectionRefused }
            let (near, far) = try HostDescriptors.socketPair()
            adopt(near.rawValue, worker)
            return far.rawValue
        }

        func began(from address: String) { control.state.withLock { $0.tunnelled[address] = worker } }
        func ended(from address: String) { control.state.withLock { $0.tunnelled[address] = nil } }
    }

    // MARK: For the engine

    func open(_ switchboard: Switchboard, _ adopt: @escaping Adoption) {
        let rights = state.withLock { state in
            (state.switchboard, state.adopt) = (switchboard, adopt)
            return state.rights
        }
        switchboard.receive(.rightsChanged(rights))
    }

    func close() { state.withLock { ($0.switchboard, $0.adopt) = (nil, nil) } }

    /// The worker that has a secret.
    func worker(with secret: String) -> StartedWorker? {
        let hash = SHA256.hash(data: Array(secret.utf8))
        let name = state.withLock { state in state.secrets.first { $0.value == hash }?.key }
        return name.map { StartedWorker(name: $0, tier: .none) }
    }

    /// The sandboxed worker whose tunnel has connected from an address.
    func worker(from address: String) -> StartedWorker? { state.withLock { $0.tunnelled[address] } }
}
