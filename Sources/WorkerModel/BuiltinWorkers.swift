// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Workers that are part of the engine of existing projects: they stand in `config.yaml` and need no lock entry.
package enum BuiltinWorkers {
    package static let names: Set<String> = [
        "iii-bridge", "iii-cron", "iii-engine-functions", "iii-exec", "iii-http", "iii-http-functions",
        "iii-observability",
        "iii-pubsub", "iii-queue", "iii-sandbox", "iii-state", "iii-stream", "iii-telemetry", "iii-worker-manager",
    ]
}
