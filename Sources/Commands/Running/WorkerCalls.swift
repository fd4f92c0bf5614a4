// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// What one worker has called, and what of that was refused, by function.
package struct WorkerCalls: Sendable, Hashable {
    package struct Count: Sendable, Hashable {
        package var calls: Int
        package var refused: Int

        package init(calls: Int, refused: Int) {
            self.calls = calls
            self.refused = refused
        }
    }

    package var functions: [String: Count]

    package init(_ functions: [String: Count] = [:]) { self.functions = functions }

    private var sorted: [(function: String, count: Count)] {
        functions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// `[{"function_id": "shell::run", "calls": 0, "refused": 3}]`, by id.
    var json: JSONValue {
        .array(
            sorted.map { function, count in
                [
                    "function_id": .string(function), "calls": .number(JSONNumber(count.calls)),
                    "refused": .number(JSONNumber(count.refused)),
                ]
            }
        )
    }

    /// `{"shell::run": 3}`.
    var refused: JSONValue {
        let rows = sorted.filter { $0.count.refused > 0 }
        return .object(JSONObject(rows.map { ($0.function, .number(JSONNumber($0.count.refused))) }))
    }
}
