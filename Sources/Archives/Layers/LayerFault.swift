// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What is wrong with a layer of an image, besides what can be wrong with any archive.
package enum LayerFault: Error, Sendable, Hashable {
    /// Its data are not packed as its media type says.
    case otherCompression(LayerCompression)
    case brokenStream(LayerCompression)
    case ratio(limit: ByteCount)
    /// What follows `.wh.` is not the name of one thing.
    case whiteoutName
    /// A part of its path, or of the path of what it links to, is neither a folder nor a link to one.
    case throughFile
    case tooManyLinks
    case tooDeep
    /// A hard link to nothing.
    case linkToNothing
    case linkToFolder
    case linkTarget
    case sparseMap
    /// It would take the place of the root.
    case root

    var sentence: String {
        switch self {
        case .otherCompression(let named):
            named == .none
                ? "its media type says that it is not compressed, and it is"
                : "its media type says \(named.rawValue), and it is not"
        case .brokenStream(let compression): "its \(compression.rawValue) data are broken or end too early"
        case .ratio(let limit): "its data grow to more than \(limit)"
        case .whiteoutName: "it removes something that is not named by one plain name"
        case .throughFile: "a part of its path is no folder"
        case .tooManyLinks: "its path leads through too many links"
        case .tooDeep: "its path has too many levels"
        case .linkToNothing: "it is a hard link to something that is not there"
        case .linkToFolder: "it is a hard link to something that is no file"
        case .linkTarget: "it is a link that says nothing, or too much"
        case .sparseMap: "its map of holes is broken"
        case .root: "it takes the place of the root"
        }
    }
}
