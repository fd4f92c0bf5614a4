// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Synchronization
import Testing
import WorkerModel

@testable import WorkerOperations

/// What a running worker has registered is what its version says.
@Suite struct WorkerInterfaceTests {
    private func name() throws -> WorkerName { try WorkerName(parsing: "pi") }

    @Test func collectsFunctionsAndTriggerTypesSortedByName() async throws {
        let asked = Mutex<[String]>([])
        let interface = try await WorkerInterface.collect(of: try name()) { function, payload in
            asked.withLock { $0.append("\(function) \(payload.text())") }
            switch function {
            case "engine::workers::info":
                return [
                    "worker": ["name": "pi"], "functions": [["function_id": "pi::b"], ["function_id": "pi::a"]],
                    "trigger_types": [["id": "tick"]],
                ]
            case "engine::functions::info":
                return [
                    "functions": [
                        [
                            "function_id": "pi::a", "description": "A", "request_schema": ["type": "object"],
                            "metadata": ["k": 1],
                        ],
                        ["function_id": "pi::b", "description": nil],
                    ]
                ]
            default: return ["id": "tick", "description": "ticks", "configuration_schema": ["type": "string"]]
            }
        }
        #expect(
            asked.withLock { $0 } == [
                #"engine::workers::info {"name":"pi"}"#, #"engine::functions::info {"function_ids":["pi::a","pi::b"]}"#,
                #"engine::triggers::info {"id":"tick"}"#,
            ]
        )
        #expect(
            interface.functions == [
                [
                    "name": "pi::a", "description": "A", "request_schema": ["type": "object"], "response_schema": [:],
                    "metadata": ["k": 1],
                ],
                ["name": "pi::b", "description": "", "request_schema": [:], "response_schema": [:], "metadata": [:]],
            ]
        )
        #expect(
            interface.triggers == [
                [
                    "name": "tick", "description": "ticks", "invocation_schema": ["type": "string"],
                    "return_schema": [:],
                    "metadata": [:],
                ]
            ]
        )
    }

    @Test func manyFunctionsAreAskedForInParts() async throws {
        let calls = Mutex(0)
        let interface = try await WorkerInterface.collect(of: try name()) { function, payload in
            if function == "engine::workers::info" {
                return ["functions": .array((0..<70).map { ["function_id": .string("pi::\(100 + $0)")] })]
            }
            calls.withLock { $0 += 1 }
            guard case .array(let ids)? = payload["function_ids"] else { return .null }
            return ["functions": .array(ids.map { ["function_id": $0] })]
        }
        #expect(interface.functions.count == 70 && calls.withLock { $0 } == 3)
    }

    @Test(arguments: ["[]", "{\"functions\":[{}]}", "{\"functions\":3}"])
    func anAnswerInAnotherFormIsAnError(_ answer: String) async throws {
        let value = try JSONValue(parsing: answer)
        let error = await #expect(throws: InterfaceUnreadable.self) {
            _ = try await WorkerInterface.collect(of: try name()) { _, _ in value }
        }
        #expect(error?.code == .callFailed)
    }
}
