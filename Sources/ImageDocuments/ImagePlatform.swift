// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What an image runs on: `linux/amd64`, `linux/arm64/v8`.
package struct ImagePlatform: Hashable, Sendable, CustomStringConvertible {
    package let system: String
    package let architecture: String
    /// A generation of the architecture; nil where none is named.
    package let variant: String?

    package init(system: String, architecture: String, variant: String? = nil) {
        self.system = system
        self.architecture = architecture
        self.variant = variant
    }

    package var description: String { ([system, architecture] + (variant.map { [$0] } ?? [])).joined(separator: "/") }

    /// What images for a host are called; nil for a host that runs none.
    ///
    /// Sandboxes run Linux, whatever the host's system is.
    package init?(of target: TargetTriple) {
        let triple = target.description
        switch triple.prefix(while: { $0 != "-" }) {
        case "x86_64": self.init(system: "linux", architecture: "amd64")
        case "aarch64": self.init(system: "linux", architecture: "arm64", variant: "v8")
        case "armv7": self.init(system: "linux", architecture: "arm", variant: "v7")
        default: return nil
        }
    }

    /// What a program for a target is called among images; nil for a target that none of them names.
    package init?(running target: TargetTriple) {
        let triple = target.description
        let processors: [(String, String, String?)] = [
            ("x86_64", "amd64", nil), ("aarch64", "arm64", nil), ("armv7", "arm", "v7"), ("i686", "386", nil),
            ("riscv64", "riscv64", nil), ("powerpc64le", "ppc64le", nil), ("s390x", "s390x", nil),
            ("loongarch64", "loong64", nil),
        ]
        let systems = [("-linux-", "linux"), ("-darwin", "darwin"), ("-windows-", "windows"), ("-freebsd", "freebsd")]
        guard let processor = processors.first(where: { triple.hasPrefix($0.0) }),
            let system = systems.first(where: { triple.contains($0.0) })
        else { return nil }
        self.init(system: system.1, architecture: processor.1, variant: processor.2)
    }

    /// How well an image for this platform runs on `host`: higher is better, nil is not at all.
    ///
    /// A host runs older generations of its architecture. An image that names none is for the common one.
    package func rank(on host: ImagePlatform) -> Int? {
        guard system == host.system, architecture == host.architecture else { return nil }
        let own = generation ?? 0
        let limit = host.generation ?? 1
        return own <= limit ? own : nil
    }

    private var generation: Int? {
        let named = variant.flatMap { $0.hasPrefix("v") ? Int($0.dropFirst()) : nil }
        return named ?? ["arm64": 8, "arm": 7, "amd64": 1][architecture]
    }

    /// The same platform with the generation that goes without saying left out.
    package var shortDescription: String {
        switch (architecture, variant) {
        case ("arm64", "v8"), ("amd64", "v1"): "\(system)/\(architecture)"
        default: description
        }
    }
}
