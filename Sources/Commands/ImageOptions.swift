// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArgumentParser
import WorkerModel

/// What images may be like.
struct ImageOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The most that an image may unpack to, such as 12GiB; 8GiB where nothing is said.",
            valueName: "size"
        ),
        transform: Self.size
    )
    var maxImageSize: ByteCount?

    var limits: LayerLimits {
        var limits = LayerLimits()
        if let maxImageSize { limits.unpacked = maxImageSize }
        return limits
    }

    /// `500MiB`, `12GiB`, `4096`: bytes, in powers of 1024.
    private static func size(_ text: String) throws -> ByteCount {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units: [String: Int64] = ["": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40]
        guard let count = Int64(digits), count > 0, let unit = units[text.dropFirst(digits.count).uppercased()],
            case (let product, let overflows) = count.multipliedReportingOverflow(by: unit), !overflows
        else { throw ValidationError("`\(text)` is no size: write it as 500MiB or 12GiB") }
        return ByteCount(product)
    }
}
