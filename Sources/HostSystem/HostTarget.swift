// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage
package import WorkerModel

/// The platform of this host.
package enum HostTarget {
    /// The target that this host runs, nil for a platform that nobody builds for.
    ///
    /// On Linux gnu and musl are told apart by the loader that is there: a musl host has `/lib/ld-musl-*` and no gnu one.
    package static func detect(root: FilePath = "/") -> TargetTriple? {
        guard let processor else { return nil }
        #if os(macOS)
        return TargetTriple(processor, .macOS)
        #elseif os(Windows)
        return TargetTriple(processor, .windows)
        #else
        return TargetTriple(processor, .linux(cLibrary(root: root)))
        #endif
    }

    static func cLibrary(root: FilePath) -> TargetTriple.CLibrary {
        let loaders = ["lib", "lib64"].flatMap { folder in
            // A folder that cannot be listed holds no loader that could be used.
            (try? HostFiles.entries(of: root.appending(folder))) ?? []
        }
        let hasGNU = loaders.contains { $0.hasPrefix("ld-linux") || $0 == "libc.so.6" }
        return !hasGNU && loaders.contains { $0.hasPrefix("ld-musl-") } ? .musl : .gnu
    }

    private static var processor: TargetTriple.Processor? {
        #if arch(x86_64)
        .x86_64
        #elseif arch(arm64)
        .arm64
        #elseif arch(arm)
        .armv7
        #elseif arch(i386)
        .x86
        #else
        nil
        #endif
    }
}
