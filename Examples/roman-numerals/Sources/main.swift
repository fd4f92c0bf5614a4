// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import IIIWorker

struct WriteRequest: Codable {
    var number: Int
}

struct WriteAnswer: Codable {
    var numeral: String
}

let numbers = CommandLine.arguments.dropFirst()
if numbers.isEmpty {
    let worker = try Worker()
    worker.register("roman-numerals::write", description: "Writes a number as a Roman numeral.") {
        (request: WriteRequest) in
        guard let numeral = romanNumeral(request.number) else {
            throw WorkerError(code: "out_of_range", message: "\(request.number) has no Roman numeral")
        }
        return WriteAnswer(numeral: numeral)
    }
    try await worker.run()
} else {
    // With numbers after its name it is a program like any other.
    for number in numbers { print(Int(number).flatMap(romanNumeral) ?? "\(number) has no Roman numeral") }
}
