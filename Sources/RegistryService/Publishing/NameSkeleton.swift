// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

extension WorkerName {
    /// The name with what people take for the same made the same: `-` and `_` fall away, `0` reads as `o`, `1` as `l`,
    /// `rn` as `m` and `vv` as `w`.
    var skeleton: String {
        var folded: [UInt8] = []
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: "_"): continue
            case UInt8(ascii: "0"): folded.append(UInt8(ascii: "o"))
            case UInt8(ascii: "1"): folded.append(UInt8(ascii: "l"))
            case UInt8(ascii: "n") where folded.last == UInt8(ascii: "r"): folded[folded.count - 1] = UInt8(ascii: "m")
            case UInt8(ascii: "v") where folded.last == UInt8(ascii: "v"): folded[folded.count - 1] = UInt8(ascii: "w")
            default: folded.append(byte)
            }
        }
        return String(decoding: folded, as: UTF8.self)
    }
}
