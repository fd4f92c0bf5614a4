// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A language that a project can be begun in.
package enum ProjectLanguage: String, Sendable, CaseIterable {
    case python
    case typescript
    case javascript
    case rust
    case swift

    /// The language of a name as people write it, in any case: `py`, `ts`, `js`, `rs` too.
    package init?(named text: String) {
        switch text.lowercased() {
        case "python", "py": self = .python
        case "typescript", "ts": self = .typescript
        case "javascript", "js": self = .javascript
        case "rust", "rs": self = .rust
        case "swift": self = .swift
        default: return nil
        }
    }

    /// What is done before the first `publish`; nil where the sources are what is published.
    package var buildCommand: String? {
        switch self {
        case .python, .javascript: nil
        case .typescript: "npm install && npm run build"
        case .rust: "cargo build --release"
        case .swift: "swift build -c release --static-swift-stdlib"
        }
    }
}

/// A file of a new project.
struct TemplateFile: Sendable {
    let path: String
    let text: String
}

/// What the templates fill in.
struct TemplateValues: Sendable {
    let name: String
    /// The platform of this host, for builds; nil where nobody builds for it.
    let target: String?

    /// The name as the first part of function names: blanks and dashes become `_`.
    var prefix: String { String(name.map { $0 == "-" ? "_" : $0 }) }

    /// `text` with `@NAME@` and `@PREFIX@` filled in.
    func fill(_ text: String) -> String {
        var text = text
        for (mark, value) in [("@NAME@", name), ("@PREFIX@", prefix)] {
            var result = ""
            var rest = text[...]
            while let range = rest.firstRange(ofText: mark) {
                result += rest[..<range.lowerBound] + value
                rest = rest[range.upperBound...]
            }
            text = result + rest
        }
        return text
    }
}

extension Substring {
    /// Where `needle` first stands, compared byte by byte.
    fileprivate func firstRange(ofText needle: String) -> Range<Index>? {
        var start = utf8.startIndex
        while let place = utf8[start...].firstIndex(of: 0x40) {
            if let end = utf8.index(place, offsetBy: needle.utf8.count, limitedBy: endIndex),
                utf8[place..<end].elementsEqual(needle.utf8)
            {
                return place..<end
            }
            start = utf8.index(after: place)
        }
        return nil
    }
}
