// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText

/// What of a call an observer may be told, and its filter look at.
enum ObservedPart: String, Sendable, Hashable, CaseIterable {
    case input
    case output
    case error
    case caller
    case metadata
}

/// Which events reach an observer: `{"input.amount": {"$gte": 500}}`.
///
/// Paths with operators, all of which have to hold, and `$and`, `$or`, `$not` over such filters. The language is that of the
/// published SDKs: numbers compare as doubles, strings by their bytes, and nothing compares with what is of another kind.
struct ObserverFilter: Sendable {
    private let clauses: [Clause]
    /// The parts that it looks at.
    let roots: Set<ObservedPart>

    static let everything = ObserverFilter(clauses: [], roots: [])

    private init(clauses: [Clause], roots: Set<ObservedPart>) {
        self.clauses = clauses
        self.roots = roots
    }

    /// Reads a filter.
    ///
    /// - Throws: `CallFailure` of code `INVALID_FILTER`; for one of more than 8 KiB, 8 levels, or 64 operators, too.
    init(_ raw: RawJSON?) throws(CallFailure) {
        guard let raw else {
            self = .everything
            return
        }
        guard raw.byteCount <= FilterReader.mostBytes, let value = raw.value() else {
            throw .invalidFilter("the filter has more than \(FilterReader.mostBytes) bytes, or is not JSON")
        }
        var reader = FilterReader()
        clauses = try reader.clauses(of: value, depth: 1, isInElement: false)
        roots = reader.roots
    }

    func matches(_ document: [ObservedPart: JSONValue]) -> Bool {
        clauses.allSatisfy { $0.holds(document, element: nil) }
    }

    fileprivate indirect enum Clause: Sendable {
        case any([[Clause]])
        case not([Clause])
        case path(Path, [Test])

        func holds(_ document: [ObservedPart: JSONValue], element: JSONValue?) -> Bool {
            switch self {
            case .any(let filters):
                filters.contains { filter in filter.allSatisfy { $0.holds(document, element: element) } }
            case .not(let filter): !filter.allSatisfy { $0.holds(document, element: element) }
            case .path(let path, let tests):
                tests.allSatisfy { $0.holds(path.value(in: document, element)) }
            }
        }
    }

    /// A way into a part, or into the element of an array.
    fileprivate struct Path: Sendable {
        /// Nil for `@`, the element.
        let root: ObservedPart?
        let steps: [String]

        func value(in document: [ObservedPart: JSONValue], _ element: JSONValue?) -> JSONValue? {
            var value = root.map { document[$0] } ?? element
            for step in steps {
                switch value {
                case .object(let object): value = object.members.first { $0.key.hasSameBytes(as: step) }?.value
                case .array(let elements): value = Self.index(step).flatMap { $0 < elements.count ? elements[$0] : nil }
                default: return nil
                }
            }
            return value
        }

        /// `0`, `17`, but not `01` or `+1`.
        private static func index(_ step: String) -> Int? {
            Int(step).flatMap { String($0) == step && $0 >= 0 ? $0 : nil }
        }
    }

    fileprivate enum Test: Sendable {
        case equals(JSONValue, is: Bool)
        case among([JSONValue], is: Bool)
        /// Which orders are accepted: below, equal, above.
        case ordered(JSONValue, Set<Int>)
        case exists(Bool)
        case begins(with: String)
        /// Some element of an array.
        case element([Clause])

        func holds(_ value: JSONValue?) -> Bool {
            switch self {
            case .equals(let other, let wanted): (value?.isSame(as: other) ?? false) == wanted
            case .among(let others, let wanted):
                (value.map { value in others.contains { value.isSame(as: $0) } } ?? false) == wanted
            case .ordered(let bound, let accepted): value?.order(to: bound).map(accepted.contains) ?? false
            case .exists(let wanted): (value != nil) == wanted
            case .begins(let prefix):
                if case .string(let text)? = value { text.utf8.starts(with: prefix.utf8) } else { false }
            case .element(let clauses):
                if case .array(let elements)? = value {
                    elements.contains { element in clauses.allSatisfy { $0.holds([:], element: element) } }
                } else {
                    false
                }
            }
        }
    }
}

/// Reads filters under limits.
private struct FilterReader {
    static let mostBytes = 8192
    private static let deepest = 8
    private static let mostNodes = 64
    private static let mostChoices = 256
    private static let longestPath = 16
    private static let deepestLiteral = 32
    /// Beyond it, not every reader has the same number.
    private static let largestNumber: Int64 = 9_007_199_254_740_992
    private static let operators: Set<String> = [
        "$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$prefix", "$any",
    ]

    var roots: Set<ObservedPart> = []
    private var nodes = 0

    mutating func clauses(
        of value: JSONValue,
        depth: Int,
        isInElement: Bool
    ) throws(CallFailure) -> [ObserverFilter.Clause] {
        guard depth <= Self.deepest else {
            throw .invalidFilter("filters are nested deeper than \(Self.deepest) levels")
        }
        guard case .object(let object) = value else {
            throw .invalidFilter("a filter is an object, not \(value.kindName)")
        }
        var result: [ObserverFilter.Clause] = []
        for member in object.members {
            switch member.key {
            case "$and":
                for filter in try filters(member.value, of: "$and") {
                    result += try clauses(of: filter, depth: depth, isInElement: isInElement)
                }
            case "$or":
                try count()
                var choices: [[ObserverFilter.Clause]] = []
                for filter in try filters(member.value, of: "$or") {
                    choices.append(try clauses(of: filter, depth: depth + 1, isInElement: isInElement))
                }
                result.append(.any(choices))
            case "$not":
                try count()
                result.append(.not(try clauses(of: member.value, depth: depth + 1, isInElement: isInElement)))
            default:
                let path = try path(member.key, isInElement: isInElement)
                result.append(.path(path, try tests(member.value, at: member.key, depth: depth)))
            }
        }
        return result
    }

    private mutating func count() throws(CallFailure) {
        nodes += 1
        guard nodes <= Self.mostNodes else { throw .invalidFilter("it has more than \(Self.mostNodes) operators") }
    }

    private func filters(_ value: JSONValue, of name: String) throws(CallFailure) -> [JSONValue] {
        guard case .array(let filters) = value, !filters.isEmpty else {
            throw .invalidFilter("`\(name)` takes an array of filters with something in it")
        }
        return filters
    }

    // MARK: Paths

    private mutating func path(_ text: String, isInElement: Bool) throws(CallFailure) -> ObserverFilter.Path {
        guard !text.hasPrefix("$") else {
            throw .invalidFilter(
                "a filter holds paths, `$and`, `$or` and `$not`; `\(text.printable)` belongs below a path"
            )
        }
        var steps = try Self.steps(text)
        let root = steps.removeFirst()
        guard steps.count <= Self.longestPath else {
            throw .invalidFilter("path `\(text.printable)` has more than \(Self.longestPath) steps")
        }
        if isInElement {
            guard root == "@" else { throw .invalidFilter("inside `$any` a path begins with `@`, the element") }
            return ObserverFilter.Path(root: nil, steps: steps)
        }
        guard let part = ObservedPart(rawValue: root) else {
            throw .invalidFilter("path `\(text.printable)` begins with none of input, output, error, caller, metadata")
        }
        roots.insert(part)
        return ObserverFilter.Path(root: part, steps: steps)
    }

    /// The parts between dots; `\.` is a dot in a key, `\\` a backslash.
    private static func steps(_ text: String) throws(CallFailure) -> [String] {
        var steps = [""]
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\\":
                guard let escaped = rest.popFirst(), escaped == "." || escaped == "\\" else {
                    throw .invalidFilter("path `\(text.printable)`: a backslash stands before a dot or another one")
                }
                steps[steps.count - 1].unicodeScalars.append(escaped)
            case ".": steps.append("")
            default: steps[steps.count - 1].unicodeScalars.append(scalar)
            }
        }
        guard !steps.contains("") else { throw .invalidFilter("path `\(text.printable)` has an empty step") }
        return steps
    }

    // MARK: Operators

    private mutating func tests(
        _ value: JSONValue,
        at path: String,
        depth: Int
    ) throws(CallFailure) -> [ObserverFilter.Test] {
        guard case .object(let object) = value, !object.isEmpty,
            object.members.allSatisfy({ $0.key.hasPrefix("$") })
        else { throw .invalidFilter("`\(path.printable)` takes operators, such as {\"$eq\": …}") }
        var result: [ObserverFilter.Test] = []
        for member in object.members {
            try count()
            result.append(try test(member.key, with: member.value, at: path, depth: depth))
        }
        return result
    }

    private mutating func test(
        _ name: String,
        with operand: JSONValue,
        at path: String,
        depth: Int
    ) throws(CallFailure) -> ObserverFilter.Test {
        switch (name, operand) {
        case ("$eq", _), ("$ne", _):
            try check(operand, depth: 0)
            return .equals(operand, is: name == "$eq")
        case ("$in", .array(let choices)), ("$nin", .array(let choices)):
            guard choices.count <= Self.mostChoices else {
                throw .invalidFilter("`\(name)` has more than \(Self.mostChoices) choices")
            }
            for choice in choices { try check(choice, depth: 0) }
            return .among(choices, is: name == "$in")
        case ("$gt", .number), ("$gt", .string): return try ordered(to: operand, accepting: [1])
        case ("$gte", .number), ("$gte", .string): return try ordered(to: operand, accepting: [0, 1])
        case ("$lt", .number), ("$lt", .string): return try ordered(to: operand, accepting: [-1])
        case ("$lte", .number), ("$lte", .string): return try ordered(to: operand, accepting: [-1, 0])
        case ("$exists", .bool(let wanted)): return .exists(wanted)
        case ("$prefix", .string(let prefix)): return .begins(with: prefix)
        case ("$any", .object(let object)):
            guard depth < Self.deepest else {
                throw .invalidFilter("filters are nested deeper than \(Self.deepest) levels")
            }
            if !object.isEmpty, object.members.allSatisfy({ Self.operators.contains($0.key) }) {
                let own = try tests(operand, at: path, depth: depth + 1)
                return .element([.path(ObserverFilter.Path(root: nil, steps: []), own)])
            }
            return .element(try clauses(of: operand, depth: depth + 1, isInElement: true))
        default:
            throw .invalidFilter("`\(path.printable)`: `\(name.printable)` with \(operand.kindName) is not known")
        }
    }

    private func ordered(to bound: JSONValue, accepting accepted: Set<Int>) throws(CallFailure) -> ObserverFilter.Test {
        try check(bound, depth: 0)
        return .ordered(bound, accepted)
    }

    private func check(_ literal: JSONValue, depth: Int) throws(CallFailure) {
        let inner: [JSONValue]
        switch literal {
        case .array(let elements): inner = elements
        case .object(let object): inner = object.members.map(\.value)
        case .number(let number):
            let isFine = number.int64.map { (-Self.largestNumber...Self.largestNumber).contains($0) }
            guard isFine ?? number.double.map({ abs($0) <= Double(Self.largestNumber) }) ?? false else {
                throw .invalidFilter("the number \(number) is beyond 2^53")
            }
            return
        case .null, .bool, .string: return
        }
        guard depth < Self.deepestLiteral else {
            throw .invalidFilter("a value is nested deeper than \(Self.deepestLiteral) levels")
        }
        for value in inner { try check(value, depth: depth + 1) }
    }
}

extension JSONValue {
    /// Equal as the SDKs see it: numbers as doubles, strings by their bytes, objects in any order.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left.double == right.double
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.members.allSatisfy { member in
                    right.members.contains { $0.key.hasSameBytes(as: member.key) && member.value.isSame(as: $0.value) }
                }
        default: false
        }
    }

    /// −1, 0 or 1; nil for what has no order.
    fileprivate func order(to other: JSONValue) -> Int? {
        switch (self, other) {
        case (.number(let left), .number(let right)):
            guard let left = left.double, let right = right.double else { return nil }
            return left < right ? -1 : left > right ? 1 : 0
        case (.string(let left), .string(let right)):
            if left.utf8.lexicographicallyPrecedes(right.utf8) { return -1 }
            return left.hasSameBytes(as: right) ? 0 : 1
        default: return nil
        }
    }
}

extension String {
    fileprivate func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension CallFailure {
    fileprivate static func invalidFilter(_ reason: String) -> CallFailure {
        CallFailure(code: "INVALID_FILTER", message: reason)
    }
}
