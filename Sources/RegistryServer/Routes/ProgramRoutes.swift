// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import JSONText
import RegistryAPI
import RegistryService
import WorkerModel

/// `/install.sh`, `/programs`: the programs of iii, as users of this registry get them.
///
/// The bytes are blobs: these routes only say which.
struct ProgramRoutes: Sendable {
    let programs: OfferPrograms

    func add(to router: Router<RegistryContext>) {
        router.reads(.installScript) { request, _ in
            let script = InstallScript(try await offered(), from: programs.registry)
            return .ready(
                ReadyAnswer(body: Array(script.text.utf8)),
                for: request,
                as: "text/x-shellscript; charset=utf-8"
            )
        }
        router.reads(.programs) { request, _ in
            .ready(ReadyAnswer(body: try await offered().json.bytes()), for: request)
        }
        router.reads(.program) { _, context in
            let offered = try await offered()
            let (target, name) = (context.part("target"), context.part("file"))
            guard let build = offered.builds.first(where: { $0.target.description == target }),
                let file = build.files.first(where: { $0.name == name })
            else { throw RegistryServiceError.programNotOffered("\(name) for \(target)") }
            return Response(status: .seeOther, headers: [.location: file.url, .cacheControl: "no-cache"])
        }
    }

    private func offered() async throws -> OfferedPrograms {
        guard let offered = try await programs.offered() else { throw RegistryServiceError.programNotOffered(nil) }
        return offered
    }
}
