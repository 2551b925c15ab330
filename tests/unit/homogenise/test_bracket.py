"""Brackets: valid for every direction, exact where the field is, and explained by indicators."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.bracket import Bracket, Indicators, bracket_of
from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.transport.dual import facet_solve
from cellion.transport.dual.lower_bound import conserved_currents
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import balls, isotropic, labelled_box, layers, tiles

Array = NDArray[np.float64]
CENTERS = np.random.default_rng(2718).random((5, 3))


def bracket(
    data: MeshData,
    conductivity: Array,
    boundary: str = "periodic",
    resistance: Array | None = None,
    sheet: Array | None = None,
) -> tuple[Bracket, Indicators]:
    none = np.zeros((len(data.materials),) * 2)
    laws = Contacts(
        label_material=data.label_material,
        pair_resistance=none if resistance is None else resistance,
        pair_sheet_conductance=none if sheet is None else sheet,
    )
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
        contacts=laws,
    )
    solution = solve(problem)
    upper = effective_conductivity(solution).tensor
    return bracket_of(solution, conserved_currents(solution), upper)


def composite(n: int = 6, *, periodic: bool = True) -> MeshData:
    return labelled_box(
        (n, n, n), balls(CENTERS, 0.3), ["matrix"] + ["ball"] * 5, periodic=periodic
    )


CONTACTS = np.array([[0.0, 0.2], [0.2, 0.05]])
CASES = {
    "mild": ([1.0, 7.0], None),
    "insulating": ([1.0, 0.0], None),
    "strong": ([1.0, 1e4], None),
    "resistive": ([1.0, 7.0], CONTACTS),
    "blocked": ([1.0, 7.0], np.array([[0.0, np.inf], [np.inf, 0.05]])),
}


@pytest.mark.parametrize("boundary", ["periodic", "electrodes", "uniform_gradient"])
@pytest.mark.parametrize("case", CASES)
def test_the_gap_is_the_sum_of_the_indicators(case: str, boundary: str) -> None:
    values, resistance = CASES[case]
    data = composite(periodic=boundary == "periodic")
    found, indicators = bracket(data, isotropic(values, 3), boundary, resistance)
    for k, direction in enumerate("xyz"):
        total = indicators.cells[direction].sum() + indicators.facets[direction].sum()
        gap = found.upper[k, k] - found.lower[k, k]
        assert 0.0 < found.lower[k, k] < found.upper[k, k]
        # An identity for any admissible potential and currents: exact but for rounding.
        assert total == pytest.approx(gap - 2.0 * found.rounding[direction], rel=1e-8)
        assert (indicators.cells[direction] >= 0.0).all()
        assert found.rounding[direction] < 1e-9 * found.upper[k, k]


@pytest.mark.parametrize("other", [0.0, 0.1])
def test_a_negligible_resistance_is_perfect_contact_for_both_bounds(other: float) -> None:
    data = labelled_box((6, 4), layers([1 / 3, 1 / 3, 1 / 3]), ["A", "B", "C"])

    def bounds(negligible: float) -> Bracket:
        table = np.zeros((3, 3))
        table[0, 1] = table[1, 0] = negligible
        table[1, 2] = table[2, 1] = other
        return bracket(data, isotropic([1.0, 3.0, 2.0], 2), resistance=table)[0]

    found, perfect = bounds(1e-20), bounds(0.0)
    np.testing.assert_array_equal(found.lower, perfect.lower)
    np.testing.assert_array_equal(found.upper, perfect.upper)


@pytest.mark.parametrize("reduction", [0.9, 0.1, 1e-8])
def test_the_bound_holds_wherever_the_iterations_stop(
    reduction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, conductivity = composite(), isotropic([1.0, 30.0], 3)
    best, _ = bracket(data, conductivity)
    monkeypatch.setattr(facet_solve, "_REDUCTION", reduction)
    monkeypatch.setattr(facet_solve, "_FURTHER", ())
    found, indicators = bracket(data, conductivity)
    monkeypatch.setattr(facet_solve, "_REDUCTION", 1e-12)
    sharp, _ = bracket(data, conductivity)
    # The sharp solution has the largest lower bound of all, for every mean field.
    slack = 3.0 * max(sharp.rounding.values())
    assert np.linalg.eigvalsh(sharp.lower - found.lower).min() > -slack
    assert np.linalg.eigvalsh(sharp.lower - best.lower).min() > -slack
    gap = best.upper - best.lower
    assert np.linalg.eigvalsh(sharp.lower - best.lower).max() < 1e-4 * np.trace(gap)
    total = indicators.cells["x"].sum()
    assert total == pytest.approx(
        found.upper[0, 0] - found.lower[0, 0] - 2.0 * found.rounding["x"], rel=1e-8
    )


def random_tensors(random: np.random.Generator, dimension: int, contrast: float) -> Array:
    """Tensors of two conductors with random axes and principal values up to a contrast apart."""
    axes, _ = np.linalg.qr(random.normal(size=(2, dimension, dimension)))
    values = contrast ** random.uniform(-0.5, 0.5, (2, dimension))
    found: Array = axes @ (values[:, :, None] * axes.transpose(0, 2, 1))
    return 0.5 * (found + found.transpose(0, 2, 1))


@pytest.mark.parametrize("boundary", ["periodic", "electrodes", "uniform_gradient"])
@pytest.mark.parametrize("laws", [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.3, 0.3)])
@pytest.mark.parametrize("dimension", [2, 3])
def test_uniform_fields_and_fluxes_are_never_better(
    boundary: str, laws: tuple[float, float], dimension: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for iterates: L >= (<S^-1> + int R n n)^-1 and U <= <S> + int G (I - n n)."""
    monkeypatch.setattr(facet_solve, "_REDUCTION", 0.9)
    monkeypatch.setattr(facet_solve, "_FURTHER", ())
    random = np.random.default_rng([577, dimension])
    tensors = random_tensors(random, dimension, 1e3)
    # Cubes: normals of one half along x, the others along y (and z).
    n = 8 if dimension == 2 else 4
    data = labelled_box(
        (n,) * dimension, tiles((2,) * dimension), ["A", "B"], periodic=boundary == "periodic"
    )
    resistance, sheet = (value * np.array([[0.0, 1.0], [1.0, 0.0]]) for value in laws)
    found, _ = bracket(data, tensors, boundary, resistance, sheet)
    planes = 2.0 if boundary == "periodic" else 1.0  # per axis
    flux = np.linalg.inv(tensors).mean(axis=0) + planes * laws[0] * np.eye(dimension)
    field = tensors.mean(axis=0) + planes * laws[1] * (dimension - 1) * np.eye(dimension)
    if boundary == "electrodes":
        low, high = np.diag(found.lower), np.diag(found.upper)
        assert (low >= (1.0 - 1e-9) / np.diag(flux)).all()
        assert (high <= (1.0 + 1e-9) * np.diag(field)).all()
        return
    least = np.linalg.inv(flux)
    assert np.linalg.eigvalsh(found.lower - least).min() >= -1e-9 * np.trace(least)
    assert np.linalg.eigvalsh(field - found.upper).min() >= -1e-9 * np.trace(field)


@pytest.mark.parametrize("insulator", ["phase", "interface"])
def test_beside_insulators_no_iterate_is_below_zero(
    insulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facet_solve, "_REDUCTION", 0.9)
    monkeypatch.setattr(facet_solve, "_FURTHER", ())
    phase = insulator == "phase"
    blocking = None if phase else np.array([[0.0, np.inf], [np.inf, 0.0]])
    values = [1.0, 0.0] if phase else [1.0, 1e3]
    found, _ = bracket(composite(), isotropic(values, 3), resistance=blocking)
    rounding = max(found.rounding.values())
    assert np.linalg.eigvalsh(found.lower).min() >= -rounding


def test_bounds_of_nested_meshes_are_nested() -> None:
    # Refined bricks contain the old functions and the old currents.
    conductivity = isotropic([1.0, 9.0], 2)
    coarse, _ = bracket(labelled_box((8, 8), tiles((2, 2)), ["A", "B"]), conductivity)
    fine, _ = bracket(labelled_box((16, 16), tiles((2, 2)), ["A", "B"]), conductivity)
    assert np.linalg.eigvalsh(fine.lower - coarse.lower).min() > 0.0
    assert np.linalg.eigvalsh(coarse.upper - fine.upper).min() > 0.0
    exact = 3.0 * np.eye(2)
    assert np.linalg.eigvalsh(exact - fine.lower).min() > 0.0
    assert np.linalg.eigvalsh(fine.upper - exact).min() > 0.0


def laminate(tensors: Array, fractions: Array, resistance: float) -> Array:
    """Layers normal to x in series across, in parallel along (Backus, Geophysics 27 (1962) 427).

    Computed with the digits of the arrays, which may be those of long doubles.
    """
    n = tensors[:, 0, 0]
    across = 1.0 / ((fractions / n).sum() + resistance)
    rows = np.einsum("p,p,pj->j", fractions, 1.0 / n, tensors[:, 0])
    schur = tensors - np.einsum("pi,pj,p->pij", tensors[:, 0], tensors[:, 0], 1.0 / n)
    schur[:, 0] = schur[:, :, 0] = 0.0
    return np.einsum("p,pij->ij", fractions, schur) + across * np.outer(rows, rows)


@pytest.mark.parametrize("resistance", [0.0, 0.07])
@pytest.mark.parametrize("dimension", [2, 3])
def test_layers_leave_only_rounding_between_the_bounds(dimension: int, resistance: float) -> None:
    random = np.random.default_rng(1618)
    roots = random.normal(size=(2, dimension, dimension))
    tensors = roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(dimension)
    data = labelled_box((4,) * dimension, layers([0.25, 0.75]), ["A", "B"])
    contact = resistance * np.array([[0.0, 1.0], [1.0, 0.0]])
    found, _ = bracket(data, tensors, resistance=contact)
    exact = laminate(tensors, np.array([0.25, 0.75]), 2.0 * resistance)
    assert np.linalg.eigvalsh(exact - found.lower).min() >= 0.0
    assert np.linalg.eigvalsh(found.upper - exact).min() >= 0.0
    assert (found.smallest <= exact).all()
    assert (exact <= found.largest).all()
    assert (found.largest - found.smallest).max() < 1e-10 * np.abs(exact).max()


@pytest.mark.parametrize("number", range(24))
def test_layers_of_any_contrast_lie_between_their_bounds(number: int) -> None:
    """Contrasts and anisotropies up to 1e6, with nothing but counted rounding to spare."""
    random = np.random.default_rng([1913, number])
    dimension = 2 + number % 2
    tensors = random_tensors(random, dimension, 1e6)
    tensors[1] *= 10.0 ** random.uniform(-6, 6)
    part = float(random.choice([0.25, 0.5, 0.75]))
    resistance = float(random.choice([0.0, 10.0 ** random.uniform(-6, 6)]))
    resistance /= float(np.trace(tensors[0]))
    data = labelled_box((4,) * dimension, layers([part, 1.0 - part]), ["A", "B"])
    contact = resistance * np.array([[0.0, 1.0], [1.0, 0.0]])
    found, _ = bracket(data, tensors, resistance=contact)
    wide = tensors.astype(np.longdouble)
    fractions = np.array([part, 1.0 - part], dtype=np.longdouble)
    exact = laminate(wide, fractions, 2.0 * resistance).astype(np.float64)
    assert (np.diag(found.lower) <= np.diag(exact)).all()
    assert (np.diag(exact) <= np.diag(found.upper)).all()
    assert (found.smallest <= exact).all()
    assert (exact <= found.largest).all()
    digits = 1e-15 * np.trace(exact)  # of the eigenvalues
    for gap in (exact - found.lower, found.upper - exact, found.upper - found.lower):
        assert np.linalg.eigvalsh(gap).min() >= -digits


def test_the_lower_bound_of_opposite_slants_counts_rounding() -> None:
    """Layers of one crystal turned by 45 degrees either way, principal values 1e6 and 1."""
    slant = 500000.5 * np.eye(2) + 499999.5 * np.array([[0.0, 1.0], [1.0, 0.0]])
    tensors = np.stack([slant, slant * np.array([[1.0, -1.0], [-1.0, 1.0]])])
    found, _ = bracket(labelled_box((8, 8), layers([0.5, 0.5]), ["A", "B"]), tensors)
    assert found.lower[0, 0] <= 500000.5 <= found.upper[0, 0]
    assert found.upper[0, 0] - found.lower[0, 0] < 1e-5


def test_electrodes_bound_no_entry_off_the_diagonal() -> None:
    found, _ = bracket(composite(periodic=False), isotropic([1.0, 7.0], 3), "electrodes")
    off = ~np.eye(3, dtype=bool)
    for tensor in (found.lower, found.upper, found.smallest, found.largest):
        assert np.isnan(tensor[off]).all()
        assert np.isfinite(np.diag(tensor)).all()


def test_entries_off_the_diagonal_have_an_interval() -> None:
    # A tilted single crystal among insulating balls has a true off-diagonal entry.
    crystal = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.2], [0.5, 0.2, 1.0]])
    tensors = np.stack([crystal, np.zeros((3, 3))])
    coarse, _ = bracket(composite(6), tensors)
    centre = 0.5 * (coarse.lower + coarse.upper)
    assert (coarse.smallest <= centre).all()
    assert (centre <= coarse.largest).all()
    # No wider than polarisation with the four forms e_k +- e_l.
    gap = np.diag(coarse.upper - coarse.lower)
    width = coarse.largest - coarse.smallest
    assert (width <= 0.5 * (gap[:, None] + gap) + 1e-12).all()


@pytest.mark.parametrize("dimension", [2, 3])
def test_sheets_along_layers_leave_only_rounding(dimension: int) -> None:
    data = labelled_box((4,) * dimension, layers([0.5, 0.5]), ["A", "B"])
    sheet = 0.1 * np.array([[0.0, 1.0], [1.0, 0.0]])
    found, _ = bracket(data, isotropic([1.0, 1.0], dimension), sheet=sheet)
    exact = np.diag([1.0] + [1.2] * (dimension - 1))
    np.testing.assert_allclose(found.lower, exact, atol=1e-11)
    np.testing.assert_allclose(found.upper, exact, atol=1e-11)
    assert (np.diag(found.lower) <= np.diag(exact)).all()


@pytest.mark.parametrize("boundary", ["periodic", "electrodes", "uniform_gradient"])
@pytest.mark.parametrize("resistance", [0.0, 0.2, float("inf")])
@pytest.mark.parametrize("dimension", [2, 3])
def test_the_gap_of_sheets_is_the_sum_of_indicators(
    boundary: str, resistance: float, dimension: int
) -> None:
    """Sheets on balls that meet each other, insulators, and the faces of the box."""
    n, periodic = 16 if dimension == 2 else 6, boundary == "periodic"
    centers = np.random.default_rng(2718).random((5, dimension))
    names = ["A", "B", "C", "B", "C", "B"]
    data = labelled_box((n,) * dimension, balls(centers, 0.29), names, periodic=periodic)
    sigma = isotropic([1.0, 0.2, 0.0], dimension)
    across = np.where(np.eye(3) > 0.0, 0.0, resistance)
    along = np.full((3, 3), 0.3)
    found, indicators = bracket(data, sigma, boundary, resistance=across, sheet=along)
    assert "y" in found.rounding
    for name in found.rounding:  # directions in which current flows
        k = "xyz".index(name)
        gap = found.upper[k, k] - found.lower[k, k] - 2.0 * found.rounding[name]
        total = indicators.cells[name].sum() + indicators.facets[name].sum()
        assert total == pytest.approx(gap, rel=1e-8)
        assert 0.0 < gap < 0.4 * found.upper[k, k]


def test_nothing_percolates_between_two_zeros() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5]), ["A", "B"])
    found, _ = bracket(data, isotropic([0.0, 2.0], 2))
    assert found.lower[0, 0] == found.upper[0, 0] == 0.0
    assert found.width("x") == 0.0
    assert found.lower[1, 1] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_nothing_conducts_between_two_zeros(boundary: str) -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5]), ["A", "B"], periodic=boundary == "periodic")
    found, _ = bracket(data, isotropic([0.0, 0.0], 2), boundary)
    assert np.diag(found.lower).tolist() == np.diag(found.upper).tolist() == [0.0, 0.0]
    assert found.width("x") == 0.0
