// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import Transport
package import WorkerModel

extension RegistryClient {
    /// How long counting may take, for all workers together.
    package static let countingLimit = Duration.seconds(2)

    /// Tells the registry what was installed, which is how it counts downloads.
    ///
    /// Ends after two seconds whatever happens, and never fails: an install does not depend on being counted. `isCI`
    /// keeps the installs of machines out of the totals that people see. Whether to count at all is the caller's
    /// to ask the user.
    package func countDownloads(of workers: [(name: WorkerName, version: SemanticVersion)], isCI: Bool) async {
        let requests = workers.compactMap { worker in
            // A fixture counts nothing.
            try? request(
                .get,
                .download(worker.name, selector: .exact(worker.version), isCI: isCI),
                for: .look(worker.name)
            )
        }
        guard !requests.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [pacing] in try? await pacing.sleep(Self.countingLimit) }
            group.addTask { [transport] in
                await withTaskGroup(of: Void.self) { sending in
                    // The status alone tells that it was counted, and nobody here wants to know.
                    for request in requests { sending.addTask { _ = try? await transport.send(request) } }
                }
            }
            // Whichever ends first ends the other.
            await group.next()
            group.cancelAll()
        }
    }
}
