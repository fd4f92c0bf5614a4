// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerOperations

extension OperationEvent {
    /// The event for machines: `{"event":"received","worker":"pdfkit","bytes":65536}`.
    var json: JSONValue {
        switch self {
        case .waitingForProject(let holder):
            [
                "event": "waiting", "holder_pid": holder.map { .number(JSONNumber($0.processID)) } ?? .null,
                "holder_command": holder?.command.map(JSONValue.string) ?? .null,
            ]
        case .recovered(let recovery): ["event": "recovered", "lines": .array(recovery.lines.map(JSONValue.string))]
        case .planned(let change): ["event": "planned", "lines": .array(change.planLines.map(JSONValue.string))]
        case .resolving(let source): ["event": "resolving", "source": .string("\(source)")]
        case .fetching(let name, let version, let size):
            [
                "event": "fetching", "worker": .string(name.description), "version": .string(version.description),
                "size": size.map { .number(JSONNumber($0.bytes)) } ?? .null,
            ]
        case .received(let name, let count):
            ["event": "received", "worker": .string(name.description), "bytes": .number(JSONNumber(count.bytes))]
        case .installed(let name, let version): .installed(name, version, wasThere: false)
        case .alreadyInstalled(let name, let version): .installed(name, version, wasThere: true)
        case .fetchingLayer(let name, let layer, let size, let present):
            [
                "event": "fetching_layer", "worker": .string(name.description), "layer": .string("sha256:\(layer)"),
                "size": .number(JSONNumber(size.bytes)), "present": .number(JSONNumber(present.bytes)),
            ]
        case .receivedLayer(let name, let layer, let count):
            [
                "event": "received_layer", "worker": .string(name.description), "layer": .string("sha256:\(layer)"),
                "bytes": .number(JSONNumber(count.bytes)),
            ]
        case .fetchedLayer(let name, let layer):
            [
                "event": "fetched_layer", "worker": .string(name.description), "layer": .string("sha256:\(layer)"),
            ]
        case .installedImage(let name, let reference):
            [
                "event": "installed", "worker": .string(name.description), "image": .string(reference.description),
                "was_there": false,
            ]
        case .uploading(let what, let size):
            ["event": "uploading", "file": .string(what), "size": .number(JSONNumber(size.bytes))]
        case .sent(let what, let count):
            ["event": "sent", "file": .string(what), "bytes": .number(JSONNumber(count.bytes))]
        case .uploaded(let what): ["event": "uploaded", "file": .string(what), "was_there": false]
        case .alreadyUploaded(let what): ["event": "uploaded", "file": .string(what), "was_there": true]
        case .edited(let path): ["event": "edited", "path": .string(path.string)]
        case .warning(let text, let code):
            ["event": "warning", "message": .string(text), "code": code.map { .string($0.rawValue) } ?? .null]
        }
    }
}

extension JSONValue {
    fileprivate static func installed(_ name: WorkerName, _ version: SemanticVersion, wasThere: Bool) -> JSONValue {
        [
            "event": "installed", "worker": .string(name.description), "version": .string(version.description),
            "was_there": .bool(wasThere),
        ]
    }
}
