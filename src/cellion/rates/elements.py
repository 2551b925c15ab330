"""Chemical symbols, atom labels and formulas."""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["ELEMENTS", "element_of_label", "element_of_symbol", "formula_of"]

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy "
    "Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
    "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)

ELEMENTS = tuple(_SYMBOLS.split())
"""Symbols in the order of their numbers."""

_ISOTOPES = {"D": "H", "T": "H"}
_SYMBOL = re.compile(r"\d{0,3}([A-Za-z]{1,2})(?:[\d.]{0,6}[+-]?|[+-][\d.]{0,6})")
_LETTERS = re.compile(r"[A-Za-z]+")
_PART = r"([A-Z][a-z]?)(\d+(?:\.\d*)?|\.\d+|)"


def element_of_symbol(text: str) -> str | None:
    """Return the element of a type symbol: ``Li``, ``7Li``, ``Fe3+``; None if it is none."""
    match = _SYMBOL.fullmatch(text.strip())
    symbol = match[1].title() if match else ""
    symbol = _ISOTOPES.get(symbol, symbol)
    return symbol if symbol in ELEMENTS else None


def element_of_label(label: str, known: Collection[str] = ()) -> str | None:
    """Return the element of a label: ``Li1``, ``O1W``, ``CL2``; None if it is none, or ambiguous.

    Args:
        label: Label of an atom.
        known: Elements of the crystal, which decide whether ``CO1`` is cobalt or carbon.
    """
    match = _LETTERS.match(label.strip())
    if match is None or re.search(r"[/,+]", label):
        return None
    letters = match[0]
    readings = [
        _ISOTOPES.get(s, s) for s in dict.fromkeys((letters[:2].title(), letters[:1].upper()))
    ]
    readings = [symbol for symbol in readings if symbol in ELEMENTS]
    if letters[1:2].islower():
        readings = readings[:1]
    if len(readings) > 1:
        readings = [symbol for symbol in readings if symbol in known]
    return readings[0] if len(readings) == 1 else None


def formula_of(text: str) -> dict[str, float] | None:
    """Return the atoms of a formula such as ``Li6 P S5 Cl``; None if it is written otherwise."""
    words = text.split()
    if not words or not all(re.fullmatch(rf"(?:{_PART})+", word) for word in words):
        return None
    found: dict[str, float] = {}
    for symbol, count in re.findall(_PART, text):
        element = _ISOTOPES.get(symbol, symbol)
        if element not in ELEMENTS:
            return None
        found[element] = found.get(element, 0.0) + float(count or 1.0)
    return found
