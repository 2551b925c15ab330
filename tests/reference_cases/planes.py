"""Layers, tiles, cubes and bricks: meshes that follow their interfaces exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from helpers.bracketing import Bracketed, bracketed
from helpers.mesh_boxes import isotropic, labelled_box, layers, tiles
from reference_cases.rows import EXACT_DIGITS, Entry, Row, bracket_rows

Array = NDArray[np.float64]

NUMERICAL_DIGITS = 2e-5
"""What the values of cubes and thick bricks are known to, relative."""

CELLS_2D, CELLS_3D = 32, 8
"""Bricks along each edge of plane and spatial tiles."""


def rows_of(
    entry: Entry, found: Bracketed, exact: Array, digits: float = EXACT_DIGITS
) -> list[Row]:
    """Rows of a bracket, whose off-diagonal entries have to hold as well."""
    bracket, slack = found.bracket, digits * np.abs(exact).max()
    assert (bracket.smallest - slack <= exact).all()
    assert (exact <= bracket.largest + slack).all()
    if digits == EXACT_DIGITS:
        for form in (exact - bracket.lower, bracket.upper - exact):
            assert np.linalg.eigvalsh(form).min() > -len(exact) * slack
    bounds = bracket.lower, bracket.upper
    return bracket_rows(entry, exact, bounds, unknowns=found.unknowns, digits=digits)


def tensor_of(value: Any) -> Array:
    return value * np.eye(3) if np.isscalar(value) else np.array(value)


def laminate(entry: Entry) -> list[Row]:
    inputs, exact = entry["inputs"], np.array(entry["expected"]["tensor"])
    length = 1e-6
    if inputs["asr_per_length_ohm_m"] or inputs["sheet_per_length_S_per_m"]:
        data = labelled_box((4, 4, 4), layers([0.5, 0.5]), ["A", "A"], edges=2 * length)
        laws = (inputs["asr_per_length_ohm_m"], inputs["sheet_per_length_S_per_m"])
        resistance, sheet = (np.array([[law * length]]) for law in laws)
        values = isotropic(inputs["tensors"], 3)
        return rows_of(entry, bracketed(data, values, resistance=resistance, sheet=sheet), exact)
    if inputs["normal"] == [2, 1, 0]:
        # Bricks twice as many along x as along y, divided along the planes of the layers.
        data = turned(labelled_box((8, 4, 4), lambda x: np.zeros(len(x), int), ["A"]))
    else:
        data = labelled_box((20, 4, 4), layers(inputs["fractions"]), ["A", "B"])
    tensors = np.stack([tensor_of(value) for value in inputs["tensors"]])
    return rows_of(entry, bracketed(data, tensors), exact)


def turned(data: MeshData) -> MeshData:
    """Reflect a box along x, so that diagonals fall, and label it by layers normal to (2, 1, 0)."""
    points = data.points.copy()
    points[:, 0] = 1.0 - points[:, 0]
    cells = data.cells[:, [1, 0, *range(2, data.cells.shape[1])]]
    x = points[cells].mean(axis=1)
    return MeshData(
        points=points,
        cells=cells,
        labels=np.floor(2.0 * ((2.0 * x[:, 0] + x[:, 1]) % 1.0)).astype(np.int32),
        label_material=np.array([0, 1], dtype=np.int32),
        materials=("A", "B"),
        box=data.box,
        periodic=data.periodic,
    )


def square_checkerboard(entry: Entry) -> list[Row]:
    values = isotropic([entry["inputs"]["s1"], entry["inputs"]["s2"]], 2)
    found = bracketed(labelled_box((CELLS_2D,) * 2, tiles((2, 2)), ["A", "B"]), values)
    return rows_of(entry, found, entry["expected"]["scalar"] * np.eye(2))


def four_phases(entry: Entry) -> list[Row]:
    def corner(x: Array) -> NDArray[np.int64]:
        right, top = (x > 0.5).T
        return np.where(top, np.where(right, 1, 0), np.where(right, 2, 3))

    data = labelled_box((CELLS_2D,) * 2, corner, ["A", "B", "C", "D"])
    values = isotropic([entry["inputs"][f"s{i}"] for i in (1, 2, 3, 4)], 2)
    exact = np.diag([entry["expected"]["sxx"], entry["expected"]["syy"]])
    return rows_of(entry, bracketed(data, values), exact)


def checkerboard_of_one_crystal(entry: Entry) -> list[Row]:
    crystal = np.diag(np.array(entry["inputs"]["principal"], dtype=float))
    tensors = np.stack([crystal, crystal[::-1, ::-1]])
    found = bracketed(labelled_box((CELLS_2D,) * 2, tiles((2, 2)), ["A", "B"]), tensors)
    return rows_of(entry, found, entry["expected"]["scalar"] * np.eye(2))


def determinant_of_a_polycrystal(entry: Entry) -> list[Row]:
    """Four by four tiles at random angles; the determinant grows with the tensor as a form."""
    angles = np.random.default_rng(5077).uniform(0.0, np.pi, 16)
    turn = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    turn = turn.transpose(2, 0, 1)
    crystal = np.diag(np.array(entry["inputs"]["principal"], dtype=float))
    data = labelled_box(
        (CELLS_2D,) * 2,
        lambda x: (np.floor(4 * x) @ np.array([1, 4])).astype(int),
        list("ABCDEFGHIJKLMNOP"),
    )
    found = bracketed(data, turn @ crystal @ turn.transpose(0, 2, 1))
    low, high = (float(np.linalg.det(t)) for t in (found.bracket.lower, found.bracket.upper))
    exact = entry["expected"]["det"]
    return [determinant(entry, exact, low, high, found.unknowns)]


def determinant(entry: Entry, exact: float, low: float, high: float, unknowns: int) -> Row:
    return Row(
        reference=entry["id"],
        quantity="det sigma",
        exact=exact,
        lower=low,
        upper=high,
        slack=EXACT_DIGITS * exact,
        unknowns=unknowns,
    )


def duality(entry: Entry) -> list[Row]:
    """Any pattern of tiles: det sigma(s1, s2) det sigma(s2, s1) = (s1 s2)^2."""
    pattern = np.random.default_rng(1618).integers(0, 2, (4, 4))

    def tile(x: Array) -> NDArray[np.int64]:
        i, j = np.floor(4 * x).astype(int).T
        return pattern[i, j]

    s1, s2 = entry["inputs"]["s1"], entry["inputs"]["s2"]
    data = labelled_box((CELLS_2D,) * 2, tile, ["A", "B"])
    both = [bracketed(data, isotropic(pair, 2)) for pair in ([s1, s2], [s2, s1])]
    low, high = (
        float(np.prod([np.linalg.det(getattr(found.bracket, side)) for found in both])) ** 0.5
        for side in ("lower", "upper")
    )
    exact = entry["expected"]["product_if_isotropic"]
    return [determinant(entry, exact, low, high, both[0].unknowns)]


def cube(edge: float) -> Callable[[Array], NDArray[np.int64]]:
    return lambda x: (np.abs(x - 0.5) < 0.5 * edge).all(axis=1).astype(int)


def cubes(entry: Entry) -> list[Row]:
    inputs, exact = entry["inputs"], entry["expected"]["scalar"] * np.eye(3)
    if "s1" in inputs:
        label, values = tiles((2, 2, 2)), [inputs["s2"], inputs["s1"]]
    else:
        label, values = cube(inputs["edge_over_period"]), list(inputs.values())[2:0:-1]
    data = labelled_box((CELLS_3D,) * 3, label, ["A", "B"])
    return rows_of(entry, bracketed(data, isotropic(values, 3)), exact, NUMERICAL_DIGITS)


def bricks(entry: Entry) -> list[Row]:
    """Eight cubic grains with a law on every face."""
    inputs, exact = entry["inputs"], entry["expected"]["scalar"] * np.eye(3)
    grains = lambda x: (np.floor(2.0 * x) @ np.array([1, 2, 4])).astype(int)  # noqa: E731
    data = labelled_box((4, 4, 4), grains, ["A"] * 8, edges=2 * inputs["d"])
    resistance, sheet = (np.array([[inputs.get(law, 0.0)]]) for law in ("R", "S"))
    values = isotropic([inputs["sigma_g"]], 3)
    return rows_of(entry, bracketed(data, values, resistance=resistance, sheet=sheet), exact)
