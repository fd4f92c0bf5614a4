// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser

/// `iii worker`: everything about the workers of a project.
package struct WorkerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Add, remove, run, check and publish workers.",
        subcommands: [
            WorkerAdd.self, WorkerRemove.self, WorkerUpdate.self, WorkerOutdated.self, WorkerSync.self, WorkerList.self,
            WorkerStart.self, WorkerStop.self, WorkerRestart.self, WorkerStatusCommand.self, WorkerAuditCalls.self,
            WorkerLogs.self,
            WorkerExec.self, WorkerWhy.self, WorkerVerify.self, WorkerClear.self, WorkerSearch.self, WorkerInfo.self,
            WorkerInit.self, WorkerCheck.self, WorkerPack.self, WorkerPublish.self, WorkerYank.self, WorkerUnyank.self,
            WorkerDeprecate.self, WorkerDelete.self, WorkerTag.self, WorkerOwner.self, WorkerDependents.self,
            WorkerDownloads.self, WorkerHistory.self,
        ]
    )

    package init() {}
}
