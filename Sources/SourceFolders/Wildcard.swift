// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A pattern with `*`, `?`, `[…]`, `**` and escapes, as git matches it against a path.
///
/// All ways to match are followed at once, so the time is bounded by the product of the lengths, whatever the pattern.
struct Wildcard: Hashable, Sendable {
    private enum Step: Hashable, Sendable {
        case byte(UInt8)
        case oneOf(ByteSet)
        /// Any bytes but `/`, or none.
        case star
        /// Any bytes, or none.
        case anything
        /// Nothing: goes on here, or behind the two steps that follow.
        case skipTwo
    }

    private let steps: [Step]

    private static let slash = UInt8(ascii: "/")
    /// A pattern that takes more bytes matches no path that a system has.
    private static let longest = 4096

    /// Nil for a pattern that matches nothing: its last byte escapes nothing, a `[` has no end, a class no such name.
    init?(_ pattern: ArraySlice<UInt8>) {
        let pattern = Array(pattern)
        guard let steps = Self.steps(of: pattern), steps.count <= 2 * Self.longest else { return nil }
        self.steps = steps
    }

    private static func steps(of pattern: [UInt8]) -> [Step]? {
        func at(_ index: Int) -> UInt8? { pattern.indices.contains(index) ? pattern[index] : nil }
        var steps: [Step] = []
        var index = 0
        while let byte = at(index) {
            index += 1
            switch byte {
            case UInt8(ascii: "\\"):
                guard let literal = at(index) else { return nil }
                steps.append(.byte(literal))
                index += 1
            case UInt8(ascii: "?"): steps.append(.oneOf(ByteSet { $0 != slash }))
            case UInt8(ascii: "["):
                guard let (set, end) = BracketExpression.read(pattern, behind: index) else { return nil }
                steps.append(.oneOf(set))
                index = end
            case UInt8(ascii: "*"):
                let start = index - 1
                while at(index) == UInt8(ascii: "*") { index += 1 }
                let isPart = start == 0 || at(start - 1) == slash
                let next = at(index)
                let isEscapedSlash = next == UInt8(ascii: "\\") && at(index + 1) == slash
                if index - start == 1 || !isPart || !(next == nil || next == slash || isEscapedSlash) {
                    steps.append(.star)
                } else if next == slash {
                    // `**/` is any folders, or none.
                    steps += [.skipTwo, .anything, .byte(slash)]
                    index += 1
                } else {
                    steps.append(.anything)
                }
            default: steps.append(.byte(byte))
            }
        }
        return steps
    }

    func matches(_ text: ArraySlice<UInt8>) -> Bool {
        var (places, next) = (Places(steps.count + 1), Places(steps.count + 1))
        enter(0, &places)
        for byte in text {
            next.clear()
            for place in places.list where place < steps.count {
                switch steps[place] {
                case .byte(let literal) where literal == byte: enter(place + 1, &next)
                case .oneOf(let set) where set.contains(byte): enter(place + 1, &next)
                case .star where byte != Self.slash: enter(place, &next)
                case .anything: enter(place, &next)
                case .byte, .oneOf, .star, .skipTwo: break
                }
            }
            if next.list.isEmpty { return false }
            swap(&places, &next)
        }
        return places.contains(steps.count)
    }

    /// Puts in a place, and those that are reached from it without a byte.
    private func enter(_ place: Int, _ places: inout Places) {
        var open = [place]
        while let place = open.popLast() {
            guard places.insert(place), place < steps.count else { continue }
            switch steps[place] {
            case .byte, .oneOf: break
            case .star, .anything: open.append(place + 1)
            case .skipTwo: open += [place + 1, place + 3]
            }
        }
    }
}

/// Places in a pattern, each once.
private struct Places {
    private(set) var list: [Int] = []
    private var isThere: [Bool]

    init(_ count: Int) { isThere = [Bool](repeating: false, count: count) }

    func contains(_ place: Int) -> Bool { isThere[place] }

    mutating func clear() {
        for place in list { isThere[place] = false }
        list.removeAll(keepingCapacity: true)
    }

    mutating func insert(_ place: Int) -> Bool {
        if isThere[place] { return false }
        isThere[place] = true
        list.append(place)
        return true
    }
}
