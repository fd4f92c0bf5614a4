// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// Tells when a worker's source has changed and come to rest.
package struct SourceWatch: Sendable {
    /// How often the source is looked at.
    package static let interval = Duration.milliseconds(500)
    /// It has come to rest when it was the same for so long.
    package static let rest = Duration.milliseconds(500)

    private let root: FilePath

    package init(_ root: FilePath) { self.root = root }

    /// Waits until the source is another than `before`, and has been the same for `rest`.
    ///
    /// A source that cannot be looked at counts as unchanged: it may be on its way from one branch to another.
    ///
    /// - Throws: `CancellationError`.
    package func changed(
        from before: SourceTree,
        clock: some Clock<Duration> = ContinuousClock()
    ) async throws -> SourceTree {
        var debounce = Debounce(seen: before)
        while true {
            try await clock.sleep(for: Self.interval)
            guard let now = try? SourceTree(of: root) else { continue }
            if debounce.look(now) { return now }
        }
    }
}

/// A trailing debounce over looks: true when what is seen differs from the start and is what was seen the time before.
package struct Debounce<Value: Equatable & Sendable>: Sendable {
    private let start: Value
    private var last: Value

    package init(seen value: Value) {
        start = value
        last = value
    }

    package mutating func look(_ now: Value) -> Bool {
        defer { last = now }
        return now != start && now == last
    }
}
