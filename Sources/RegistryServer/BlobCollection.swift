// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Logging
import RegistryService
import ServiceLifecycle
import WorkerModel

/// Deletes blobs that nobody needs, at the start and from time to time.
struct BlobCollection: Service {
    let collect: CollectBlobs
    let interval: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await collectOnce()
                // Cut short by the end, which is what it is for.
                try? await Task.sleep(for: interval)
            }
        }
    }

    private func collectOnce() async {
        do {
            let outcome = try await collect()
            if outcome.withheld > 0 {
                logger.error(
                    "blobs are not collected: more of them are named by no version than can be believed",
                    metadata: [
                        "blobs.withheld": "\(outcome.withheld)", "hint": "are the records older than the blobs?",
                    ]
                )
            }
            if outcome.isNothing { return }
            logger.info(
                "blobs collected",
                metadata: [
                    "blobs.deleted": "\(outcome.blobs)", "blobs.deleted_bytes": "\(outcome.bytes.bytes)",
                    "images.deleted": "\(outcome.documents)", "uploads.expired": "\(outcome.uploads)",
                ]
            )
        } catch is CancellationError {
            // The next start goes on.
        } catch {
            logger.error("blobs are not collected", metadata: ["error.message": "\(ErrorReport(error).message)"])
        }
    }
}
