// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import Manifests
package import WorkerModel

/// One worker as `config.yaml` lists it.
package struct ConfigEntry: Sendable, Hashable {
    /// What kind of worker the entry names.
    package enum Source: Sendable, Hashable {
        /// No further key: built into the engine, or installed from the registry.
        case named
        /// `image:`, the reference as it is written.
        case image(String)
        /// `worker_path:`, as it is written. It comes before `image:` where an entry has both.
        case path(String)
    }

    package let name: WorkerName
    package let source: Source
    /// The value of `config:`, `${VAR}` as it stands; nil where there is none or it is null.
    package let config: JSONValue?
    /// The text of that value as it stands in the file.
    package let configText: String?
    /// `isolation:` as it is written.
    package let isolation: String?
    /// `persist: true`: what the worker of an image writes outlives it.
    package let keepsWrites: Bool
    /// `network: allow:` as it is written.
    package let allowedAddresses: [String]
    /// `may_call:`.
    package let mayCall: CallGrants
    /// `env:`, names of variables of the engine's environment that what the worker keeps with the engine may refer to.
    package let variables: [String]
    /// False for `network: install: none`: `setup` and `install` of a folder then reach no more than the worker does.
    package let opensInstalls: Bool
    /// The line of the entry, counted from 1.
    package let line: Int
}

/// What is to be listed in `config.yaml`.
package struct ConfigAddition: Sendable, Hashable {
    package var name: WorkerName
    package var source: ConfigEntry.Source
    /// The default configuration.
    ///
    /// What the entry has already wins over it.
    package var defaults: JSONObject

    package init(name: WorkerName, source: ConfigEntry.Source = .named, defaults: JSONObject = JSONObject()) {
        self.name = name
        self.source = source
        self.defaults = defaults
    }
}
