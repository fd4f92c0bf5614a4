// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import IIIWorker

struct FormatRequest: Codable {
    var year: Int
    var month: Int
    var day: Int
}

struct WriteRequest: Codable {
    var number: Int
}

struct WriteAnswer: Codable {
    var numeral: String
}

// The `config:` block of config.yaml arrives as variables.
let separator = ProcessInfo.processInfo.environment["SEPARATOR"] ?? " "

let worker = try Worker()
worker.register("roman-dates::format", description: "Writes a date in Roman numerals: day, month, year.") {
    (date: FormatRequest) in
    var numerals: [String] = []
    for number in [date.day, date.month, date.year] {
        let answer = try await worker.call("roman-numerals::write", WriteRequest(number: number), as: WriteAnswer.self)
        numerals.append(answer.numeral)
    }
    return ["date": numerals.joined(separator: separator)]
}
try await worker.run()
