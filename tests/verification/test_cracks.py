r"""A crack of doubled nodes in a mesh file, against conformal mapping.

Current along a strip of width W passes a plate of width c W in its middle, across the current. With
z = x + i y from the middle of the plate, the complex potential F is::

    cosh(pi F / W) = cosh(pi z / W) / cos(pi c / 2),

real on the plate (a streamline), imaginary beside it (an equipotential). Far away F = z + C / 2::

    C = (2 W / pi) ln sec(pi c / 2),    so that    sigma_eff = sigma L / (L + C).

Equipotential faces at a distance of W from the plate change C by about exp(-4 pi) of it.
"""

from __future__ import annotations

import math
from pathlib import Path

import meshio
import numpy as np
import pytest
from mpi4py import MPI

from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import load_scenario

DIVISIONS = 16
"""Squares across the strip; it is twice as long as wide."""

BLOCKED = 0.75

EXACT = 2.0 / (2.0 + 2.0 / math.pi * math.log(1.0 / math.cos(0.5 * math.pi * BLOCKED)))
"""Conductivity along the strip over that of the material."""

SCENARIO = """\
name: crack
materials: {{S: {{ion: {{conductivity: 1 S/m}}}}}}
microstructure:
  mesh: {{file: crack.vtu, length_unit: um, labels: {{1: S}}, merge_nodes: {merge}}}
transport: {{carriers: [ion], boundary: electrodes, directions: [x]}}
accuracy: {{tolerance: 1 %}}
output: {{fields: [], pictures: false}}
"""


def cracked(path: Path) -> None:
    """A strip of squares in triangles; nodes of the plate, but for its ends, are there twice."""
    n = DIVISIONS
    x, y = (each.ravel() for each in np.meshgrid(np.arange(2 * n + 1), np.arange(n + 1)))
    points = np.stack([x, y, 0 * x], axis=1) / n
    low = np.array([j * (2 * n + 1) + i for j in range(n) for i in range(2 * n)])
    across = 2 * n + 1
    corners = ([0, 1, across + 1], [0, across + 1, across])
    cells = np.concatenate([low[:, None] + np.array(corner) for corner in corners])
    plate = np.flatnonzero((x == n) & (np.abs(2 * y - n) < BLOCKED * n))
    twin = np.arange(len(points))
    twin[plate] = len(points) + np.arange(len(plate))
    behind = points[cells].mean(axis=1)[:, 0] > 1.0
    cells[behind] = twin[cells[behind]]
    tags = np.ones(len(cells), dtype=np.int32)
    meshio.Mesh(
        np.concatenate([points, points[plate]]), [("triangle", cells)], cell_data={"tag": [tags]}
    ).write(path)


def answer(folder: Path, *, merge: str) -> RunResult:
    cracked(folder / "crack.vtu")
    path = folder / "crack.yaml"
    path.write_text(SCENARIO.format(merge=merge), encoding="utf-8")
    return run(load_scenario(path), MPI.COMM_SELF)


def test_a_crack_that_is_kept_blocks_as_a_plate_does(tmp_path: Path) -> None:
    result = answer(tmp_path, merge="false")
    found = result.accuracy
    assert found is not None
    assert found.width <= 0.01
    for each in found.history:
        assert each.lower["ion"]["x"] < EXACT < each.upper["ion"]["x"]
    assert any("kept apart" in note for note in result.notes)


def test_merged_nodes_close_the_crack_and_are_told(tmp_path: Path) -> None:
    result = answer(tmp_path, merge="true")
    assert result.carrier("ion").effective_conductivity[0][0] == pytest.approx(1.0, rel=1e-9)
    assert any("11 nodes lie on others" in note for note in result.notes)
