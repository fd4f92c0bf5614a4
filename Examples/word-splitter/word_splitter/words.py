# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""What a word is: letters, marks and digits, with apostrophes and hyphens inside."""

import re
import unicodedata

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


def split(text: str) -> list[str]:
    """The words of a text, in their order, composed (NFC) so that equal words are equal strings."""
    return _WORD.findall(unicodedata.normalize("NFC", text))
