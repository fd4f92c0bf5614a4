// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
import WorkerModel

extension ArchiveError {
    package var code: ErrorCode {
        switch self {
        case .refused: .archiveUnsafe
        case .tooLarge: .download
        case .executable: .binaryNotInArchive
        case .packing: .packingRefused
        case .host(let error): error.code
        case .outOfMemory: .internalError
        case .noZstd: .imagePull
        }
    }

    package var message: String {
        switch self {
        case .refused(let fault, let entry):
            "the archive is unsafe: " + (entry.map { "`\(PrintableText($0, limit: 200))`: " } ?? "") + fault.sentence
        case .tooLarge(let limit): "the archive is larger than \(limit)"
        case .executable(let fault, let name): fault.sentence(for: name)
        case .packing(let fault, let path): "cannot pack `\(PrintableText(path, limit: 200))`: \(fault.sentence)"
        case .host(let error): error.message
        case .outOfMemory: "no memory to read the archive with"
        case .noZstd: "a layer of the image is packed with zstd, and this machine has no libzstd"
        }
    }

    package var hints: [String] {
        switch self {
        case .refused: ["tell the publisher of the worker: such an archive is never installed"]
        case .tooLarge, .outOfMemory: []
        case .executable: ["the archive must hold exactly one regular file with the name of the worker"]
        case .packing: ["rename the file or leave it out"]
        case .host(let error): error.hints
        case .noZstd: ["install zstd: the package is called `libzstd1` or `libzstd`"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .refused(let fault, let entry):
            [("reason", fault.sentence)] + (entry.map { [("entry", $0)] } ?? [])
        case .tooLarge(let limit): [("limit", String(limit.bytes))]
        case .executable(_, let name): [("worker", name)]
        case .packing(let fault, let path): [("reason", fault.sentence), ("entry", path)]
        case .host(let error): error.details
        case .outOfMemory, .noZstd: []
        }
    }
}

extension ArchiveFault {
    /// What is wrong, as it reads after a colon.
    package var sentence: String {
        switch self {
        case .gzip(let fault): fault.sentence
        case .tar(let fault): fault.sentence
        case .zip(let fault): fault.sentence
        case .path(let fault): fault.sentence
        case .kind(let fault): "it is \(fault.noun); only regular files and folders are allowed"
        case .layer(let fault): fault.sentence
        case .limit(.unpacked, let limit): "its files are larger than \(ByteCount(limit)) together"
        case .limit(.file, let limit): "the file is larger than \(ByteCount(limit))"
        case .limit(.entries, let limit): "it has more than \(limit) entries"
        case .limit(.depth, let limit): "the path has more than \(limit) levels"
        }
    }
}

extension GzipFault {
    var sentence: String {
        switch self {
        case .notGzip: "it is not a gzip file"
        case .reservedFlags: "its gzip header has reserved flags"
        case .headerField(let field): "the \(field) in its gzip header is not one that there is"
        case .headerTooLong: "its gzip header is longer than \(GzipHeaderReader.maximumLength) bytes"
        case .headerChecksum: "the checksum of its gzip header is wrong"
        case .brokenStream: "its compressed data are broken"
        case .truncated: "its compressed data end too early"
        case .checksum: "the checksum of its data is wrong"
        case .length: "its data have another length than its gzip trailer says"
        case .severalMembers: "it has several gzip members"
        case .bytesAfterEnd: "there are bytes after the end of its compressed data"
        }
    }
}

extension TarFault {
    var sentence: String {
        switch self {
        case .truncated: "the tar archive ends too early"
        case .loneZeroBlock: "the tar archive has a single zero block before its end"
        case .bytesAfterEnd: "there are bytes after the end of the tar archive"
        case .tooMuchPadding: "more than \(TarFormat.maximumPadding) bytes follow the end of the tar archive"
        case .headerChecksum: "the checksum of its header is wrong"
        case .unknownFormat: "its header is of no known tar format"
        case .hiddenBytes: "its header has bytes in places that hold none"
        case .number(let field): "the \(field) in its header is not written as a number of a tar archive is"
        case .sizeOfFolder: "it is a folder with contents"
        case .trailingSlash: "it is a file with a `/` at the end of its path"
        case .extendedHeader: "its extended header is broken"
        case .extendedHeaderTooLong: "its extended header is longer than \(TarFormat.maximumExtendedHeader) bytes"
        case .extendedRecord(let key): "its extended header has the record `\(PrintableText(key, limit: 80))`"
        case .disagreement(let field): "its header and its extended header disagree on the \(field)"
        case .severalExtendedHeaders: "it has several extended headers of one kind"
        case .extendedHeaderWithoutEntry: "an extended header is not followed by an entry"
        }
    }
}

extension ZipFault {
    var sentence: String {
        switch self {
        case .notZip: "it is not a zip file"
        case .truncated: "the zip file ends too early"
        case .unsupported(let feature): "it uses \(feature), which is not supported in zip files"
        case .extraField: "the extra field of its header is broken"
        case .sizeOfFolder: "it is a folder with contents"
        case .disagreement(let field): "the zip file contradicts itself on the \(field)"
        case .bytesBetween: "there are bytes between the entries of the zip file"
        case .bytesAfterEnd: "there are bytes after the end of the zip file"
        case .brokenStream: "its compressed data are broken"
        case .checksum: "the checksum of its data is wrong"
        case .length: "its data have another length than its header says"
        }
    }
}

extension PathFault {
    var sentence: String {
        switch self {
        case .empty: "its path is empty"
        case .nul: "its path contains a NUL character"
        case .notUTF8: "its path is not valid UTF-8"
        case .tooLong: "its path is longer than \(EntryPath.maximumLength) bytes"
        case .componentTooLong: "a part of its path is longer than \(EntryPath.maximumComponentLength) bytes"
        case .absolute: "its path is absolute"
        case .drive: "its path starts with a drive letter"
        case .climbs: "its path contains `..`"
        case .emptyComponent: "its path contains an empty part"
        case .dotComponent: "its path contains a part `.`"
        case .backslash: "its path contains a backslash"
        case .controlCharacter: "its path contains a control character"
        case .tooManyMarks: "its path has \(StreamSafeText.complaint)"
        case .deviceName: "a part of its path is the name of a device on Windows"
        case .trailingDotOrBlank: "a part of its path ends with a dot or a blank"
        case .repeated: "it comes twice"
        case .differsOnlyInCase(let other):
            "its path differs from `\(PrintableText(other, limit: 200))` only in case or in the spelling of characters"
        case .fileIsFolder: "its path, or a part of it, is a file in one entry and a folder in another"
        }
    }
}

extension EntryKindFault {
    var noun: String {
        switch self {
        case .hardLink: "a hard link"
        case .symbolicLink: "a symbolic link"
        case .characterDevice: "a character device"
        case .blockDevice: "a block device"
        case .fifo: "a named pipe"
        case .socket: "a socket"
        case .sparse: "a sparse file"
        case .contiguous: "a contiguous file"
        case .other(let flag): "an entry of the unknown type 0x" + String(flag, radix: 16)
        }
    }
}

extension ExecutableFault {
    func sentence(for name: String) -> String {
        switch self {
        case .missing(let seen):
            "the archive has no regular file `\(name)`; it has "
                + (seen.isEmpty
                    ? "no files" : seen.map { "`\(PrintableText($0, limit: 80))`" }.joined(separator: ", "))
        case .ambiguous(let first, let second):
            "the archive has two files `\(name)`: `\(PrintableText(first, limit: 200))` and "
                + "`\(PrintableText(second, limit: 200))`"
        case .notRegular(let entry): "`\(PrintableText(entry, limit: 200))` in the archive is no regular file"
        case .empty(let entry): "`\(PrintableText(entry, limit: 200))` in the archive is empty"
        }
    }
}

extension PackingFault {
    var sentence: String {
        switch self {
        case .rule(let fault): fault.sentence
        case .notRegular: "it is no regular file"
        case .changed: "it changed while it was read"
        case .tooLarge: "it is too large for a tar archive"
        case .time: "the time is not within what a tar archive can hold"
        }
    }
}
