"""Fine answers for the problems of `calibration_set.py` that have no closed form.

    python benchmarks/calibration_references.py            # what is missing
    python benchmarks/calibration_references.py --again packing_03 chain_07

Rows of spheres are solved in cylindrical coordinates, a method of its own; everything else on
meshes refined until the bracket of the answer is narrow. Written to calibration_references.json:
per problem and direction the answer and what it is uncertain by [S/m].
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
from calibration_set import SETS, Problem, problems
from mpi4py import MPI
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from cellion.errors import CellionError
from cellion.pipeline.run import run
from cellion.scenario.load import build_scenario

type Array = NDArray[np.float64]
type Reference = dict[str, list[float]]

FILE = Path(__file__).with_suffix(".json")

_SHARE, _UNSURE = 0.55, 0.3
"""Part of a narrow gap that the upper bound is off by, and what that part is uncertain by."""

_GRADING = 3.0
"""Power by which cells become smaller towards the rim of a neck."""

_POINTS = (80, 160, 320)
"""Cells along each sphere on three meshes; half as many across."""


def refined(problem: Problem) -> Reference:
    """Answer on a mesh refined until its bracket is narrow."""
    assert problem.reference is not None
    result = run(build_scenario(problem.reference), MPI.COMM_SELF, pictures=False)
    carrier, found = result.carrier("ion"), {}
    assert carrier.lower is not None
    assert carrier.upper is not None
    for k, name in enumerate("xyz"):
        low, high = float(carrier.lower[k, k]), float(carrier.upper[k, k])
        if math.isnan(low):
            continue
        geometry = carrier.geometry_error_estimate.get(name, 0.0) * high
        found[name] = [high - _SHARE * (high - low), _UNSURE * (high - low) + geometry]
    return found


def row_of_spheres(problem: Problem) -> Reference:
    """Conductivity along spheres in a row, extrapolated from three meshes (Aitken)."""
    assert problem.chain is not None
    radii, necks, resistance = problem.chain
    found = [_row(np.array(radii), np.array(necks), resistance, n) for n in _POINTS]
    box = problem.document["microstructure"]["spheres"]["box"]
    volume = math.prod(float(edge.split()[0]) for edge in box)
    first, second = np.diff(found)
    step = float(second**2 / (first - second))
    return {"z": [(found[-1] + step) / volume, 0.3 * abs(step) / volume]}


def _row(radii: Array, necks: Array, resistance: float, cells: int) -> float:
    """Energy of a unit mean field along a row, P1 in cylindrical coordinates, times the volume."""
    points, triangles, rims = _mesh(radii, necks, cells)
    r = points[:, 0]
    corners = points[triangles]
    edges = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    area = 0.5 * np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    sign = np.sign(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    slopes = sign[:, None, None] * np.stack([-edges[..., 1], edges[..., 0]], axis=2)
    slopes /= 2.0 * area[:, None, None]
    weight = 2.0 * np.pi * area * corners[:, :, 0].mean(axis=1)
    stiffness = np.einsum("tid,tjd,t->tij", slopes, slopes, weight)
    load = -np.bincount(
        triangles.reshape(-1), (slopes[:, :, 1] * weight[:, None]).reshape(-1), len(points)
    )
    number, ties = np.arange(len(points)), []
    for low, high in rims:
        if resistance:
            ties.append(_contact(r[low], resistance, low, high))
        else:
            number[high] = low
    number = np.unique(number, return_inverse=True)[1]
    rows = [np.repeat(triangles, 3, axis=1).reshape(-1), *[t[0] for t in ties]]
    columns = [np.tile(triangles, (1, 3)).reshape(-1), *[t[1] for t in ties]]
    values = np.concatenate([stiffness.reshape(-1), *[t[2] for t in ties]])
    n = int(number.max()) + 1
    place = number[np.concatenate(rows)], number[np.concatenate(columns)]
    matrix = coo_array((values, place), shape=(n, n)).tocsc()
    right = np.bincount(number, load, n)
    w = np.zeros(n)
    w[1:] = spsolve(matrix[1:, 1:], right[1:])
    return float(weight.sum() - right @ w)


def _contact(r: Array, resistance: float, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Entries of (1/R) int jump(u) jump(v) 2 pi r dr over a disc."""
    a, b = r[:-1], r[1:]
    h = (b - a) * 2.0 * np.pi / resistance
    mass = np.empty((len(a), 2, 2))
    mass[:, 0, 0], mass[:, 1, 1] = h * (3 * a + b) / 12, h * (a + 3 * b) / 12
    mass[:, 0, 1] = mass[:, 1, 0] = h * (a + b) / 12
    four = np.stack([low[:-1], low[1:], high[:-1], high[1:]], axis=1)
    full = np.concatenate(
        [np.concatenate([mass, -mass], axis=2), np.concatenate([-mass, mass], axis=2)], axis=1
    )
    return (
        np.repeat(four, 4, axis=1).reshape(-1),
        np.tile(four, (1, 4)).reshape(-1),
        full.reshape(-1),
    )


def _mesh(radii: Array, necks: Array, cells: int) -> tuple[Array, Array, list[tuple[Array, Array]]]:
    """Points (r, z) and triangles of all spheres, and the nodes on both sides of each neck."""
    half = np.linspace(0.0, 1.0, cells // 2 + 1) ** _GRADING * 0.5
    along = np.concatenate([half, 1.0 - half[-2::-1]])
    across = 1.0 - np.linspace(1.0, 0.0, cells // 2 + 1) ** _GRADING
    points, triangles, ends, start = [], [], [], 0.0
    for radius, before, after in zip(radii, np.roll(necks, 1), necks, strict=True):
        behind, ahead = math.sqrt(radius**2 - before**2), math.sqrt(radius**2 - after**2)
        z = along * (behind + ahead)
        outer = np.sqrt(np.maximum(radius**2 - (z - behind) ** 2, 0.0))
        offset = len(ends) * len(z) * len(across)
        grid = offset + np.arange(len(z) * len(across)).reshape(len(z), -1)
        flat = np.stack(
            [across * outer[:, None], np.broadcast_to((z + start)[:, None], grid.shape)]
        )
        points.append(flat.reshape(2, -1).T)
        a, b, c, d = (grid[part] for part in _quads())
        first = np.stack([a, b, d], axis=-1).reshape(-1, 3)
        second = np.stack([a, d, c], axis=-1).reshape(-1, 3)
        triangles += [first, second]
        ends.append((grid[0], grid[-1]))
        start += behind + ahead
    rims = [(ends[i][1], ends[(i + 1) % len(ends)][0]) for i in range(len(ends))]
    return np.concatenate(points), np.concatenate(triangles), rims


def _quads() -> list[tuple[slice, slice]]:
    """Slices of the four corners of all quadrilaterals of a grid."""
    low, high = slice(None, -1), slice(1, None)
    return [(low, low), (low, high), (high, low), (high, high)]


def main() -> None:
    """Compute what is missing and write it, one problem after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--again", nargs="*", default=[], help="problems to compute anew")
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    asked = parser.parse_args()
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    for which in asked.sets:
        mine = known.setdefault(which, {})
        for problem in problems(which):
            if problem.exact or (problem.name in mine and problem.name not in asked.again):
                continue
            start = time.process_time()
            try:
                found = (row_of_spheres if problem.chain else refined)(problem)
            except CellionError as error:
                print(f"{which} {problem.name}: {error}", flush=True)
                continue
            mine[problem.name] = found
            FILE.write_text(json.dumps(known, indent=1) + "\n")
            unsure = max(off / max(value, 1e-300) for value, off in found.values())
            seconds = time.process_time() - start
            print(f"{which} {problem.name}: {unsure:.1e}, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
