// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@testable import RegistryDatabase

struct IndexCacheTests {
    private func index(_ name: String, versions: Int) throws -> WorkerIndex {
        WorkerIndex(
            name: try Sample.name(name),
            entries: try (0..<versions).map { .init(version: try Sample.version("1.0.\($0)"), isPromoted: true) }
        )
    }

    @Test func indexIsGoodForItsStateOnly() throws {
        let cache = IndexCache()
        let index = try index("a", versions: 1)
        let state = IndexCache.State(worker: 1, revision: 5)
        cache.keep(index, in: state)
        #expect(cache.index(of: index.name, in: state) == index)
        #expect(cache.index(of: index.name, in: .init(worker: 1, revision: 6)) == nil)
        #expect(cache.index(of: index.name, in: .init(worker: 2, revision: 5)) == nil)
    }

    @Test func olderIndexDoesNotReplaceANewerOne() throws {
        let cache = IndexCache()
        let (old, new) = (try index("a", versions: 1), try index("a", versions: 2))
        cache.keep(new, in: .init(worker: 1, revision: 6))
        cache.keep(old, in: .init(worker: 1, revision: 5))
        #expect(cache.index(of: new.name, in: .init(worker: 1, revision: 6)) == new)
    }

    @Test func keepsNoMoreVersionsThanItsCapacity() throws {
        let cache = IndexCache(capacity: 10)
        let state = IndexCache.State(worker: 1, revision: 1)
        let names = ["a", "b", "c"]
        for name in names { cache.keep(try index(name, versions: 4), in: state) }
        let kept = try names.filter { cache.index(of: try Sample.name($0), in: state) != nil }
        #expect(kept == ["c"])
        cache.keep(try index("huge", versions: 11), in: state)
        #expect(cache.index(of: try Sample.name("huge"), in: state) == nil)
        // Replacing one again and again takes no more room.
        for revision in 2...20 {
            cache.keep(try index("c", versions: 9), in: .init(worker: 1, revision: Int64(revision)))
        }
        #expect(cache.index(of: try Sample.name("c"), in: .init(worker: 1, revision: 20)) != nil)
    }
}
