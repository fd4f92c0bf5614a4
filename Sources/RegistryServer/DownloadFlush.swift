// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Logging
import RegistryService
import ServiceLifecycle

/// Writes down every few moments what was downloaded, and once more at the end.
struct DownloadFlush: Service {
    let counter: DownloadCounter
    let interval: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cut short by the end, which is what it is for.
                try? await Task.sleep(for: interval)
                await flush()
            }
        }
        await flush()
    }

    private func flush() async {
        do {
            try await counter.flush()
        } catch is CancellationError {
            // What is not written now is written at the end.
        } catch {
            logger.error("downloads are not written down", metadata: ["error.message": "\(ErrorReport(error).message)"])
        }
    }
}
