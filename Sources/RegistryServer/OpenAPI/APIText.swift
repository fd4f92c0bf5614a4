// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryStorage
import WorkerModel

/// The texts of the interface that have a form, as JSON Schema.
enum APIText {
    private static let number = "(?:0|[1-9][0-9]{0,17})"
    private static let part = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
    private static let prerelease = "(?:-\(part)(?:\\.\(part))*)?"
    private static let build = "(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?"
    /// `1`, `v1.x`, `1.2.3-rc.1`.
    private static let partial: String = {
        let component = "(?:[xX*]|\(number))"
        return "[vV]?\(component)(?:\\.\(component)(?:\\.\(component)\(prerelease)\(build))?)?"
    }()
    /// Comparators, or a hyphen range.
    private static let alternative: String = {
        let comparator = "(?:>=|<=|~>|[><=^~])?[ \\t]*\(partial)"
        let hyphen = "\(partial)[ \\t]+-[ \\t]+\(partial)"
        return "[ \\t]*(?:\(hyphen)|\(comparator)(?:[ \\t]+\(comparator))*)?[ \\t]*"
    }()
    private static let ranges = "\(alternative)(?:\\|\\|\(alternative))*"
    private static let channels = "[a-z][a-z0-9._-]{0,63}"

    private static func matching(_ pattern: String, upTo length: Int? = nil) -> JSONValue {
        var schema: JSONObject = ["type": "string", "pattern": .string("^(?:\(pattern))$")]
        schema["maxLength"] = length.map { .number(JSONNumber($0)) }
        return .object(schema)
    }

    static let version = matching(
        "\(number)\\.\(number)\\.\(number)\(prerelease)\(build)",
        upTo: SemanticVersion.maximumLength
    )
    static let published = matching("\(number)\\.\(number)\\.\(number)\(prerelease)", upTo: 128)
    /// A range; empty for any version.
    static let range = matching(ranges, upTo: SemanticVersion.maximumLength)
    /// A version, a range or a channel.
    static let selector = matching("(?=.*[^ \\t])(?:\(ranges)|\(channels))", upTo: SemanticVersion.maximumLength)
    /// The same, or nothing for `latest`.
    static let selectorIfAny = matching(
        "|(?=.*[^ \\t])(?:\(ranges)|\(channels))",
        upTo: SemanticVersion.maximumLength
    )
    /// Neither a version nor a range.
    static let channel = matching("(?!(?:\(partial))$)\(channels)")
    static let name = matching("[a-z0-9][a-z0-9_-]*", upTo: WorkerName.maximumLength)
    /// Also such as cannot be published.
    static let anyName = matching("(?!.*\\.\\.)[A-Za-z0-9_-][A-Za-z0-9._-]*", upTo: WorkerName.maximumLength)
    static let target = matching("(?=.*-)[A-Za-z0-9_][A-Za-z0-9._-]*", upTo: 64)
    static let digest = matching("[0-9a-fA-F]{64}")
    static let namePattern = matching("[a-z0-9_*-]+", upTo: NamePattern.maximumLength)
    /// One paragraph.
    static let line = matching("[^\\x00-\\x1F\\x7F-\\x9F]*", upTo: 1000)
    static let label = matching("[^\\x00-\\x1F\\x7F]*", upTo: 200)
    static let webAddress = matching("|[hH][tT][tT][pP][sS]?://[!-\\x22$-.0-9:-;=@-~]+(?:/[!-~]*)?", upTo: 2048)
    static let artifactAddress = matching(
        "[hH][tT][tT][pP][sS]://[a-z0-9][a-z0-9.-]*(?:/[a-zA-Z0-9._/-]*)?",
        upTo: 2048
    )
    static let platform = matching("[a-z0-9._-]{1,32}/[a-z0-9._-]{1,32}(?:/[a-z0-9._-]{1,32})?")
    static let document = matching("[A-Za-z0-9][A-Za-z0-9_-]{0,60}(?:/[A-Za-z0-9_-]{1,60})?\\.[mM][dD]", upTo: 200)
    static let cursor = matching("|-?[0-9a-z]{1,12}\\.-?[0-9a-z]{1,12}")

    /// An image as a container engine names it; what stands before the first `/` is a host where it looks like one.
    static let image: JSONValue = {
        let label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
        let port = ":0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
        let name = "(?:\(label)(?:\\.\(label))+(?:\(port))?|localhost(?:\(port))?|\(label)\(port))"
        let host = "(?:\(name)|\\[[0-9a-fA-F:.]+\\](?:\(port))?)"
        let plain = "[a-z0-9]+(?:(?:_{1,2}|-+)[a-z0-9]+)*"
        let part = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*"
        let path = "(?:\(host)/\(part)(?:/\(part))*|\(plain)(?:/\(part))+|\(part))"
        let digest = "(?:@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
        return matching("\(path)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?\(digest)", upTo: 1024)
    }()
    /// A name after which a list goes on.
    static let nameCursor = matching("|(?!.*\\.\\.)[A-Za-z0-9_-][A-Za-z0-9._-]*", upTo: WorkerName.maximumLength)

    static func oneOf(_ words: [String]) -> JSONValue { ["enum": .array(words.map { .string($0) })] }
}
