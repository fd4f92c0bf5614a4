// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Reads npm's range grammar and expands carets, tildes, x-ranges and hyphens into plain comparators.
struct VersionRequirementParser {
    typealias Comparator = VersionRequirement.Comparator

    /// A version of which the end may be missing or `x`: `1`, `1.2`, `1.x`, `1.2.3-rc.1`, `*`.
    private struct Partial {
        var major: UInt64?
        var minor: UInt64?
        var patch: UInt64?
        var prerelease: [SemanticVersion.PrereleaseIdentifier] = []

        /// The lowest version that this covers.
        var floor: SemanticVersion { SemanticVersion(major ?? 0, minor ?? 0, patch ?? 0, prerelease: prerelease) }
        var isFull: Bool { patch != nil }
    }

    private var scanner: VersionScanner

    init(_ text: String) { scanner = VersionScanner(text, as: .range) }

    mutating func alternatives() throws(VersionError) -> [[Comparator]] {
        try scanner.expectLength()
        var result: [[Comparator]] = []
        repeat { result.append(try comparators()) } while scanner.take("||")
        try scanner.expectEnd()
        return result
    }

    /// What stands between two `||`: nothing, a hyphen range, or comparators with blanks between.
    private mutating func comparators() throws(VersionError) -> [Comparator] {
        scanner.skipBlanks()
        var result: [Comparator] = []
        var isFirst = true
        while !scanner.isAtEnd, scanner.next != UInt8(ascii: "|") {
            let start = scanner.index
            let sign = takeOperator()
            scanner.skipBlanks()
            let partial = try partialVersion()
            let hadBlanks = scanner.tookBlanks()
            if sign == nil, hadBlanks, scanner.take(UInt8(ascii: "-")) {
                guard isFirst else { throw scanner.failure("a hyphen range cannot be combined with others", at: start) }
                return try hyphenRange(from: partial)
            }
            result += try expand(sign, partial, at: start)
            isFirst = false
            if !hadBlanks, !scanner.isAtEnd, scanner.next != UInt8(ascii: "|") {
                throw scanner.failure("expected a blank or `||`")
            }
        }
        return result
    }

    private mutating func hyphenRange(from low: Partial) throws(VersionError) -> [Comparator] {
        guard scanner.tookBlanks() else { throw scanner.failure("a hyphen range has blanks around its `-`") }
        let start = scanner.index
        let high = try partialVersion()
        scanner.skipBlanks()
        guard scanner.isAtEnd || scanner.next == UInt8(ascii: "|") else {
            throw scanner.failure("a hyphen range cannot be combined with others")
        }
        let lower = low.major == nil ? [] : [Comparator(operator: .greaterOrEqual, version: low.floor)]
        if high.major == nil { return lower }
        return lower + (try expand("<=", high, at: start))
    }

    private mutating func takeOperator() -> String? {
        for token in [">=", "<=", "~>", ">", "<", "=", "^", "~"] where scanner.take(token) { return token }
        return nil
    }

    private mutating func partialVersion() throws(VersionError) -> Partial {
        _ = scanner.take(UInt8(ascii: "v")) || scanner.take(UInt8(ascii: "V"))
        var partial = Partial()
        partial.major = try component()
        guard scanner.take(UInt8(ascii: ".")) else { return partial }
        let minor = try component()
        partial.minor = partial.major == nil ? nil : minor
        guard scanner.take(UInt8(ascii: ".")) else { return partial }
        let patch = try component()
        partial.patch = partial.minor == nil ? nil : patch
        let prerelease = try scanner.prereleaseIfAny()
        if partial.isFull { partial.prerelease = prerelease }
        _ = try scanner.buildMetadataIfAny()
        return partial
    }

    /// One number, or nil for `x`, `X` and `*`.
    private mutating func component() throws(VersionError) -> UInt64? {
        if scanner.take(UInt8(ascii: "x")) || scanner.take(UInt8(ascii: "X")) || scanner.take(UInt8(ascii: "*")) {
            return nil
        }
        return try scanner.number()
    }

    private func expand(_ sign: String?, _ partial: Partial, at position: Int) throws(VersionError) -> [Comparator] {
        guard partial.major != nil else {
            // Nothing is below or above every version.
            if sign == "<" || sign == ">" { return [Comparator(operator: .less, version: Self.lowest)] }
            return []
        }
        let floor = partial.floor
        switch sign {
        case nil, "=":
            if partial.isFull { return [Comparator(operator: .equal, version: floor)] }
            return try between(floor, nextAfter(partial, position))
        case "^": return try between(floor, caretCeiling(partial, position))
        case "~", "~>":
            let widened = Partial(major: partial.major, minor: partial.minor, patch: nil)
            return try between(floor, nextAfter(widened, position))
        case ">=": return [Comparator(operator: .greaterOrEqual, version: floor)]
        case "<": return [Comparator(operator: .less, version: partial.isFull ? floor : before(floor))]
        case ">":
            if partial.isFull { return [Comparator(operator: .greater, version: floor)] }
            return [Comparator(operator: .greaterOrEqual, version: try nextAfter(partial, position))]
        default:
            if partial.isFull { return [Comparator(operator: .lessOrEqual, version: floor)] }
            return [Comparator(operator: .less, version: before(try nextAfter(partial, position)))]
        }
    }

    private static let lowest = SemanticVersion(0, 0, 0, prerelease: [.numeric("0")])

    private func between(_ floor: SemanticVersion, _ ceiling: SemanticVersion) -> [Comparator] {
        [
            Comparator(operator: .greaterOrEqual, version: floor),
            Comparator(operator: .less, version: before(ceiling)),
        ]
    }

    /// The lowest pre-release of a version, so that `<` excludes its pre-releases too.
    private func before(_ version: SemanticVersion) -> SemanticVersion {
        SemanticVersion(version.major, version.minor, version.patch, prerelease: [.numeric("0")])
    }

    /// The first version that a partial one no longer covers: `1` → 2.0.0, `1.2` → 1.3.0, `1.2.3` → 1.2.4.
    private func nextAfter(_ partial: Partial, _ position: Int) throws(VersionError) -> SemanticVersion {
        let major = partial.major ?? 0
        guard let minor = partial.minor else { return SemanticVersion(try successor(major, position), 0, 0) }
        guard let patch = partial.patch else { return SemanticVersion(major, try successor(minor, position), 0) }
        return SemanticVersion(major, minor, try successor(patch, position))
    }

    /// The first version beyond a caret: the leftmost number that is not zero goes up.
    private func caretCeiling(_ partial: Partial, _ position: Int) throws(VersionError) -> SemanticVersion {
        let major = partial.major ?? 0
        guard major == 0, let minor = partial.minor else {
            return SemanticVersion(try successor(major, position), 0, 0)
        }
        guard minor == 0, partial.isFull else { return SemanticVersion(0, try successor(minor, position), 0) }
        return try nextAfter(partial, position)
    }

    private func successor(_ number: UInt64, _ position: Int) throws(VersionError) -> UInt64 {
        let (value, overflow) = number.addingReportingOverflow(1)
        if overflow { throw scanner.failure("a number that is too large", at: position) }
        return value
    }
}
