// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

extension WorkerName {
    /// The name with what people take for the same made the same: `-` and `_` fall away, `0` reads as `o`, `1` as `l`,
    /// `rn` as `m` and `vv` as `w`.
    ///
    /// Names that are easily taken for one another have the same skeleton but for `i` in the place of `l`.
    var skeleton: String {
        String(decoding: folded.map { $0 == UInt8(ascii: "1") ? UInt8(ascii: "l") : $0 }, as: UTF8.self)
    }

    /// Whether people take two names for one another: they fold to the same, `1` read as `l` or as `i` as it suits.
    func isEasilyTaken(for other: WorkerName) -> Bool {
        let (mine, theirs) = (folded, other.folded)
        let one = UInt8(ascii: "1")
        return mine.count == theirs.count
            && zip(mine, theirs).allSatisfy { left, right in
                left == right || left == one && Self.readsAsOne(right) || right == one && Self.readsAsOne(left)
            }
    }

    private static func readsAsOne(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "i") || byte == UInt8(ascii: "l") }

    /// The skeleton before `1` is read as anything.
    private var folded: [UInt8] {
        var folded: [UInt8] = []
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: "_"): continue
            case UInt8(ascii: "0"): folded.append(UInt8(ascii: "o"))
            case UInt8(ascii: "n") where folded.last == UInt8(ascii: "r"): folded[folded.count - 1] = UInt8(ascii: "m")
            case UInt8(ascii: "v") where folded.last == UInt8(ascii: "v"): folded[folded.count - 1] = UInt8(ascii: "w")
            default: folded.append(byte)
            }
        }
        return folded
    }
}
