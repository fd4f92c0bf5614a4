// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Names that only an administrator gives to a worker: those of the programs and of what comes with the engine, which
/// nobody expects from a stranger, and words that mean something else where a worker's name stands.
enum ReservedName {
    /// The programs, and who speaks for a registry.
    private static let people = [
        "iii", "iii-cli", "iii-registry", "iii-engine", "iii-worker", "iii-workers", "iii-guest", "iii-sdk",
        "iii-helpers",
        "iii-console", "iii-admin", "iii-official", "iii-security", "iii-support", "admin", "administrator", "root",
        "official", "security", "support",
    ]
    /// What engines bring with them.
    private static let builtins = [
        "iii-worker-manager", "iii-worker-ops", "iii-telemetry", "iii-engine-functions", "iii-http-functions",
        "iii-observability", "iii-http", "iii-stream", "iii-state", "iii-queue", "iii-pubsub", "iii-cron",
        "iii-sandbox",
        "iii-exec", "iii-bridge",
    ]
    /// Channels, and what programs write for nothing.
    private static let words = [
        "latest", "null", "none", "undefined", "true", "false", "worker", "workers", "registry",
    ]

    private static let names = (people + builtins + words).compactMap { try? WorkerName(parsing: $0) }

    /// Whether a name is reserved, or easily taken for one that is.
    static func contains(_ name: WorkerName) -> Bool { names.contains { name.isEasilyTaken(for: $0) } }
}
