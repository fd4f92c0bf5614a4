// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Resolution
import WorkerModel

/// A registry's index written as lines of text.
///
///     app 1.0.0: state ^0.22, harness latest      a version, with its dependencies in order
///     state 0.22.0 untagged                       never `latest`; `yanked` likewise
///     state@next = 0.22.0                         a channel
struct WrittenIndex {
    private var entries: [WorkerName: [WorkerIndex.Entry]] = [:]
    private var channels: [WorkerName: [ChannelName: SemanticVersion]] = [:]

    init(_ text: String) throws {
        for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
            if line.contains("@") { try readChannel(line) } else { try readVersion(line) }
        }
    }

    func callAsFunction(_ name: WorkerName) -> WorkerIndex? {
        entries[name].map { WorkerIndex(name: name, entries: $0, channels: channels[name] ?? [:]) }
    }

    /// The answer to a request, as text: `helper@1.0.0 app@1.0.0`.
    func picks(_ worker: String, _ selector: String, limits: Resolver.Limits = .init()) throws -> String {
        try graph(worker, selector, limits: limits).nodes.map { "\($0.name)@\($0.version)" }.joined(separator: " ")
    }

    func graph(_ worker: String, _ selector: String, limits: Resolver.Limits = .init()) throws -> ResolvedGraph {
        try Resolver(limits: limits, index: { self($0) })
            .resolve(WorkerName(parsing: worker), VersionSelector(parsing: selector), written: selector)
    }

    private mutating func readChannel(_ line: some StringProtocol) throws {
        let parts = line.split { "@= ".contains($0) }
        channels[try WorkerName(parsing: parts[0]), default: [:]][try ChannelName(parsing: parts[1])] =
            try SemanticVersion(parsing: parts[2])
    }

    private mutating func readVersion(_ line: some StringProtocol) throws {
        let halves = line.split(separator: ":", maxSplits: 1)
        let words = halves[0].split(separator: " ")
        var dependencies: [WorkerDependency] = []
        for dependency in halves.dropFirst().first?.split(separator: ",") ?? [] {
            let parts = dependency.split(separator: " ", maxSplits: 1)
            dependencies.append(
                WorkerDependency(
                    name: try WorkerName(parsing: parts[0]),
                    selector: String(parts.dropFirst().first ?? "")
                )
            )
        }
        entries[try WorkerName(parsing: words[0]), default: []].append(
            WorkerIndex.Entry(
                version: try SemanticVersion(parsing: words[1]),
                isPromoted: !words.contains("untagged"),
                isYanked: words.contains("yanked"),
                dependencies: dependencies
            )
        )
    }
}
