// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The engine, as whoever starts workers knows it: it says whose connections are whose.
package protocol WorkerBus: Sendable {
    /// The way to the engine of one sandboxed worker, for one run of it.
    func door(for worker: WorkerName, in tier: IsolationTier) -> any BusDoor

    /// A secret by which the engine knows a worker that runs as a process of the user; earlier ones of that worker are void.
    func secret(for worker: WorkerName) -> String
}

/// One sandboxed worker's way to the engine: what comes through it is that worker's.
package protocol BusDoor: Sendable {
    /// A stream socket whose other end the engine serves; the caller closes it.
    func connect() throws -> CInt

    /// The sandbox has connected elsewhere, from an address of this machine such as `127.0.0.1:40000`: should the engine be
    /// there after all, it knows whose the connection is. To be said before anything is sent.
    func began(from address: String)
    /// That connection is over.
    func ended(from address: String)
}
