// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Paths that lead out, mean two things, or meet each other.
extension HostileArchive {
    // MARK: Paths

    private static let badPaths: [(name: String, path: String, fault: PathFault)] = [
        ("absolute path", "/etc/passwd", .absolute),
        ("several slashes first", "//etc/passwd", .absolute),
        ("climbs at once", "../evil", .climbs),
        ("climbs after a leading dot", "./../evil", .climbs),
        ("climbs further down", "a/b/../../../evil", .climbs),
        ("climbs at the end", "a/..", .climbs),
        ("nothing but two dots", "..", .climbs),
        ("three dots", "...", .trailingDotOrBlank),
        ("climbs with backslashes", "..\\evil", .backslash),
        ("climbs with a backslash further down", "a\\..\\..\\evil", .backslash),
        ("share of Windows", "\\\\host\\share", .backslash),
        ("drive with a slash", "C:/evil", .drive),
        ("drive without one", "c:evil", .drive),
        ("dot as a part", "a/./b", .dotComponent),
        ("two leading dots", "././a", .dotComponent),
        ("nothing but a dot", ".", .dotComponent),
        ("empty part", "a//b", .emptyComponent),
        ("line end", "a\nb", .controlCharacter),
        ("escape sequence", "a\u{1B}[2Jb", .controlCharacter),
        ("delete", "a\u{7F}", .controlCharacter),
        ("C1 control", "a\u{9B}b", .controlCharacter),
        ("line separator", "a\u{2028}b", .controlCharacter),
        ("turned text", "a\u{202E}gpj.exe", .controlCharacter),
        ("letter under forty accents", "e" + String(repeating: "\u{301}", count: 40), .tooManyMarks),
        ("device of Windows", "CON", .deviceName),
        ("device in lower case with an ending", "docs/nul.txt", .deviceName),
        ("device with a blank before its ending", "aux .txt", .deviceName),
        ("serial device", "com1", .deviceName),
        ("serial device with a raised digit", "LPT².log", .deviceName),
        ("console device", "conin$", .deviceName),
        ("trailing dot", "a./b", .trailingDotOrBlank),
        ("trailing blank", "a ", .trailingDotOrBlank),
        ("trailing no-break space", "a\u{A0}", .trailingDotOrBlank),
    ]

    static let paths = badPaths.map { row in
        HostileArchive(row.name, .path(row.fault), entry: row.path) { $0.file(row.path, "x") }
    }

    static let rawPaths: [HostileArchive] = [
        HostileArchive("empty path", .path(.empty), entry: "") { $0.file("", "x") },
        HostileArchive("overlong slash", .path(.notUTF8), entry: "..\u{FFFD}\u{FFFD}evil") {
            $0.file(Array("..".utf8) + [0xC0, 0xAF] + Array("evil".utf8), [1])
        },
        HostileArchive("half a surrogate pair", .path(.notUTF8), entry: "\u{FFFD}\u{FFFD}\u{FFFD}") {
            $0.file([0xED, 0xA0, 0x80], [1])
        },
        HostileArchive("Latin 1", .path(.notUTF8), entry: "caf\u{FFFD}") { $0.file(Array("caf".utf8) + [0xE9], [1]) },
        HostileArchive("NUL in a PAX path", .path(.nul), entry: "é\0b") { tar in
            tar.pax([("path", "é\0b")])
            tar.file("a", "x")
        },
        HostileArchive("NUL in a long name", .path(.nul), entry: long + "\0x") { tar in
            tar.gnuName(long + "\0x")
            tar.file(long, "x")
        },
        HostileArchive("part of 256 bytes", .path(.componentTooLong), entry: String(repeating: "n", count: 256)) {
            tar in
            tar.pax([("path", String(repeating: "n", count: 256))])
            tar.file("n", "x")
        },
        HostileArchive("path of 4097 bytes", .path(.tooLong), entry: String(repeating: "ab/", count: 1365) + "cd") {
            $0.pax([("path", String(repeating: "ab/", count: 1365) + "cd")])
            $0.file("n", "x")
        },
        HostileArchive("climbs by PAX path", .path(.climbs), entry: "../é") { tar in
            tar.pax([("path", "../é")])
            tar.file("harmless", "x")
        },
        HostileArchive("climbs by long name", .path(.climbs), entry: "../" + long) { tar in
            tar.gnuName("../" + long)
            tar.file("harmless", "x")
        },
        HostileArchive("climbs by prefix", .path(.climbs), entry: "../x/evil") { tar in
            tar.file("evil", "x") { $0.prefix = Array("../x".utf8) }
        },
        HostileArchive("absolute by prefix", .path(.absolute), entry: "/etc/passwd") { tar in
            tar.file("passwd", "x") { $0.prefix = Array("/etc".utf8) }
        },
        HostileArchive("folder that climbs", .path(.climbs), entry: "a/../../b/") { $0.folder("a/../../b/") },
        HostileArchive("folder with two slashes", .path(.emptyComponent), entry: "a//") { $0.folder("a//") },
        HostileArchive("folder that is the root of all", .path(.absolute), entry: "/") { $0.folder("/") },
    ]

    static let long = String(repeating: "some-long-folder/", count: 8) + "name"

    // MARK: Collisions

    private static let collidingPaths: [(name: String, entries: [String], fault: PathFault)] = [
        ("file twice", ["a", "a"], .repeated),
        ("file with and without a leading dot", ["a", "./a"], .repeated),
        ("folder twice", ["d/", "d/"], .repeated),
        ("root twice", ["./", "./"], .repeated),
        ("differ in case", ["README", "readme"], .differsOnlyInCase(from: "README")),
        ("folders differ in case", ["Lib/a", "lib/b"], .differsOnlyInCase(from: "Lib")),
        ("composed and decomposed", ["caf\u{E9}", "cafe\u{301}"], .differsOnlyInCase(from: "caf\u{E9}")),
        ("decomposed and in capitals", ["x/CAFE\u{301}", "x/caf\u{E9}"], .differsOnlyInCase(from: "x/CAFE\u{301}")),
        ("sharp s", ["stra\u{DF}e", "STRASSE"], .differsOnlyInCase(from: "stra\u{DF}e")),
        ("long s", ["\u{17F}et", "set"], .differsOnlyInCase(from: "\u{17F}et")),
        ("Kelvin sign", ["\u{212A}", "k"], .differsOnlyInCase(from: "\u{212A}")),
        ("final sigma", ["\u{3C3}", "\u{3C2}"], .differsOnlyInCase(from: "\u{3C3}")),
        ("unseen character", [".git", ".g\u{200C}it"], .differsOnlyInCase(from: ".git")),
        ("file below a file", ["a", "a/b"], .fileIsFolder),
        ("file where a folder is", ["a/b", "a"], .fileIsFolder),
        ("folder where a file is", ["a", "a/"], .fileIsFolder),
        ("file where an empty folder is", ["a/", "a"], .fileIsFolder),
    ]

    static let collisions = collidingPaths.map { row in
        HostileArchive("collision: \(row.name)", .path(row.fault), entry: row.entries.last) { tar in
            for entry in row.entries { entry.hasSuffix("/") ? tar.folder(entry) : tar.file(entry, "x") }
        }
    }
}
