// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryAPI
import WorkerModel

/// The script behind `curl -fsSL URL/install.sh | sh`: installs iii for one user, from this registry alone.
///
/// POSIX sh. It holds the digests of the very programs that it fetches. All of it is inside functions, so that half of it
/// does nothing.
package struct InstallScript: Sendable {
    package let text: String

    /// - Parameters:
    ///   - offered: What can be installed.
    ///   - registry: The root of the registry, which becomes the chosen one where none is chosen yet.
    package init(_ offered: OfferedPrograms, from registry: PublicURL) {
        var rows: [String] = []
        for build in offered.builds {
            rows.append("    \(build.target))")
            for file in build.inOrder {
                let place = file.name == "iii" ? "bin" : "libexec/iii"
                rows.append("      get \(Self.word(file.name)) \(place) \(file.digest) \(Self.word(file.url))")
            }
            rows.append("      ;;")
        }
        text = Self.template
            .split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { line -> [String] in
                switch line {
                case "    @ROWS@": rows
                case "version=@VERSION@": ["version=\(Self.word(offered.version.description))"]
                case "registry=@REGISTRY@": ["registry=\(Self.word(registry.description))"]
                default: [String(line)]
                }
            }
            .joined(separator: "\n")
    }

    /// A text as one word of the shell that means nothing but itself.
    private static func word(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }

    private static let template = #"""
        #!/bin/sh
        # Installs iii for this user: to ~/.iii, or to the folder that III_HOME names. Nothing else is changed.
        set -eu
        version=@VERSION@
        registry=@REGISTRY@

        fail() {
          echo "install.sh: $1" >&2
          exit 1
        }

        fetch() { # URL FILE
          if command -v curl >/dev/null 2>&1; then
            curl -fsSL --retry 3 -o "$2" "$1"
          elif command -v wget >/dev/null 2>&1; then
            wget -q -O "$2" "$1"
          else
            fail "this needs curl or wget"
          fi
        }

        digest() { # FILE
          if command -v sha256sum >/dev/null 2>&1; then
            sha256sum <"$1" | cut -d ' ' -f 1
          elif command -v shasum >/dev/null 2>&1; then
            shasum -a 256 <"$1" | cut -d ' ' -f 1
          else
            fail "this needs sha256sum or shasum: nothing is installed unchecked"
          fi
        }

        get() { # NAME FOLDER DIGEST URL
          echo "fetching $1 $version for $target"
          fetch "$4" "$scratch/$1" || fail "could not fetch $4"
          [ "$(digest "$scratch/$1")" = "$3" ] || fail "the bytes of $4 are not those that the registry names: nothing was installed"
          chmod 0755 "$scratch/$1"
          moves="$moves $1:$2"
        }

        main() {
          home=${III_HOME:-${HOME:?is not set: name a folder with III_HOME}/.iii}
          case "$(uname -s)-$(uname -m)" in
            Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
            Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-gnu ;;
            Darwin-arm64) target=aarch64-apple-darwin ;;
            Darwin-x86_64) target=x86_64-apple-darwin ;;
            *) target="$(uname -s) on $(uname -m)" ;;
          esac
          mkdir -p "$home"
          scratch=$(mktemp -d "$home/install.XXXXXX")
          trap 'rm -rf "$scratch"' EXIT
          trap 'exit 130' INT TERM
          moves=
          case $target in
            @ROWS@
            *) fail "$registry has no iii for $target" ;;
          esac
          if [ -x "$home/bin/iii" ]; then echo "replacing $("$home/bin/iii" --version 2>/dev/null || echo 'a program that does not start')"; fi
          "$scratch/iii" --version >/dev/null || fail "the program does not run on this machine: nothing was installed"
          # What is kept fits together: all of it, or nothing where nothing changes.
          changed=
          for move in $moves; do
            cmp -s "$home/${move#*:}/${move%%:*}" "$scratch/${move%%:*}" || changed=1
          done
          for move in $moves; do
            place="$home/${move#*:}/${move%%:*}"
            if [ "$changed" ] && [ -e "$place" ]; then ln -f "$place" "$place.previous"; fi
          done
          for move in $moves; do
            mkdir -p "$home/${move#*:}"
            mv -f "$scratch/${move%%:*}" "$home/${move#*:}/${move%%:*}"
          done
          echo "installed iii $version to $home/bin"
          if [ ! -e "$home/credentials" ]; then
            III_HOME=$home "$home/bin/iii" registry use "$registry" >/dev/null
            echo "chose the registry $registry"
          fi
          case ":$PATH:" in
            *":$home/bin:"*) ;;
            *) echo "put it on the PATH: export PATH=\"$home/bin:\$PATH\"" ;;
          esac
        }

        main
        """#
}
