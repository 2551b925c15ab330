"""Syntax of CIF files: data blocks of names and values.

Names are compared in lower case, with ``.`` of newer dictionaries as ``_``. Values stay text; an
unquoted ``?`` (unknown) or ``.`` (does not apply) is None.

Source: Hall, Allen and Brown (1991), The crystallographic information file (CIF), Acta Cryst. A47,
655; CIF 1.1 syntax of the IUCr.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cellion.errors import RatesError

__all__ = ["CifBlock", "cif_blocks"]

type Value = str | None
type Token = tuple[str, str, int]
"""Kind (``name``, ``value``, ``text``, ``loop``, ``block``), text, and line."""

_START = re.compile(r"\S")
_WORD = re.compile(r"\S+")
_CLOSING = {quote: re.compile(rf"{quote}(?=\s|$)") for quote in "'\""}


@dataclass(frozen=True, kw_only=True)
class CifBlock:
    """One data block.

    Attributes:
        name: Its name.
        columns: Values of each name; one outside loops.
        lines: Line of each name.
    """

    name: str
    columns: dict[str, list[Value]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def first(self, *names: str) -> str | None:
        """Return the value of the first of these names that has one."""
        for name in names:
            for value in self.columns.get(name, ()):
                if value is not None and value.strip():
                    return value.strip()
        return None

    def column(self, *names: str) -> list[Value]:
        """Return the values of the first of these names that is there."""
        return next((self.columns[name] for name in names if name in self.columns), [])


def cif_blocks(text: str, source: str) -> list[CifBlock]:
    """Return the data blocks of the text of a file; messages call it ``source``.

    Raises:
        RatesError: It does not follow the syntax; the message names the line.
    """
    blocks: list[CifBlock] = []
    header: list[str] = []
    cells: list[Value] = []
    looping = False
    started, waiting = 0, ""

    def close() -> None:
        nonlocal looping, header, cells
        if waiting:
            raise RatesError(f"{source}:{started}: {waiting} has no value")
        if looping and (not header or len(cells) % len(header)):
            raise RatesError(
                f"{source}:{started}: the loop has {len(header)} names and {len(cells)} values, "
                "which makes no whole rows"
            )
        for k, name in enumerate(header):
            _put(blocks, name, cells[k :: len(header)], started, source)
        looping, header, cells = False, [], []

    for kind, word, line in _tokens(text, source):
        if kind in ("block", "loop") or (kind == "name" and (not looping or cells)):
            close()
            started = line
        if kind == "block":
            blocks.append(CifBlock(name=word))
        elif kind == "loop":
            looping = True
        elif kind == "name":
            header, waiting = ([*header, _plain(word)], "") if looping else (header, word)
        elif looping and header:
            cells.append(None if kind == "value" and word in "?." else word)
        elif waiting:
            value = None if kind == "value" and word in "?." else word
            _put(blocks, _plain(waiting), [value], line, source)
            waiting = ""
        else:
            raise RatesError(f"{source}:{line}: the value '{word[:40]}' belongs to no name")
    close()
    return blocks


def _plain(name: str) -> str:
    return name.lower().replace(".", "_")


def _put(blocks: list[CifBlock], name: str, values: list[Value], line: int, source: str) -> None:
    """Store the values of a name; once more only if they are the same."""
    if not blocks:
        raise RatesError(f"{source}:{line}: {name} stands before any 'data_' line")
    block = blocks[-1]
    if block.columns.setdefault(name, values) != values:
        raise RatesError(
            f"{source}:{line}: {name} is given twice, first in line {block.lines[name]}; keep one"
        )
    block.lines.setdefault(name, line)


def _tokens(text: str, source: str) -> Iterator[Token]:
    """Yield all tokens but comments."""
    gathered: list[str] | None = None
    begun = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if gathered is not None:
            if line.startswith(";"):
                yield "text", "\n".join(gathered), begun
                gathered, line = None, line[1:]
            else:
                gathered.append(line)
                continue
        elif line.startswith(";"):
            gathered, begun = [line[1:]], number
            continue
        yield from _in_line(line, number)
    if gathered is not None:
        raise RatesError(f"{source}:{begun}: a text that begins with ';' does not end")


def _in_line(line: str, number: int) -> Iterator[Token]:
    """Yield the tokens of one line; a quote that does not close is part of a word."""
    if not any(mark in line for mark in "'\"#"):
        for word in line.split():
            yield from _word(word, number)
        return
    quotes = dict(_CLOSING)
    place = 0
    while (start := _START.search(line, place)) is not None and start[0] != "#":
        closing = quotes.get(start[0])
        end = closing.search(line, start.end()) if closing else None
        if end is not None:
            yield "text", line[start.end() : end.start()], number
            place = end.end()
            continue
        quotes.pop(start[0], None)
        bare = _WORD.match(line, start.start())
        place = len(line) if bare is None else bare.end()
        yield from _word(line[start.start() : place], number)


def _word(word: str, line: int) -> Iterator[Token]:
    """Yield the token of a word without quotes."""
    if word[0] not in "_dDlLsSgG":
        yield "value", word, line
        return
    lower = word.lower()
    if lower.startswith("data_"):
        yield "block", word[5:], line
    elif lower == "loop_":
        yield "loop", "", line
    elif word.startswith("_"):
        yield "name", word, line
    elif not lower.startswith("save_") and lower not in ("global_", "stop_"):
        yield "value", word, line
