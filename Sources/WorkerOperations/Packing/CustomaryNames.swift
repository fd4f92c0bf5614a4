// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import WorkerModel

/// What files and folders of projects are, told by the names that they have everywhere.
enum CustomaryNames {
    /// What nobody expects in an archive, and need not be told of.
    static func isUninteresting(_ name: String) -> Bool {
        [".git", ".hg", ".svn", ".jj", ".DS_Store", ".iiiignore", ".gitignore", "__pycache__"].contains(name)
    }

    /// Version control, secrets by their customary names, and what only matters on the author's machine.
    static func isNeverPacked(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard let last = parts.last else { return false }
        let name = String(last)
        if isUninteresting(name) || name.hasPrefix(".env.") { return true }
        if parts.suffix(2) == ["node_modules", ".cache"] { return true }
        return [".env", ".envrc", ".npmrc", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(name)
    }

    /// What of a secret a file of this name keeps, nil where the name tells nothing.
    static func secret(at path: String) -> String? {
        let parts = path.lowercased().split(separator: "/")
        guard let name = parts.last.map(String.init) else { return nil }
        if let what = secretNames[name] { return what }
        for (folder, name, what) in secretPaths where parts.suffix(2) == [folder, name] { return what }
        for (ending, what) in secretEndings where name.hasSuffix(ending) && name.utf8.count > ending.utf8.count {
            return isExample(name) ? nil : what
        }
        return nil
    }

    /// `example.env` is written to be published.
    private static func isExample(_ name: String) -> Bool {
        ["example", "sample", "template", "default", "dist"].contains { name.contains($0) }
    }

    private static let secretNames = [
        ".netrc": "passwords for other hosts", "_netrc": "passwords for other hosts",
        ".pypirc": "a password for PyPI", ".git-credentials": "passwords for git hosts",
        ".pgpass": "passwords of databases", ".my.cnf": "passwords of databases",
        ".mylogin.cnf": "passwords of databases",
        ".htpasswd": "hashes of passwords", ".dockercfg": "passwords of image registries",
        ".dockerconfigjson": "passwords of image registries", "kubeconfig": "keys of a Kubernetes cluster",
        "terraform.tfstate": "the state of Terraform, and secrets with it",
        "terraform.tfstate.backup": "the state of Terraform, and secrets with it",
        ".terraformrc": "a token for Terraform", "credentials.tfrc.json": "a token for Terraform",
        ".s3cfg": "keys of a cloud", ".boto": "keys of a cloud", ".vault-token": "a token for Vault",
        "application_default_credentials.json": "keys of a cloud", "wallet.dat": "keys of a wallet",
        ".bash_history": "what somebody typed", ".zsh_history": "what somebody typed",
        ".psql_history": "what somebody typed", ".mysql_history": "what somebody typed",
        ".python_history": "what somebody typed", ".node_repl_history": "what somebody typed",
        "secring.gpg": "private keys", ".age-key.txt": "a private key",
    ]
    private static let secretPaths: [(folder: Substring, name: Substring, what: String)] = [
        (".aws", "credentials", "keys of a cloud"), (".aws", "config", "keys of a cloud"),
        (".docker", "config.json", "passwords of image registries"),
        (".kube", "config", "keys of a Kubernetes cluster"),
        (".cargo", "credentials", "a token for crates"), (".cargo", "credentials.toml", "a token for crates"),
        (".gem", "credentials", "a key for RubyGems"), (".composer", "auth.json", "tokens for packages"),
        ("gh", "hosts.yml", "a GitHub token"), ("gcloud", "credentials.db", "keys of a cloud"),
        (".azure", "accesstokens.json", "keys of a cloud"), (".ssh", "config", "names of hosts and keys"),
        (".iii", "credentials", "a key of a worker registry"),
    ]
    private static let secretEndings = [
        (".env", "settings with secrets"), (".tfstate", "the state of Terraform, and secrets with it"),
        (".kubeconfig", "keys of a Kubernetes cluster"), (".ppk", "a private key"), (".p12", "a private key"),
        (".pfx", "a private key"), (".jks", "private keys"), (".keystore", "private keys"), (".kdbx", "passwords"),
        (".ovpn", "keys of a network"), (".keychain", "passwords"),
    ]

    /// Folders that tools fill, and that a worker seldom needs as a whole.
    static let filledByTools: Set<String> = [
        "node_modules", "bower_components", ".venv", "venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache",
        ".ruff_cache", ".gradle", ".terraform", ".next", ".nuxt", ".svelte-kit", ".parcel-cache", ".turbo",
        ".nyc_output",
        "htmlcov", ".idea", ".vscode", ".vs", ".fleet", ".zed", "CVS", ".bzr",
    ]

    /// Whether a file is what an editor or a tool left.
    static func isLeftBehind(_ name: String) -> Bool {
        let endings = [
            "~", ".swp", ".swo", ".orig", ".rej", ".iml", ".code-workspace", ".sublime-workspace", ".pyc", ".log",
        ]
        let names = ["Thumbs.db", "desktop.ini", ".project", ".classpath", ".coverage", ".eslintcache"]
        return endings.contains { name.hasSuffix($0) && name != $0 } || names.contains(name) || name.hasPrefix("._")
            || name.hasPrefix(".#")
    }
}

extension PackingList {
    /// What goes in that the author may not know of: folders that tools fill, files that editors leave, with their sizes.
    var surprises: [String] {
        var folders: [String: (count: Int, size: ByteCount)] = [:]
        var files: [Item] = []
        for item in items {
            let parts = item.path.split(separator: "/")
            if let depth = parts.dropLast().firstIndex(where: { CustomaryNames.filledByTools.contains(String($0)) }) {
                let folder = parts[...depth].joined(separator: "/")
                let sum = folders[folder, default: (0, .zero)]
                folders[folder] = (sum.count + 1, sum.size + item.size)
            } else if let name = parts.last, CustomaryNames.isLeftBehind(String(name)) {
                files.append(item)
            }
        }
        var lines = folders.sorted { $0.value.size > $1.value.size }.prefix(10).map { folder, sum in
            "`\(folder.printable)/` goes in: \(sum.count) \(sum.count == 1 ? "file" : "files"), \(sum.size); "
                + "a line in `.iiiignore` leaves it out"
        }
        if !files.isEmpty {
            let shown = files.prefix(3).map { "`\($0.path.printable)`" }.joined(separator: ", ")
            let size = files.reduce(ByteCount.zero) { $0 + $1.size }
            lines.append(
                "what editors and tools left goes in: \(shown)\(files.count > 3 ? ", …" : "") "
                    + "(\(files.count) \(files.count == 1 ? "file" : "files"), \(size))"
            )
        }
        return lines
    }
}
