"""The brick layer model: cubic grains with boundaries, exact when thin, bounded when not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.homogenise.phases import refuse_negative

__all__ = [
    "brick_edge",
    "brick_layer",
    "brick_layer_fast",
    "brick_layer_resistive",
]

type Array = NDArray[np.float64]


def brick_layer_resistive(grain: ArrayLike, edge: ArrayLike, area_resistance: ArrayLike) -> Array:
    """Cubic grains with resistive faces, exact: sigma = 1 / (1/sigma_g + R/d).

    Args:
        grain: Conductivity of the grains, positive, shape (...) [S/m].
        edge: Edge d of the cubes, shape (...) [m].
        area_resistance: Area resistance R of one boundary, shape (...) [Ohm m^2].

    Returns:
        Effective conductivity along an edge, shape (...) [S/m].

    Raises:
        ValueError: A value is negative or the edge is not positive.

    Source:
        The field is one-dimensional; van Dijk and Burggraaf, Phys. Status Solidi A 63 (1981) 229.
    """
    sigma, d, resistance = (
        np.asarray(value, dtype=np.float64) for value in (grain, edge, area_resistance)
    )
    refuse_negative("conductivity or resistance", sigma, resistance)
    if not (d > 0).all():
        raise ValueError(f"the grain edge is {d} m; it must be positive")
    result: Array = sigma / (1.0 + sigma * resistance / d)
    return result


def brick_layer_fast(grain: ArrayLike, edge: ArrayLike, sheet_conductance: ArrayLike) -> Array:
    """Cubic grains with conducting faces, exact: sigma = sigma_g + 2 G/d.

    Two of the three families of faces run along the current; each carries G/d.

    Args:
        grain: Conductivity of the grains, shape (...) [S/m].
        edge: Edge d of the cubes, shape (...) [m].
        sheet_conductance: Sheet conductance G of one boundary, shape (...) [S].

    Returns:
        Effective conductivity along an edge, shape (...) [S/m].

    Raises:
        ValueError: A value is negative or the edge is not positive.

    Source:
        A uniform field is the solution; van Dijk and Burggraaf, Phys. Status Solidi A 63 (1981)
        229.
    """
    sigma, d, sheet = (
        np.asarray(value, dtype=np.float64) for value in (grain, edge, sheet_conductance)
    )
    refuse_negative("conductivity or conductance", sigma, sheet)
    if not (d > 0).all():
        raise ValueError(f"the grain edge is {d} m; it must be positive")
    result: Array = sigma + 2.0 * sheet / d
    return result


def brick_edge(surface: ArrayLike, dimension: int = 3) -> Array:
    """Edge of the bricks that have the same boundary area per volume, d = dimension / S.

    For boundaries of any shape whose normals have no preferred direction, bricks of this edge give
    the conductivity exactly to first order in the resistance and the sheet conductance: a uniform
    field meets them with <n_x^2> = 1 / dimension.

    Args:
        surface: Area of all boundaries per volume, positive, shape (...) [1/m].
        dimension: 2 or 3.

    Returns:
        Edge, shape (...) [m].

    Raises:
        ValueError: A surface is not positive.

    Source:
        Derived; Underwood, Quantitative Stereology, Addison-Wesley (1970), for the area.
    """
    area = np.asarray(surface, dtype=np.float64)
    if not (area > 0).all():
        raise ValueError(f"the boundary area per volume is {area} 1/m; it must be positive")
    return np.asarray(dimension / area)


def brick_layer(
    grain: ArrayLike,
    edge: ArrayLike,
    *,
    area_resistance: ArrayLike = 0.0,
    sheet_conductance: ArrayLike = 0.0,
    dimension: int = 3,
) -> Array:
    """Bricks whose boundaries block across and lead along.

    The dimension - 1 families of faces along the current lead beside the grain, and the current
    then crosses the others: sigma = 1 / (1 / (sigma_g + (dimension - 1) G/d) + R/d). Exact where R
    or G is 0, else an upper bound: it takes the faces across the current for equipotentials.

    Args:
        grain: Conductivity of the grains, positive, shape (...) [S/m].
        edge: Edge d, shape (...) [m].
        area_resistance: Area resistance R of one boundary, shape (...) [Ohm m^2].
        sheet_conductance: Sheet conductance G of one boundary, half on each side, shape (...) [S].
        dimension: 2 or 3.

    Returns:
        Effective conductivity along an edge, shape (...) [S/m].

    Raises:
        ValueError: A value is negative or the edge is not positive.
    """
    sheet = np.asarray(sheet_conductance, dtype=np.float64) * (dimension - 1) / 2
    return brick_layer_resistive(brick_layer_fast(grain, edge, sheet), edge, area_resistance)
