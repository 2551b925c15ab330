"""Smallest input with the same failure, by delta debugging.

Source: Zeller and Hildebrandt (2002), IEEE Trans. Softw. Eng. 28, 183: parts are left out in ever
smaller runs as long as the rest fails.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from fuzzing.mutations import document_of, places, yaml_of

__all__ = ["fewest", "smallest"]

type Fails = Callable[[bytes], bool]

LONGEST_TEXT = 400
"""Text whose single characters are tried, too [bytes]."""


def fewest[T](parts: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return parts of which none can be left out: without any the failure is gone."""
    kept, run = list(parts), max(1, len(parts) // 2)
    while True:
        start, before = 0, len(kept)
        while start < len(kept):
            rest = kept[:start] + kept[start + run :]
            if fails(rest):
                kept = rest
            else:
                start += run
        if run == 1 and len(kept) == before:
            return kept
        run = max(1, run // 2)


def smallest(content: bytes, fails: Fails) -> bytes:
    """Return a small content that fails: with fewer keys if it is a document, lines, characters."""
    document = document_of(content)
    if isinstance(document, dict) and fails(plain := yaml_of(document)):
        content = yaml_of(_fewest_keys(document, fails)) if len(plain) < 100_000 else plain
    content = b"".join(fewest(content.splitlines(keepends=True), lambda ls: fails(b"".join(ls))))
    if len(content) <= LONGEST_TEXT:
        content = bytes(fewest(content, lambda some: fails(bytes(some))))
    return content


def _fewest_keys(document: Any, fails: Fails) -> Any:
    """Leave out keys and entries, outer ones first."""
    shorter = True
    while shorter:
        shorter = False
        at = 0
        while at < len(found := list(places(document))):
            other = copy.deepcopy(document)
            container, key = list(places(other))[at]
            del container[key]
            if fails(yaml_of(other)):
                document, shorter = other, True
            else:
                at += 1
        del found
    return document
