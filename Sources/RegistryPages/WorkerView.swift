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

    /// What one platform gets.
    package struct Delivery: Sendable {
        /// Nil where nobody says.
        package let platform: String?
        /// `sha256:…`.
        package let digest: String
        /// How many layers there are.
        package let layers: Int
        /// In words: `93.1 MiB`.
        package let size: String

        /// A row of the table.
        package init(platform: String?, digest: String, layers: Int, size: String) {
            self.platform = platform
            self.digest = digest
            self.layers = layers
            self.size = size
        }
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
    /// What clients of images get from the registry.
    let deliveries: [Delivery]

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
        texts: RenderedTexts,
        deliveries: [Delivery] = []
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
        self.deliveries = deliveries
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
