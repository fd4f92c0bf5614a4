// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The page of the reference about settings.
package enum SettingsReference {
    package static var page: String {
        let rows = Setting.allCases.map { setting in
            "| `\(setting.rawValue)` | `\(setting.variable)` | \(setting.standard.map { "`\($0)`" } ?? "") "
                + "| \(setting.meaning) |"
        }
        return (head + rows + tail).joined(separator: "\n")
    }

    private static let head = [
        "# Configuration of the registry", "",
        "Made from the program by `make docs`.", "",
        "`iii-registry serve` takes each setting from its flag, which is the name in the table behind `--`; else from the",
        "environment variable; else from the file that `--config` or `III_REGISTRY_CONFIG` names; else from the default.",
        "The other commands take `data` in the same way. A wrong value stops the start and is named with its place.",
        "",
        "The file is YAML, one `setting: value` a line; a list is written `[a, b]` or with commas:", "",
        "```yaml", "data: /var/lib/iii-registry", "public-url: https://registry.example.com",
        "trusted-proxy: [127.0.0.1, 10.0.0.0/8]", "upload-limit: 1GiB", "```", "",
        "| setting | variable | default | meaning |", "| --- | --- | --- | --- |",
    ]

    private static let tail = [
        "", "Sizes are bytes, or end in `KiB`, `MiB`, `GiB`. Times end in `ms`, `s` or `m`; a bare number is seconds.",
        "",
        "Fixed: 10 wrong keys a minute from one address, an IPv6 network of 64 bits counting as one, answer 429, and a right",
        "key is taken all the same; behind a proxy that `trusted-proxy` does not name all clients are one address, and a",
        "request with `X-Forwarded-For` logs a warning; log lines that standard error does not take wait in 1 MiB and are",
        "dropped and counted beyond it; an account",
        "makes at most 200 keys for itself; a page of a list has at most 100 rows; the answers of `/resolve` and `/download` stay below 1 MiB; after SIGTERM the",
        "requests under way have 22 seconds, and the process ends within 30.",
    ]
}
