"""Reader of POSCAR files.

Source: VASP manual, POSCAR: scaling factor (negative for the volume, or three), lattice vectors,
names and numbers of the species, perhaps ``Selective dynamics``, coordinates.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from scipy.constants import angstrom

from cellion.errors import RatesError
from cellion.rates.crystal_structure import CrystalStructure, check_structure
from cellion.rates.elements import element_of_symbol

__all__ = ["read_poscar"]

_MOST_ATOMS = 100_000
_LARGEST = 1e6


def read_poscar(text: str, source: str) -> CrystalStructure:
    """Return the crystal of the text of a POSCAR file; messages call it ``source``.

    Raises:
        RatesError: A line is missing or wrong; the message names it.
    """
    lines = text.splitlines()
    vectors = np.array([_numbers(lines, k, 3, source) for k in (2, 3, 4)])
    scale = _numbers(lines, 1, None, source)
    if len(scale) not in (1, 3) or not all(abs(s) > 0.0 for s in scale):
        raise RatesError(f"structure: {source}:2: one or three scaling factors are needed")
    volume = abs(float(np.linalg.det(vectors)))
    if len(scale) == 1 and scale[0] < 0.0:
        scale = [float(np.cbrt(-scale[0] / volume)) if volume > 0.0 else 1.0]
    vectors = vectors * np.array(scale)
    elements, at = _species(lines, source)
    at += _word(lines, at)[:1] in ("s", "S")
    cartesian = _word(lines, at)[:1].lower() in ("c", "k")
    if _word(lines, at)[:1].lower() not in ("c", "k", "d"):
        raise RatesError(
            f"structure: {source}:{at + 1}: found '{_word(lines, at)[:40]}'; 'Direct' or "
            "'Cartesian' is needed"
        )
    rows = [_numbers(lines, at + 1 + k, 3, source) for k in range(len(elements))]
    positions = np.array(rows)
    if cartesian and volume > 0.0:
        positions = positions * np.array(scale) @ np.linalg.inv(vectors)
    structure = CrystalStructure(
        lattice=angstrom * vectors,
        positions=positions,
        elements=elements,
        source=source,
    )
    check_structure(structure)
    return replace(structure, positions=positions % 1.0)


def _word(lines: list[str], index: int) -> str:
    return lines[index].strip() if index < len(lines) else ""


def _numbers(lines: list[str], index: int, wanted: int | None, source: str) -> list[float]:
    """Return the finite numbers at the beginning of a line."""
    words = _word(lines, index).split()
    found: list[float] = []
    for word in words[:wanted] if wanted else words:
        if not re.fullmatch(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eEdD][+-]?\d{1,2})?", word):
            break
        found.append(float(word.lower().replace("d", "e")))
    if not found or (wanted and len(found) != wanted) or max(map(abs, found)) > _LARGEST:
        raise RatesError(
            f"structure: {source}:{index + 1}: found '{' '.join(words)[:40]}'; "
            f"{wanted or 1} finite number(s) are needed there"
        )
    return found


def _species(lines: list[str], source: str) -> tuple[tuple[str, ...], int]:
    """Return the element of every atom, and the index of the line behind their numbers."""
    words, at = _word(lines, 5).split(), 6
    if words and words[0].isdecimal():
        words, at = _word(lines, 0).split(), 5  # VASP 4: the comment may name the species
    counts = [word for word in _word(lines, at).partition("!")[0].split() if word.isdecimal()]
    elements = [element_of_symbol(re.split(r"[_/.]", word)[0]) for word in words[: len(counts)]]
    if not counts or len(elements) != len(counts) or None in elements:
        raise RatesError(
            f"structure: {source}:{at + 1}: found '{_word(lines, at)[:40]}' below "
            f"'{' '.join(words)[:40]}'; a line of elements such as 'Li O' and, below it, how many "
            "atoms of each are needed"
        )
    numbers = [int(count[:9]) for count in counts]
    if sum(numbers) > _MOST_ATOMS:
        raise RatesError(f"structure: {source}:{at + 1}: {sum(numbers)} atoms are too many")
    named = zip(elements, numbers, strict=True)
    return tuple(e for e, n in named for _ in range(n) if e is not None), at + 1
