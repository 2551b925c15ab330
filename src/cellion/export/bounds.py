"""Bounds by composition and Bruggeman's law, as curves beside computed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.export.formatting import CONDUCTIVITY
from cellion.export.groups import Group
from cellion.export.series import Series
from cellion.homogenise.bounds import hashin_shtrikman_bounds, wiener_bounds
from cellion.homogenise.effective_medium import bruggeman_power_law

__all__ = ["BOUNDS", "Curve", "bound_curves"]

type Floats = NDArray[np.float64]

WIENER, SHTRIKMAN = "Wiener upper bound", "Hashin-Shtrikman upper bound"
BRUGGEMAN = "Bruggeman, exponent 1.5"
BRICKS = "brick layer estimate"
BOUNDS: dict[str, Any] = {
    WIENER: (0, (1, 1.5)),
    SHTRIKMAN: (0, (7, 2)),
    BRUGGEMAN: (0, (4, 2, 1, 2)),
    BRICKS: (0, (3, 1.5)),
}
"""Dashes of each curve."""
_POINTS = 60


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One curve.

    Attributes:
        name: One of `BOUNDS`.
        x: Places on the axis.
        y: Conductivity [mS/cm] or tortuosity factor [-].
    """

    name: str
    x: Floats
    y: Floats


def bound_curves(
    series: Series, groups: Sequence[Group], carrier: str, quantity: str
) -> list[Curve]:
    """Curves between the points of one curve of a series.

    Bounds are those of perfect contact and, where the others insulate, of the conducting fraction
    alone; along a composition they are drawn between the runs too, elsewhere from run to run. The
    brick layer estimate is that of the records.

    Args:
        series: Whose axis they are along.
        groups: One of its curves.
        carrier: ``ion`` or ``electron``.
        quantity: ``conductivity`` or ``tortuosity``.
    """
    own = [group for group in groups if group.carriers(carrier)]
    if len(own) < 2 or series.axis.kind in ("name", "order"):
        return []
    x = np.array([group.x for group in own])
    phi = np.array([group.mean(carrier, "conducting_fraction") for group in own])
    sigma = np.array([group.mean(carrier, "bulk_conductivity") for group in own])
    curves = {}
    if all(c.composition_bounds for group in own for c in group.carriers(carrier)):
        curves = _between(x, phi, sigma, _dimension(own)) if _insulated(own, carrier) else {}
    bricks = [c.brick_layer for group in own for c in group.carriers(carrier)[:1]]
    if all(each is not None for each in bricks):
        mean = np.array([each.mean_conductivity for each in bricks if each is not None])
        curves[BRICKS] = (x, phi * sigma, mean)
    return [
        Curve(name=name, x=at, y=CONDUCTIVITY * s if quantity == "conductivity" else product / s)
        for name, (at, product, s) in curves.items()
    ]


def _between(
    x: Floats, phi: Floats, sigma: Floats, dimension: int
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """By name: places, phi sigma, and the conductivity; nothing of a single phase."""
    if (phi <= 0).any() or (sigma <= 0).any() or (phi > 1 - 1e-9).all():
        return {}
    fine = np.linspace(x.min(), x.max(), _POINTS)
    phi, sigma = np.interp(fine, x, phi), np.exp(np.interp(fine, x, np.log(sigma)))
    two = np.stack([phi, 1 - phi], axis=-1)
    pair = np.stack([sigma, np.zeros_like(sigma)], axis=-1)
    found = {
        WIENER: wiener_bounds(two, pair).upper,
        SHTRIKMAN: hashin_shtrikman_bounds(two, pair, dimension=dimension).upper,
        BRUGGEMAN: bruggeman_power_law(phi, sigma, 1.5),
    }
    return {name: (fine, phi * sigma, value) for name, value in found.items()}


def _insulated(groups: Sequence[Group], carrier: str) -> bool:
    """Whether one material conducts and the others insulate: the lower bound is 0."""
    found = [c for group in groups for c in group.carriers(carrier)]
    return all(len(c.conducting) == 1 and c.composition_bounds["wiener"][0] == 0.0 for c in found)


def _dimension(groups: Sequence[Group]) -> int:
    return len(groups[0].members[0].result.box)
