// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A number from 1 to 3999 as a Roman numeral, nil outside that range.
func romanNumeral(_ number: Int) -> String? {
    guard (1...3999).contains(number) else { return nil }
    let symbols = [
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
        (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ]
    var rest = number
    var numeral = ""
    for (value, symbol) in symbols {
        while rest >= value {
            numeral += symbol
            rest -= value
        }
    }
    return numeral
}
