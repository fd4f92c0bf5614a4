// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText
import RegistryStorage
import WorkerModel

/// The skill documents of a version, which are replaced whole and as often as its owner likes.
package struct WorkerSkills: Sendable {
    let store: any RegistryStore
    let changes: WorkerChanges

    /// Puts the documents of a request in the place of those before.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError` with everything that is wrong.
    package func replace(_ name: String, _ request: JSONValue, by caller: Caller) async throws -> [UInt8] {
        let read = try SkillsRequest(parsing: request)
        return try await changes(name, by: caller, .publish) { change in
            let version = try VersionChoice.pick(read.selector, of: change.worker, in: change.session)
            try change.session.setSkills(read.snapshot, of: version, of: change.worker)
            try change.record(
                .skillsReplaced,
                version,
                ["skills": .number(JSONNumber(read.skills.count)), "prompts": .number(JSONNumber(read.prompts.count))]
            )
            let answer: JSONObject = [
                "name": .string(change.worker.description), "version": .string(version.description),
                "skills": .number(JSONNumber(read.skills.count)), "prompts": .number(JSONNumber(read.prompts.count)),
            ]
            return JSONValue.object(answer).bytes()
        }
    }

    /// The documents of a version, none where none were ever sent.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(_ name: String, version selector: String?) async throws -> [UInt8] {
        let (name, selector) = (try VersionChoice.name(name), try VersionChoice.selector(selector))
        let (version, snapshot) = try await store.read { session in
            let version = try VersionChoice.pick(selector, of: name, in: session)
            return (version, try session.skills(of: version, of: name) ?? .empty)
        }
        var output = JSONValue.object([
            "name": .string(name.description), "version": .string(version.description),
        ]).bytes()
        output.removeLast()
        output += ",\"skills\":".utf8
        output += snapshot.skills.utf8
        output += ",\"prompts\":".utf8
        output += snapshot.prompts.utf8
        output.append(UInt8(ascii: "}"))
        return output
    }
}
