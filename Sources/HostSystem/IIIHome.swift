// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage

/// The folder where what is installed lives: `~/.iii`, or what `III_HOME` names.
package struct IIIHome: Sendable, Hashable {
    package let root: FilePath

    package init(root: FilePath) { self.root = root }

    /// The home that the environment names.
    ///
    /// - Throws: `HomeUnknown` where neither `III_HOME` nor `HOME` is set.
    package init(_ environment: HostEnvironment) throws(HomeUnknown) {
        if let home = environment[.home] {
            root = environment.absolute(home)
        } else if let home = environment[.userHome] {
            root = FilePath(home).appending(".iii")
        } else {
            throw HomeUnknown()
        }
    }

    /// Verified content: `sha256/<digest>/`.
    package var store: FilePath { root.appending("store") }
    /// Links `NAME` to the installed executable of a binary worker.
    package var workers: FilePath { root.appending("workers") }
    /// Links `NAME` to the installed tree of a bundle worker.
    package var workersBundle: FilePath { root.appending("workers-bundle") }
    /// What belongs to one project on this machine: who runs it, its workers' logs.
    package var projects: FilePath { root.appending("projects") }
    /// A kernel for machines with its modules, where somebody has put one: not in the cache, since nothing here brings it back.
    package var machineKernel: FilePath { root.appending("machine-kernel") }
    /// What can be fetched or made again.
    package var cache: FilePath { root.appending("cache") }
    /// The projects that have used what is installed, one file each.
    package var knownProjects: FilePath { root.appending("known-projects") }
    /// Keys of registries, mode 0600.
    package var credentials: FilePath { root.appending("credentials") }
    /// The machine's settings.
    package var settings: FilePath { root.appending("settings.yaml") }
}

/// No folder to keep workers in.
///
/// W122.
package struct HomeUnknown: CodedError {
    package init() {}
    package var code: ErrorCode { .storageIO }
    package var message: String { "neither `III_HOME` nor `HOME` is set" }
    package var hints: [String] { ["set `III_HOME` to the folder that is to hold installed workers"] }
}
