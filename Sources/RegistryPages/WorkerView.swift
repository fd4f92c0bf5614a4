// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
import RegistryAPI

/// All that the page of a worker shows.
package struct WorkerView {
    /// A document of a version.
    struct Skill {
        let path: String
        let content: String
    }

    /// A worker that needs this one.
    struct Dependent {
        let name: String
        let version: String
        let range: String
    }

    let detail: WorkerDetail
    let versions: [VersionRow]
    let skills: [Skill]
    let dependents: [Dependent]
    let hasMoreDependents: Bool
    let weeklyDownloads: Int
    /// Where the registry is reached, which its users tell `iii`.
    let registry: String
    let texts: RenderedTexts

    /// Reads what the registry answers to clients, so that a page shows nothing else.
    ///
    /// - Throws: `JSONShapeError` for answers that are not those of a registry.
    package init(
        detail: JSONValue,
        versions: JSONValue,
        skills: JSONValue,
        dependents: JSONValue,
        downloads: JSONValue,
        registry: String,
        texts: RenderedTexts
    ) throws(JSONShapeError) {
        self.detail = try WorkerDetail(json: JSONCursor(detail))
        self.versions = try VersionList(json: JSONCursor(versions)).versions
        self.skills = try Self.read(skills, "skills") { row throws(JSONShapeError) in
            Skill(path: try row.required("path").string(), content: try row.required("content").string())
        }
        self.dependents = try Self.read(dependents, "dependents") { row throws(JSONShapeError) in
            Dependent(
                name: try row.required("name").string(),
                version: try row.required("version").string(),
                range: try row.required("range").string()
            )
        }
        hasMoreDependents = try JSONCursor(dependents).required("pagination").required("has_more").bool()
        weeklyDownloads = try JSONCursor(downloads).required("weekly_downloads").integer()
        self.registry = registry
        self.texts = texts
    }

    private static func read<Element>(
        _ document: JSONValue,
        _ key: String,
        _ element: (JSONCursor) throws(JSONShapeError) -> Element
    ) throws(JSONShapeError) -> [Element] {
        var elements: [Element] = []
        for row in try JSONCursor(document).required(key).elements() { elements.append(try element(row)) }
        return elements
    }
}
