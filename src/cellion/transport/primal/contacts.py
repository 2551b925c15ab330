"""Contacts between labels: their kinds, and the linear law of the imperfect ones.

The kind of a contact decides about unknowns and connectivity, its law about the equations. An
interface has no thickness. Across an imperfect one the potential jumps by its resistance R times
the current density through it; a sheet conductance G carries current along it. A thin layer of
thickness delta and conductivity sigma has R = delta / sigma (poor conductor) or G = delta sigma
(good one).

Source: Sanchez-Palencia, Comportements local et macroscopique d'un type de milieux physiques
heterogenes, Int. J. Eng. Sci. 12 (1974) 331 (resistive limit); Pham Huy and Sanchez-Palencia,
J. Math. Anal. Appl. 47 (1974) 284 (conducting limit).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MaterialError
from cellion.mesh.pieces import first_labels, inside_grain

__all__ = ["ContactKind", "Contacts", "kinds_of"]

type Labels = NDArray[np.integer[Any]]

_SYMMETRY_TOLERANCE = 1e-12


class ContactKind(IntEnum):
    """Kind of a contact: the potential is continuous, may jump, or no current passes."""

    PERFECT = 0
    IMPERFECT = 1
    INSULATING = 2


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """All contacts of a mesh, by the materials of the two labels that meet.

    Cells of one label are always in perfect contact, also across the period.

    Attributes:
        label_material: Material of each label, shape (n_labels,).
        pair_resistance: Area-specific resistance between materials, symmetric, shape
            (n_materials, n_materials) [Ohm m^2]; limits are 0 (perfect) and infinity (insulating).
        pair_sheet_conductance: Sheet conductance between materials, symmetric, shape
            (n_materials, n_materials) [S]; 0 is none.
        factor: Multiplies the resistance of single interfaces, such as a random draw or a function
            of misorientation: from labels in ascending order, shape (n, 2), to factors >= 0, shape
            (n,), the same on every rank. It is asked for the first labels of grains. None is 1
            everywhere.
        pieces: Grain of each label and its place in it, where grains are divided into labels, in
            perfect contact inside (see `cellion.mesh.pieces`); None where none is.

    Raises:
        MaterialError: An array has the wrong shape, is not symmetric, or holds a value that is
            negative, not a number, or (for sheets) infinite.
    """

    label_material: NDArray[np.integer[Any]]
    pair_resistance: NDArray[np.float64]
    pair_sheet_conductance: NDArray[np.float64]
    factor: Callable[[Labels], NDArray[np.float64]] | None = None
    pieces: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        _check("interface resistance", self.pair_resistance, "Ohm m^2", infinite=True)
        _check("sheet conductance", self.pair_sheet_conductance, "S", infinite=False)
        found = self.pair_resistance.shape, self.pair_sheet_conductance.shape
        needed = int(self.label_material.max(initial=-1)) + 1
        if found[0] != found[1] or found[0][0] < needed:
            raise MaterialError(
                f"interface laws have shapes {found[0]} and {found[1]}; both must cover the same "
                f"materials, at least {needed}"
            )

    @property
    def pair_kind(self) -> NDArray[np.int8]:
        """`ContactKind` between materials, shape (n_materials, n_materials)."""
        return kinds_of(self.pair_resistance)

    def kind(self, labels: Labels, negligible: float = 0.0) -> NDArray[np.int8]:
        """`ContactKind` between pairs of labels, shape (n,).

        Args:
            labels: Pairs of labels in any order, shape (n, 2).
            negligible: Resistance below which a contact is perfect [Ohm m^2].
        """
        return kinds_of(self.resistance(labels), negligible)

    def resistance(self, labels: Labels) -> NDArray[np.float64]:
        """Area-specific resistance between pairs of labels, shape (n,) [Ohm m^2].

        Args:
            labels: Pairs of labels in any order, shape (n, 2).
        """
        pairs = np.sort(labels, axis=1)
        value = self._between(self.pair_resistance, pairs)
        if self.factor is not None:
            varies = (value > 0.0) & np.isfinite(value)
            grains = np.sort(first_labels(self.pieces, pairs[varies]), axis=1)
            value[varies] *= self.factor(grains)
        return value

    def sheet_conductance(self, labels: Labels) -> NDArray[np.float64]:
        """Sheet conductance between pairs of labels, shape (n,) [S].

        Args:
            labels: Pairs of labels in any order, shape (n, 2).
        """
        return self._between(self.pair_sheet_conductance, labels)

    def _between(self, table: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
        """Look pairs up by material; 0 within one label, and between the pieces of a grain."""
        first, second = self.label_material[labels].T
        within = (labels[:, 0] == labels[:, 1]) | inside_grain(self.pieces, labels)
        return np.where(within, 0.0, table[first, second])


def kinds_of(resistance: NDArray[np.float64], negligible: float = 0.0) -> NDArray[np.int8]:
    """`ContactKind` of area-specific resistances, of which 0 and infinity are limits.

    Args:
        resistance: Resistances, any shape [Ohm m^2].
        negligible: Resistance below which a contact is perfect [Ohm m^2].
    """
    kind = np.full(resistance.shape, ContactKind.IMPERFECT, dtype=np.int8)
    kind[(resistance == 0.0) | (resistance < negligible)] = ContactKind.PERFECT
    kind[np.isinf(resistance)] = ContactKind.INSULATING
    return kind


def _check(name: str, table: NDArray[np.float64], unit: str, *, infinite: bool) -> None:
    """Refuse a table that is no symmetric square of allowed values."""
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise MaterialError(f"{name} has shape {table.shape}; one row and column per material")
    allowed = (table >= 0.0) & (np.isfinite(table) | infinite)
    if not allowed.all():
        i, j = np.argwhere(~allowed)[0]
        more = ", infinity for an insulating interface" if infinite else " and finite"
        raise MaterialError(
            f"{name} between materials {i} and {j} is {table[i, j]} {unit}; it must be zero or "
            f"positive{more}"
        )
    if not np.allclose(table, table.T, rtol=_SYMMETRY_TOLERANCE, atol=0.0):
        i, j = np.argwhere(~np.isclose(table, table.T, rtol=_SYMMETRY_TOLERANCE, atol=0.0))[0]
        raise MaterialError(
            f"{name} is {table[i, j]} {unit} from material {i} to {j} but {table[j, i]} {unit} "
            f"back; it must be the same both ways"
        )
