// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Sandboxing

/// In which tier workers are to run.
struct IsolationOption: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Run in this sandbox: vm, emulated-vm or namespaces; none where that is allowed.",
            valueName: "tier"
        )
    )
    var isolation: IsolationTier?
}

extension IsolationTier: ExpressibleByArgument {}
