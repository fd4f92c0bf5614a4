// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import HostSystem
import ProjectFiles
import WorkerSupervisor

/// The engine that a call goes to.
enum TriggerTarget {
    /// What was asked for, else `III_URL`, else the engine that runs the project, else the usual address.
    ///
    /// - Throws: `EngineAddressError` for an `III_URL` that is no address.
    static func address(host: EngineAddress?, context: CommandContext) throws -> EngineAddress {
        if let host { return host }
        if let url = context.environment[.engineURL] { return try EngineAddress(parsing: url) }
        guard let project = try Project.find(context.environment) else { return EngineAddress() }
        return try RunningEngine.find(of: project, context)?.address ?? EngineAddress()
    }
}
