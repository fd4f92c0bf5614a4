// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import HostSystem
package import ProjectFiles
package import SystemPackage
package import WorkerModel

/// What an operation tells of its progress, for bars, lines or machines to render.
package enum OperationEvent: Sendable {
    /// Another process holds the project; which one, where it is known.
    case waitingForProject(holder: FileLock.Holder?)
    /// What an interrupted command had left in the project was found.
    case recovered(CommitRecovery)
    case resolving(WorkerSource)
    /// What will be done, before anything is fetched.
    case planned(PlannedChange)
    /// A file begins to arrive; its size, where the server tells it.
    case fetching(WorkerName, SemanticVersion, size: ByteCount?)
    /// More bytes of it have arrived.
    case received(WorkerName, ByteCount)
    /// It has arrived, was verified and is in the store.
    case installed(WorkerName, SemanticVersion)
    /// It was in the store already.
    case alreadyInstalled(WorkerName, SemanticVersion)
    /// A layer of an image begins to arrive, of which a part may be there from an earlier try.
    case fetchingLayer(WorkerName, Digest, size: ByteCount, present: ByteCount)
    /// More bytes of it have arrived.
    case receivedLayer(WorkerName, Digest, ByteCount)
    /// It has arrived, and was verified.
    case fetchedLayer(WorkerName, Digest)
    /// An image is unpacked and verified; the reference names its digest.
    case installedImage(WorkerName, ImageReference)
    case uploading(String, size: ByteCount)
    /// More bytes of it have left.
    case sent(String, ByteCount)
    case uploaded(String)
    /// The registry has these bytes already.
    case alreadyUploaded(String)
    /// A project file was changed; its absolute path.
    case edited(FilePath)
    /// Something the user should know, though nothing failed; a code where one is published.
    case warning(String, ErrorCode?)
}

/// Where the events of an operation go.
///
/// Called from several tasks at once.
package protocol EventSink: Sendable {
    func receive(_ event: OperationEvent)
}
