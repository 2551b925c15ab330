"""Brackets of randomised problems whose value, or an invariant of it, is known exactly.

Layers at random angles with random tensors and resistances: closed form. Checkerboards and random
two-phase patterns that are invariant under quarter turns and go over into their complement by half
a period: sqrt(s1 s2) in both directions. The latter without quarter turns: determinant s1 s2.

Sources: Keller, J. Math. Phys. 5 (1964) 548; Dykhne, Sov. Phys. JETP 32 (1970) 63; Mendelson,
J. Appl. Phys. 46 (1975) 917 (duality); laminates see `bracketing.laminate`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.layers import LayerGeometry
from helpers.bracketing import bracketed, laminate
from helpers.mesh_boxes import isotropic, labelled_box, tiles
from reference_cases.rows import Row

Array = NDArray[np.float64]
Record = Callable[[Row], bool]

FEW, MANY = 4, 60


def numbered(count: int) -> list[object]:
    """Problems by number; the first few run by default."""
    return [
        pytest.param(number, marks=[] if number < FEW else [pytest.mark.slow])
        for number in range(count)
    ]


def between(record: Record, name: str, found: Array, low: Array, high: Array, n: int) -> None:
    """The exact tensor lies between the bounds as a form, and so does its diagonal."""
    digits = 1e-12 * np.abs(found).max()  # of the closed form itself
    for k in range(len(found)):
        assert record(
            Row(
                reference=name,
                quantity=f"sigma_{'xyz'[k] * 2}",
                exact=float(found[k, k]),
                lower=float(low[k, k]),
                upper=float(high[k, k]),
                slack=float(digits),
                unknowns=n,
            )
        )
    assert np.linalg.eigvalsh(found - low).min() > -digits
    assert np.linalg.eigvalsh(high - found).min() > -digits


@pytest.mark.parametrize("number", numbered(MANY))
def test_layers_at_random_angles(record: Record, number: int) -> None:
    random = np.random.default_rng([2203, number])
    normal = np.array([1, 0])
    while not normal.all() or np.gcd(*normal) != 1:
        normal = random.integers(-3, 4, 2)
    parts = random.integers(1, 4, 2)
    fractions = parts / parts.sum()
    roots = random.normal(size=(2, 2, 2))
    tensors = 10.0 ** random.uniform(-2, 2, (2, 1, 1)) * (
        roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(2)
    )
    resistance = random.choice([0.0, 10.0 ** random.uniform(-3, 1)])
    geometry = LayerGeometry(
        box=np.ones(2),
        periodic=np.ones(2, dtype=bool),
        breaks=np.concatenate([[0.0], np.cumsum(fractions)]),
        normal=normal.astype(np.int64),
        label_material=np.array([0, 1], dtype=np.int32),
    )
    structure = Microstructure(materials=("A", "B"), geometry=geometry)
    data = generate_mesh(structure, MeshSizes(size=0.25, surface=0.25, smallest=0.25))
    contact = np.array([[0.0, resistance], [resistance, 0.0]])
    found = bracketed(data, tensors, resistance=contact)
    length = 1.0 / np.linalg.norm(normal)
    exact = laminate(normal * length, tensors, fractions, 2.0 * resistance / length)
    bracket = found.bracket
    between(record, f"layers {number}", exact, bracket.lower, bracket.upper, found.unknowns)


def two_values(random: np.random.Generator) -> list[float]:
    """Conductivities of a contrast up to 10^4, either way."""
    return (10.0 ** random.uniform(-2, 2, 2)).tolist()


@pytest.mark.parametrize("number", numbered(MANY))
def test_checkerboards(record: Record, number: int) -> None:
    random = np.random.default_rng([3307, number])
    values = two_values(random)
    n = 4 * int(random.integers(2, 6))
    divisions = (2, 2) if random.random() < 0.5 else (4, 4)
    found = bracketed(labelled_box((n, n), tiles(divisions), ["A", "B"]), isotropic(values, 2))
    exact = np.sqrt(np.prod(values)) * np.eye(2)
    bracket = found.bracket
    between(record, f"checkerboard {number}", exact, bracket.lower, bracket.upper, found.unknowns)


def pattern(random: np.random.Generator, n: int, *, turns: bool) -> NDArray[np.int64]:
    """Random tiles that half a period along the diagonal exchanges, with quarter turns if asked.

    With n a multiple of 4, no tile is its own image with the phases exchanged.
    """
    chosen = np.full((n, n), -1)
    for start in random.permutation(n * n):
        i, j = divmod(int(start), n)
        value = int(random.integers(2))
        if chosen[i, j] >= 0:
            continue
        for _ in range(4 if turns else 1):
            chosen[i, j] = value
            chosen[(i + n // 2) % n, (j + n // 2) % n] = 1 - value
            i, j = (-1 - j) % n, i
    return chosen


@pytest.mark.parametrize("turns", [True, False], ids=["turns", "plain"])
@pytest.mark.parametrize("number", numbered(MANY))
def test_patterns_that_exchange_their_phases(record: Record, number: int, turns: bool) -> None:
    random = np.random.default_rng([4409, number, turns])
    values, n = two_values(random), int(random.choice([4, 8]))
    chosen = pattern(random, n, turns=turns)

    def label(x: Array) -> NDArray[np.int64]:
        i, j = np.floor(n * x).astype(int).T
        return chosen[i, j]

    fine = 4 * n if n == 4 else 2 * n
    found = bracketed(labelled_box((fine, fine), label, ["A", "B"]), isotropic(values, 2))
    bracket, product = found.bracket, float(np.prod(values))
    if turns:
        exact = np.sqrt(product) * np.eye(2)
        name = f"pattern {number}"
        between(record, name, exact, bracket.lower, bracket.upper, found.unknowns)
    else:
        low, high = (float(np.linalg.det(t)) for t in (bracket.lower, bracket.upper))
        assert record(
            Row(
                reference=f"pattern {number}",
                quantity="det sigma",
                exact=product,
                lower=low,
                upper=high,
                unknowns=found.unknowns,
            )
        )
