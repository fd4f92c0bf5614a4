# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""What Swift sources import, for the checks of the gate."""

import re

IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?"
                    r"import\s+(?:(?:struct|class|enum|protocol|func|typealias|let|var)\s+)?(\w+)", re.M)
MULTILINE_TEXT = re.compile(r'(#*)""".*?"""\1', re.S)


def without_texts(source: str) -> str:
    """A source without what stands between three quotes, the source of other programs among it."""
    return MULTILINE_TEXT.sub('""', source)


def imports(code: str) -> list[str]:
    """The modules that a source without such texts imports, each as often as it stands there."""
    return IMPORT.findall(code)
