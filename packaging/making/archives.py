# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Archives whose bytes depend on what is in them and on nothing else: no clocks, no owners, no order of a folder."""

import gzip
import io
import tarfile
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One file, folder (no contents) or link of an archive."""
    path: str
    contents: bytes | None = None
    mode: int = 0o644
    link: str | None = None
    owner: int = 0


def with_folders(entries: list[Entry]) -> list[Entry]:
    """The entries in order of their paths, with the folders that they lie in."""
    known = {entry.path.rstrip("/"): entry for entry in entries}
    for path in list(known):
        while "/" in path:
            path = path.rsplit("/", 1)[0]
            known.setdefault(path, Entry(path, mode=0o755))
    return [known[path] for path in sorted(known)]


def tar(entries: list[Entry], at: int, prefix: str = "") -> bytes:
    """A tar of the entries, all as old as `at` (seconds since 1970)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry in with_folders(entries):
            row = tarfile.TarInfo(prefix + entry.path)
            row.mtime, row.mode, row.uid, row.gid = at, entry.mode, entry.owner, entry.owner
            if entry.link is not None:
                row.type, row.linkname, row.mode = tarfile.SYMTYPE, entry.link, 0o777
                archive.addfile(row)
            elif entry.contents is None:
                row.type = tarfile.DIRTYPE
                archive.addfile(row)
            else:
                row.size = len(entry.contents)
                archive.addfile(row, io.BytesIO(entry.contents))
    return out.getvalue()


def compressed(contents: bytes) -> bytes:
    """The bytes as gzip, without a name or a time."""
    return gzip.compress(contents, compresslevel=9, mtime=0)


def ar(members: list[tuple[str, bytes]], at: int) -> bytes:
    """An archive of `ar`, as Debian's packages are."""
    out = b"!<arch>\n"
    for name, contents in members:
        out += f"{name:<16}{at:<12}{0:<6}{0:<6}{'100644':<8}{len(contents):<10}`\n".encode()
        out += contents + b"\n" * (len(contents) % 2)
    return out
