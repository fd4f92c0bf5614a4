// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension JSONValue {
    /// Whether both mean the same: the order of keys is ignored, numbers compare by value (`1`, `1.0` and `10e-1`).
    package func isEquivalent(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)): return left.canonical == right.canonical
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            let values = Dictionary(right.members.map { ($0.key, $0.value) }) { first, _ in first }
            return left.members.allSatisfy { member in values[member.key].map(member.value.isEquivalent(to:)) ?? false }
        default: return self == other
        }
    }
}

extension JSONNumber {
    /// Sign, digits without zeros around them, and a power of ten: equal for equal values.
    fileprivate var canonical: [String] {
        let isNegative = description.hasPrefix("-")
        let parts = description.drop { $0 == "-" }.lowercased().split(separator: "e", maxSplits: 1)
        let mantissa = parts[0].split(separator: ".", maxSplits: 1)
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = String(mantissa[0] + fraction).drop { $0 == "0" }
        // An exponent beyond Int keeps its own text: such numbers equal only themselves as written.
        guard let written = parts.count > 1 ? Int(parts[1]) : 0 else { return [description] }
        var exponent = written &- fraction.count
        while digits.last == "0" {
            digits.removeLast()
            exponent &+= 1
        }
        if digits.isEmpty { return ["0"] }
        return [isNegative ? "-" : "+", String(digits), String(exponent)]
    }
}
