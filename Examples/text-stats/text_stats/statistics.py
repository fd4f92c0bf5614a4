# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""What is told of a list of words."""

from collections import Counter


def summary(words: list[str], top: int, ignore_case: bool) -> dict:
    """How many words there are, how many different ones, and the most frequent, ties in the order of the alphabet."""
    counted = Counter(word.casefold() if ignore_case else word for word in words)
    ranking = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return {"words": len(words), "different": len(counted), "top": [{"word": w, "times": n} for w, n in ranking[:top]]}
