// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Workers that are part of the engine of existing projects: they stand in `config.yaml` and need no lock entry.
package enum BuiltinWorkers {
    package static let names: Set<String> = [
        "iii-bridge", "iii-cron", "iii-engine-functions", "iii-exec", "iii-http", "iii-http-functions",
        "iii-observability",
        "iii-pubsub", "iii-queue", "iii-sandbox", "iii-state", "iii-stream", "iii-telemetry", "iii-worker-manager",
    ]

    /// Those of them that this engine has, with others that are its own.
    package static let own: Set<String> = [
        "configuration", "iii-engine-functions", "iii-http-functions", "iii-observability", "iii-telemetry",
        "iii-worker-manager", "iii-worker-ops",
    ]

    /// Whether only another engine has it: what needs it waits here.
    package static func isElsewhere(_ name: String) -> Bool { names.contains(name) && !own.contains(name) }

    /// What is said of one that is elsewhere, after its name.
    package static let absence = "it is part of another engine, and this one does not have it"
}
