// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The example that authors copy, started by hand beside a project.
@Suite(.timeLimit(.minutes(20))) struct LibraryJourney {
    @Test func aWorkerOfTheLibraryIsCalledCallsAndEnds() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                let variables = road.variables.merging(["III_URL": engine.url, "SALUTATION": "Welcome"]) { $1 }
                let result = try await Subprocess.run(
                    .path(Programs.folder.appending("greeter")),
                    environment: Programs.environment(variables),
                    input: .none,
                    output: .discarded,
                    error: .string(limit: 1 << 16)
                ) { execution in
                    do {
                        let guests = #"[{"name": "Ada"}, {"name": "Grace", "isLate": true}]"#
                        let greetings = try await road.answer("greeter::greet_all", "--json", guests)
                        #expect(greetings == ["Welcome, Ada!", "At last, Grace!"])
                        let refused = try await road.iii("trigger", "greeter::greet", "name=")
                        #expect(refused.talk.contains("a guest has a name"), "\(refused.talk)")
                        let unfit = try await road.iii("trigger", "greeter::greet", "isLate=true")
                        #expect(unfit.talk.contains("`name` is missing"), "\(unfit.talk)")
                        let help = try await road.iii("trigger", "greeter::greet", "--help")
                        #expect(help.output.contains("name    string   required"), "\(help.output)")
                    } catch {
                        try execution.send(signal: .kill)
                        throw error
                    }
                    try execution.send(signal: .terminate)
                }
                #expect(result.terminationStatus.code == 0)
                #expect(result.standardError.contains("connected"))
            }
        }
    }
}
