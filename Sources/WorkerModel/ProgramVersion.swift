// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CBuildInfo

/// The version of the programs.
package enum ProgramVersion {
    package static let text = "0.1.0"

    /// The commit that a release was built from, and its day; nil in other builds.
    package static let commit = known(iii_build_commit())
    package static let date = known(iii_build_date())

    /// What the programs run on, as compilers name it.
    package static var platform: String {
        #if arch(x86_64)
        let processor = TargetTriple.Processor.x86_64
        #elseif arch(arm64)
        let processor = TargetTriple.Processor.arm64
        #endif
        #if os(macOS)
        return TargetTriple(processor, .macOS)?.description ?? processor.rawValue
        #elseif canImport(Musl)
        return TargetTriple(processor, .linux(.musl))?.description ?? processor.rawValue
        #else
        return TargetTriple(processor, .linux(.gnu))?.description ?? processor.rawValue
        #endif
    }

    /// What `--version` prints behind a program's name: `0.1.0 (4f5b3ae01c2d 2026-11-30, x86_64-unknown-linux-gnu)`.
    package static var line: String {
        let origin = [commit, date].compactMap(\.self).joined(separator: " ")
        return "\(text) (\([origin, platform].filter { !$0.isEmpty }.joined(separator: ", ")))"
    }

    private static func known(_ text: UnsafePointer<CChar>?) -> String? {
        // Safety: a literal of the C source, which ends with a zero and lives for ever.
        text.flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
    }
}
