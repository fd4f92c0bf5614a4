# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Debian packages, put together as dpkg reads them: two tars in an `ar`."""

import hashlib
from dataclasses import dataclass, field

from .archives import Entry, ar, compressed, tar


@dataclass
class Package:
    """What a package says of itself, what it installs, and what it does when it comes and goes."""
    name: str
    version: str
    architecture: str
    summary: str
    description: str
    entries: list[Entry]
    depends: list[str] = field(default_factory=list)
    recommends: list[str] = field(default_factory=list)
    suggests: list[str] = field(default_factory=list)
    configuration: list[str] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return f"{self.name}_{self.version}_{self.architecture}.deb"

    def control(self) -> str:
        size = sum(-(-len(entry.contents or b"") // 1024) for entry in self.entries)
        rows = [f"Package: {self.name}", f"Version: {self.version}", f"Architecture: {self.architecture}",
                "Maintainer: the maintainers of iii <maintainers@iii.invalid>", f"Installed-Size: {size}",
                "Section: devel", "Priority: optional"]
        rows += [f"{title}: {', '.join(names)}" for title, names in
                 [("Depends", self.depends), ("Recommends", self.recommends), ("Suggests", self.suggests)] if names]
        rows.append(f"Description: {self.summary}")
        rows += [" " + (line or ".") for line in self.description.strip().split("\n")]
        return "\n".join(rows) + "\n"

    def contents(self, at: int) -> bytes:
        """The package, as old as `at`."""
        files = [entry for entry in self.entries if entry.contents is not None]
        sums = "".join(f"{hashlib.md5(entry.contents).hexdigest()}  {entry.path}\n" for entry in sorted(files, key=lambda e: e.path))
        control = [Entry("control", self.control().encode()), Entry("md5sums", sums.encode())]
        if self.configuration:
            control.append(Entry("conffiles", "".join(f"/{path}\n" for path in self.configuration).encode()))
        control += [Entry(name, text.encode(), mode=0o755) for name, text in self.scripts.items()]
        return ar([("debian-binary", b"2.0\n"), ("control.tar.gz", compressed(tar(control, at, "./"))),
                   ("data.tar.gz", compressed(tar(self.entries, at, "./")))], at)
