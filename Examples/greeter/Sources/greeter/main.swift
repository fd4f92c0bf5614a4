// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import IIIWorker

struct Guest: Codable, Sendable {
    var name: String
    /// Left out, it counts as false: callers see that from the schema.
    var isLate: Bool?
}

struct Greeting: Codable, Sendable {
    var text: String
}

// The `config:` block of config.yaml arrives as variables: `salutation:` as `SALUTATION`.
let salutation = ProcessInfo.processInfo.environment["SALUTATION"] ?? "Hello"

let worker = try Worker { event in
    FileHandle.standardError.write(Data("\(event)\n".utf8))
}

worker.register("greeter::greet", description: "Greets a guest.") { (guest: Guest) in
    guard !guest.name.isEmpty else { throw WorkerError(code: "no_name", message: "a guest has a name") }
    return Greeting(text: "\(guest.isLate == true ? "At last" : salutation), \(guest.name)!")
}

worker.register("greeter::greet_all", description: "Greets guests, each by a call of its own.") { (guests: [Guest]) in
    try await withThrowingTaskGroup(of: (Int, Greeting).self) { group in
        for (place, guest) in guests.enumerated() {
            group.addTask { (place, try await worker.call("greeter::greet", guest)) }
        }
        return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1.text)
    }
}

try await worker.run()
