"""Descriptors for screening: relations between a barrier and what is known before computing it.

The founding review shows three in figures: linear scaling with the migration number (Fig. 5), the
volcano over the site preference of spinels (Fig. 9) and linear scaling with the ionic radius in
Chevrel phases (Fig. 12). It prints their shape, not their coefficients, so the relations are fitted
here to the points a user supplies; each remembers its data and its range and refuses to extrapolate
unless asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.errors import RatesError

__all__ = [
    "BarrierRelation",
    "Prediction",
    "barrier_from",
    "fit_chevrel_radius",
    "fit_migration_number",
    "fit_site_preference",
    "rank",
]

FloatArray = NDArray[np.float64]
Shape = Literal["linear", "volcano"]


@dataclass(frozen=True, kw_only=True)
class BarrierRelation:
    """A fitted relation barrier = b0 + b1 |x| or b0 + b1 x.

    Attributes:
        name: of the descriptor.
        unit: of x.
        shape: ``linear`` in x, or ``volcano``: two slopes, over and under x = 0.
        coefficients: b0 and slope, or b0, slope for x > 0 and slope for x < 0 [J, J per unit of x].
        covariance: of the coefficients; None when there are no more points than coefficients.
        residual: standard deviation of the points about the relation [J].
        points: the data, x and barrier [J], shape (n, 2).
        valid: lowest and highest x of the data.
        source: of the data.
    """

    name: str
    unit: str
    shape: Shape
    coefficients: FloatArray
    covariance: FloatArray | None
    residual: float
    points: FloatArray
    valid: tuple[float, float]
    source: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Barriers from a relation.

    Attributes:
        barrier: shape (n,) [J].
        standard_deviation: of a new point: coefficients and scatter; NaN if unknown, shape (n,)
            [J].
        extrapolated: true outside the data, shape (n,).
    """

    barrier: FloatArray
    standard_deviation: FloatArray
    extrapolated: NDArray[np.bool_]


def _design(shape: Shape, x: FloatArray) -> FloatArray:
    if shape == "linear":
        return np.stack([np.ones_like(x), x], axis=1)
    return np.stack([np.ones_like(x), np.maximum(x, 0.0), np.maximum(-x, 0.0)], axis=1)


def _fit(
    name: str, unit: str, shape: Shape, x: ArrayLike, barrier: ArrayLike, source: str
) -> BarrierRelation:
    values = np.atleast_1d(np.asarray(x, dtype=float))
    heights = np.atleast_1d(np.asarray(barrier, dtype=float))
    if values.shape != heights.shape or not np.all(np.isfinite(values) & np.isfinite(heights)):
        raise RatesError(
            f"{name}: {values.size} descriptors and {heights.size} barriers found; the numbers "
            f"must "
            "be equal and all values finite"
        )
    design = _design(shape, values)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise RatesError(
            f"{name}: {np.unique(values).size} different values do not determine "
            f"{design.shape[1]} coefficients"
            + (", on both sides of 0" if shape == "volcano" else "")
        )
    coefficients, *_ = np.linalg.lstsq(design, heights, rcond=None)
    misfit = heights - design @ coefficients
    spare = values.size - design.shape[1]
    variance = float(misfit @ misfit) / spare if spare else float("nan")
    return BarrierRelation(
        name=name,
        unit=unit,
        shape=shape,
        coefficients=coefficients,
        covariance=variance * np.linalg.inv(design.T @ design) if spare else None,
        residual=float(np.sqrt(variance)),
        points=np.stack([values, heights], axis=1),
        valid=(float(values.min()), float(values.max())),
        source=source,
    )


def fit_migration_number(x: ArrayLike, barrier: ArrayLike, *, source: str) -> BarrierRelation:
    """Fit the linear scaling of Sotoudeh and Gross: barrier over migration number.

    The migration number is built from ionic radii, oxidation states and Pauling electronegativities
    of migrating ion and host; it holds within one class of materials, with either the ions or the
    anions varied. Values come from the publication or from one's own table.

    Args:
        x: migration numbers, shape (n,).
        barrier: first-principles barriers, shape (n,) [J].
        source: of the points.

    Source: Sotoudeh and Gross 2022, JACS Au 2, 463; review section 4.2 and Fig. 5.
    """
    return _fit("migration number", "1", "linear", x, barrier, source)


def fit_site_preference(x: ArrayLike, barrier: ArrayLike, *, source: str) -> BarrierRelation:
    """Fit the volcano of spinels: the barrier is lowest where E_oct - E_tet vanishes.

        barrier = b0 + b+ x for x > 0,  b0 - b- x for x < 0

    Args:
        x: site preference E_oct - E_tet, shape (n,) [J].
        barrier: shape (n,) [J].
        source: of the points.

    Raises:
        RatesError: not enough points on both sides of 0, or slopes that make no volcano.

    Source: review section 5.1 and Fig. 9; Dillenz et al. 2022, Batter. Supercaps 5, e202200164.
    """
    relation = _fit("site preference", "J", "volcano", x, barrier, source)
    if np.any(relation.coefficients[1:] < 0.0):
        raise RatesError(
            "site preference: the fitted barrier falls away from 0, which is no volcano; check "
            "the sign "
            "of E_oct - E_tet and that all points are of one class"
        )
    return relation


def fit_chevrel_radius(x: ArrayLike, barrier: ArrayLike, *, source: str) -> BarrierRelation:
    """Fit the linear scaling in Chevrel phases: barrier over ionic radius, whatever the charge.

    Args:
        x: ionic radii, shape (n,) [m].
        barrier: shape (n,) [J].
        source: of the points.

    Source: review section 5.6 and Fig. 12; Helmbrecht et al. 2022, Batter. Supercaps 5, e202200002.
    """
    return _fit("ionic radius", "m", "linear", x, barrier, source)


def barrier_from(
    relation: BarrierRelation, x: ArrayLike, *, extrapolate: bool = False
) -> Prediction:
    """Return the barriers that a relation gives, with their uncertainty.

    Args:
        relation: a fitted relation.
        x: descriptor, scalar or shape (n,).
        extrapolate: allow values outside the data; they are flagged in the result.

    Raises:
        RatesError: x outside the data and ``extrapolate`` not asked for.
    """
    values = np.atleast_1d(np.asarray(x, dtype=float))
    low, high = relation.valid
    outside = ~((values >= low) & (values <= high))
    if outside.any() and not extrapolate:
        raise RatesError(
            f"{relation.name}: {values[outside][0]:g} {relation.unit} lies outside the data "
            f"({low:g} to {high:g}); say extrapolate=True if that is meant"
        )
    design = _design(relation.shape, values)
    spread = np.full(values.shape, np.nan)
    if relation.covariance is not None:
        own = np.einsum("na,ab,nb->n", design, relation.covariance, design)
        spread = np.sqrt(own + relation.residual**2)
    return Prediction(
        barrier=design @ relation.coefficients, standard_deviation=spread, extrapolated=outside
    )


def rank(
    names: tuple[str, ...], median: ArrayLike, log_standard_deviation: ArrayLike
) -> tuple[tuple[str, float, float, float], ...]:
    """Rank materials by conductivity: name, median and the 2.5 % to 97.5 % interval, best first.

    Args:
        names: of the materials.
        median: conductivity, shape (n,) [S/m].
        log_standard_deviation: of its logarithm, shape (n,).

    Raises:
        RatesError: the numbers of names and values differ.
    """
    value = np.atleast_1d(np.asarray(median, dtype=float))
    spread = np.broadcast_to(np.asarray(log_standard_deviation, dtype=float), value.shape)
    if len(names) != value.size:
        raise RatesError(f"rank: {len(names)} names and {value.size} values found")
    factor = np.exp(1.959963984540054 * spread)
    order = np.argsort(-value, kind="stable")
    return tuple(
        (names[k], float(value[k]), float(value[k] / factor[k]), float(value[k] * factor[k]))
        for k in order.tolist()
    )
