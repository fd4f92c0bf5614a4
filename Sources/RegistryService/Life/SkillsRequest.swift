// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryStorage
import WorkerModel

/// The body of `POST /w/{name}/skills`, read and held to the rules.
///
///     {"version":"1.2.3","skills":{"SKILL.md":"# …"},"prompts":{"review":{"description":"…","content":"…"}}}
struct SkillsRequest {
    /// Documents of one version.
    private static let documents = 512
    /// Bytes of one document.
    private static let documentSize = 256 << 10

    let selector: VersionSelector
    /// Objects with `path` and `content`.
    let skills: [JSONValue]
    /// Objects with a `name`.
    let prompts: [JSONValue]

    var snapshot: SkillSnapshot {
        SkillSnapshot(skills: JSONValue.array(skills).text(), prompts: JSONValue.array(prompts).text())
    }

    init(parsing document: JSONValue) throws(RegistryServiceError) {
        var reader = SkillsReader()
        let read = reader.read(JSONCursor(document))
        guard reader.problems.isEmpty, let read else { throw .invalidRequest(reader.problems) }
        self = read
    }

    private init(_ selector: VersionSelector, _ skills: [JSONValue], _ prompts: [JSONValue]) {
        self.selector = selector
        self.skills = skills
        self.prompts = prompts
    }

    private struct SkillsReader {
        var problems: [PublicationProblem] = []

        mutating func note(_ path: String, _ reason: String) {
            problems.append(PublicationProblem(path: path, reason: reason))
        }

        mutating func note<Value>(_ read: () throws(JSONShapeError) -> Value) -> Value? {
            do throws(JSONShapeError) { return try read() } catch {
                note(error.path, error.reason)
                return nil
            }
        }

        /// Nil together with a problem.
        mutating func read(_ root: JSONCursor) -> SkillsRequest? {
            let known: Set<String> = ["version", "skills", "prompts"]
            guard let unknown = note({ () throws(JSONShapeError) in try root.unknownKeys(besides: known) }) else {
                return nil
            }
            for key in unknown.prefix(20) { note("$.\(key.printable)", "is not a known key") }
            let selector = readSelector(root)
            if root.value["skills"] == nil, root.value["prompts"] == nil {
                note("$.skills", "is required where there are no `prompts`")
            }
            let (skills, prompts) = (readSkills(root), readPrompts(root))
            return selector.map { SkillsRequest($0, skills, prompts) }
        }

        private mutating func readSelector(_ root: JSONCursor) -> VersionSelector? {
            guard let text = note({ () throws(JSONShapeError) in try root.required("version").string() }) else {
                return nil
            }
            do throws(VersionError) {
                return try VersionSelector(parsing: text)
            } catch {
                note("$.version", "is not accepted: \(error.message)")
                return nil
            }
        }

        private mutating func readSkills(_ root: JSONCursor) -> [JSONValue] {
            let members = note { () throws(JSONShapeError) in try root.optional("skills")?.members() ?? [] } ?? []
            if members.count > documents { note("$.skills", "has more than \(documents) documents") }
            var skills: [JSONValue] = []
            for (path, content) in members.prefix(documents) {
                if let reason = Self.fault(ofPath: path) { note(content.path, reason) }
                guard let text = note({ () throws(JSONShapeError) in try content.string() }) else { continue }
                if text.isEmpty { note(content.path, "is empty") }
                if text.utf8.count > documentSize { note(content.path, "is longer than 256 KiB") }
                skills.append(["path": .string(path), "content": .string(text)])
            }
            return skills
        }

        /// Objects in an array, or under their names.
        private mutating func readPrompts(_ root: JSONCursor) -> [JSONValue] {
            let member = note { () throws(JSONShapeError) in try root.optional("prompts") }
            guard let member, let cursor = member else { return [] }
            var prompts: [JSONValue] = []
            if case .array = cursor.value {
                for element in note({ () throws(JSONShapeError) in try cursor.elements() }) ?? [] {
                    _ = note { () throws(JSONShapeError) in try element.required("name").string() }
                    prompts.append(element.value)
                }
            } else {
                let members = note { () throws(JSONShapeError) in try cursor.members() } ?? []
                for (name, prompt) in members {
                    guard let object = note({ () throws(JSONShapeError) in try prompt.object() }) else { continue }
                    var named: JSONObject = ["name": .string(name)]
                    for member in object.members where member.key != "name" { named[member.key] = member.value }
                    prompts.append(.object(named))
                }
            }
            if prompts.count > documents { note(cursor.path, "has more than \(documents) prompts") }
            return prompts
        }

        /// A relative path of a Markdown file: letters, digits and `._/-`, no part that is empty, `.` or `..`.
        private static func fault(ofPath path: String) -> String? {
            let isWellFormed = path.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "-"): index > 0
                default: false
                }
            }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard isWellFormed, path.utf8.count <= 200, path.lowercased().hasSuffix(".md") else {
                return "is not under a path like `SKILL.md` or `skills/a.md`: letters, digits, `.`, `_`, `-` and `/`"
            }
            return parts.contains { $0 == ".." || $0 == "." || $0.isEmpty }
                ? "is under a path that leaves its folder" : nil
        }
    }
}
