// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How well a worker suits a search: the earlier, the better.
///
/// A worker is in the first tier that it suits, and in no other.
enum SearchTier: Int64, CaseIterable {
    /// Its name is what was searched for.
    case exactName
    /// Every word is in its name, or begins a word of its name.
    case name
    /// Every word is somewhere in its name.
    case partOfName
    case tags
    case description
    case functions
    case readme
    /// Its name has the words in another spelling.
    case spellingInName
    case spelling

    /// The columns of the words' table in which all words have to be; empty where that table does not tell.
    var columns: [String] {
        switch self {
        case .exactName, .partOfName: []
        case .name, .spellingInName: ["name"]
        case .tags: ["name", "tags"]
        case .description: ["name", "tags", "description"]
        case .functions: ["name", "tags", "description", "functions"]
        case .readme, .spelling: ["name", "tags", "description", "functions", "readme"]
        }
    }

    /// The tier of the same table whose workers this one leaves out.
    var better: SearchTier? {
        switch self {
        case .exactName, .name, .partOfName: nil
        case .tags: .name
        case .description: .tags
        case .functions: .description
        case .readme: .functions
        case .spellingInName, .spelling: .readme
        }
    }

    var next: SearchTier? { SearchTier(rawValue: rawValue + 1) }
}
