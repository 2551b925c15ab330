"""From one's own mesh, tensors and laws to the effective conductivity, against closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cellion.parallel

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import ArrayLike, NDArray

import cellion
from cellion.errors import MaterialError, MeshError, MicrostructureError, ScenarioError
from cellion.material.crystal_symmetry import disorientation_angles
from cellion.material.material import build_materials
from helpers.mesh_boxes import labelled_box, layers

EDGE = 20e-6
FILES = Path(__file__).parents[1] / "mesh" / "files"


def laminate(dimension: int = 3, **keys: Any) -> cellion.Mesh:
    """Two layers of half the box each, normal to x: tag 1 is SE, tag 2 CAM."""
    data = labelled_box((4,) * dimension, layers([0.5, 0.5]), ["SE", "CAM"], edges=EDGE)
    given = {"labels": {1: "SE", 2: "CAM"}, "comm": MPI.COMM_SELF} | keys
    return cellion.Mesh.from_arrays(data.points, data.cells, data.labels + 1, **given)


def in_series(first: float, second: float, resistance: float = 0.0, contacts: int = 1) -> float:
    """Conductivity across the layers, with resistive contacts [S/m]."""
    return EDGE / (0.5 * EDGE / first + 0.5 * EDGE / second + contacts * resistance)


@pytest.mark.parametrize("dimension", [2, 3])
def test_tensors_of_a_laminate(dimension: int) -> None:
    axes = np.diag([1.0, 2.0, 0.2])[:dimension, :dimension]
    found = cellion.solve(laminate(dimension), {"SE": "1 mS/cm", "CAM": axes}, bracket=True)
    exact = [in_series(0.1, 1.0), 0.5 * (0.1 + 2.0), 0.5 * (0.1 + 0.2)][:dimension]
    assert found.lower is not None
    assert found.upper is not None
    for k, value in enumerate(exact):
        assert found.effective_conductivity[k, k] == pytest.approx(value, rel=1e-9)
        assert found.lower[k, k] <= value <= found.upper[k, k]
        assert found.upper[k, k] - found.lower[k, k] < 1e-9 * value


def test_a_resistive_interface_of_a_periodic_laminate_counts_twice() -> None:
    mesh = laminate(periodic=True)
    contact = cellion.Interface("CAM", "SE", area_resistance="1 Ohm cm^2")
    found = cellion.solve(mesh, {"SE": 0.1, "CAM": 1.0}, interfaces=[contact], bracket=True)
    exact = in_series(0.1, 1.0, 1e-4, contacts=2)
    assert found.effective_conductivity[0, 0] == pytest.approx(exact, rel=1e-9)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower[0, 0] <= exact <= found.upper[0, 0]


def test_a_sheet_conducts_along_the_interface() -> None:
    contact = cellion.Interface("SE", "CAM", sheet_conductance=1e-6)
    found = cellion.solve(laminate(), {"SE": 0.1, "CAM": 1.0}, interfaces=[contact])
    along = 0.55 + 1e-6 / EDGE
    assert np.diag(found.effective_conductivity)[1:] == pytest.approx([along, along], rel=1e-9)


@dataclass(frozen=True)
class Activated:
    """A user's own law: conductances of a contact that rise with temperature."""

    slope: float

    def resistance(self, temperature: float, first: NDArray, second: NDArray) -> float:
        return 1e-4 * np.exp(-self.slope * (temperature - 300.0))

    def sheet_conductance(self, temperature: float) -> float:
        return 1e-6 * np.exp(self.slope * (temperature - 300.0))


def test_a_law_of_the_user_that_depends_on_temperature() -> None:
    law = Activated(slope=0.02)
    contact = cellion.Interface("SE", "CAM", area_resistance=law, sheet_conductance=law)
    conductivity = {"SE": 0.1, "CAM": 1.0}
    found = cellion.solve(
        laminate(), conductivity, interfaces=[contact], temperature="350 K", bracket=True
    )
    across = in_series(0.1, 1.0, 1e-4 * np.exp(-1.0))
    along = 0.55 + 1e-6 * np.e / EDGE
    assert np.diag(found.effective_conductivity) == pytest.approx([across, along, along], rel=1e-9)


class Misfit:
    """A user's own law: contacts of grains resist in proportion to their disorientation."""

    def resistance(self, temperature: float, first: NDArray, second: NDArray) -> ArrayLike:
        return 1e-4 * disorientation_angles(first, second, "triclinic")


def test_a_law_of_the_user_that_depends_on_misorientation() -> None:
    data = labelled_box((6, 2, 2), layers([1 / 3, 1 / 3, 1 / 3]), ["G"] * 3, edges=EDGE)
    turns = np.array([[0.0, 0.0, 0.0], [20.0, 0.0, 0.0], [50.0, 0.0, 0.0]])
    mesh = cellion.Mesh.from_arrays(
        *(data.points, data.cells, data.labels),
        grains={"material": "G"},
        orientations=turns,
        comm=MPI.COMM_SELF,
    )
    boundary = cellion.Interface("G", "G", area_resistance=Misfit())
    found = cellion.solve(mesh, {"G": 0.1}, interfaces=[boundary], bracket=True)
    exact = EDGE / (EDGE / 0.1 + 1e-4 * np.radians(20.0 + 30.0))
    assert found.effective_conductivity[0, 0] == pytest.approx(exact, rel=1e-9)
    assert found.effective_conductivity[1, 1] == pytest.approx(0.1, rel=1e-9)


def test_contacts_of_a_law_may_be_perfect_or_insulate() -> None:
    class Blocked:
        def resistance(self, temperature: float, first: NDArray, second: NDArray) -> float:
            return 0.0 if temperature > 300.0 else np.inf

    contact = cellion.Interface("SE", "CAM", area_resistance=Blocked())
    given: dict[str, Any] = {"conductivity": {"SE": 0.1, "CAM": 1.0}, "interfaces": [contact]}
    warm, cold = (cellion.solve(laminate(), **given, temperature=T) for T in (310.0, 290.0))
    assert warm.effective_conductivity[0, 0] == pytest.approx(in_series(0.1, 1.0), rel=1e-9)
    assert cold.effective_conductivity[0, 0] == 0.0
    assert not cold.percolates["x"]


def test_a_law_tells_the_sides_apart() -> None:
    seen = []

    class Sides:
        def resistance(self, temperature: float, first: NDArray, second: NDArray) -> float:
            seen.append((first[0], second[0]))
            return 0.0

    turned = cellion.Mesh.from_arrays(
        *_two_squares(), labels={1: "A", 2: "B"}, orientations=[[0, 0, 0], [90, 0, 0]]
    )
    for pair in (("A", "B"), ("B", "A")):
        contact = cellion.Interface(*pair, area_resistance=Sides())
        cellion.solve(turned, {"A": 1.0, "B": 1.0}, interfaces=[contact])
    np.testing.assert_allclose(seen[0][0], np.eye(2))
    np.testing.assert_allclose(seen[1][0], [[0, -1], [1, 0]], atol=1e-15)


def _two_squares() -> tuple[NDArray, NDArray, NDArray]:
    """Two unit squares side by side as quadrilaterals: points, cells, tags."""
    points = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]], dtype=float)
    return points, np.array([[0, 1, 4, 3], [1, 2, 5, 4]]), np.array([1, 2])


def test_crystals_turn_with_their_orientations() -> None:
    matrices = np.array([np.eye(2), [[0.0, -1.0], [1.0, 0.0]]])
    mesh = cellion.Mesh.from_arrays(*_two_squares(), labels={1: "A", 2: "A"}, orientations=matrices)
    found = cellion.solve(mesh, {"A": np.diag([1.0, 3.0])})
    assert found.effective_conductivity[0, 0] == pytest.approx(1.5, rel=1e-9)
    assert found.effective_conductivity[1, 1] == pytest.approx(2.0, rel=1e-9)


def test_a_mesh_file_and_laws_of_conductivity() -> None:
    mesh = cellion.Mesh.read(
        FILES / "boxes_41.msh", length_unit="um", labels={10: "SE", 20: "CAM"}, comm=MPI.COMM_SELF
    )
    law = cellion.ArrheniusLaw(
        reference=0.1 * np.eye(3),
        reference_temperature=300.0,
        activation_energy=0.0,
        convention="sigmaT",
    )
    found = cellion.solve(mesh, {"SE": law, "CAM": 0.0}, temperature=600.0, directions="y")
    assert mesh.materials == ("SE", "CAM")
    assert found.directions == ("y",)
    assert found.effective_conductivity[1, 1] == pytest.approx(0.5 * 0.05, rel=1e-9)


class Linear:
    """A user's own law of conductivity, isotropic."""

    def conductivity(self, temperature: float) -> float:
        return 0.001 * temperature


def test_a_conductivity_law_of_the_user() -> None:
    found = cellion.solve(laminate(2), {"SE": Linear(), "CAM": 1.0}, temperature="500 K")
    assert found.effective_conductivity[0, 0] == pytest.approx(in_series(0.5, 1.0), rel=1e-9)


def test_mesh_and_materials_of_a_scenario() -> None:
    scenario = cellion.build_scenario(
        {
            "name": "sphere",
            "materials": {"A": {"ion": {"conductivity": "2 mS/cm"}}, "B": "insulator"},
            "microstructure": {
                "spheres": {
                    "box": ["4 um"] * 3,
                    "matrix": "A",
                    "spheres": [{"center": ["2 um"] * 3, "radius": "1 um", "material": "B"}],
                }
            },
            "mesh": {"size": "1 um"},
            "transport": {"carriers": ["ion"]},
            "accuracy": {"bracket": True},
        }
    )
    mesh = cellion.Mesh.of(scenario, comm=MPI.COMM_SELF)
    found = cellion.solve(mesh, build_materials(scenario), bracket=True)
    answer = cellion.run(scenario, MPI.COMM_SELF).carrier("ion")
    for name in ("effective_conductivity", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, name), getattr(answer, name))
    assert found.geometry_error_estimate == answer.geometry_error_estimate


@pytest.mark.parametrize(
    ("conductivity", "keys", "error", "message"),
    [
        ({"SE": 1.0}, {}, MaterialError, "'CAM' has none; give that of every material"),
        ({"SE": "1 mS", "CAM": 1.0}, {}, ScenarioError, "conductivity of 'SE': found '1 mS'"),
        ({"SE": np.eye(4), "CAM": 1.0}, {}, MaterialError, r"'SE' has shape \(4, 4\)"),
        ({"SE": [[1.0], [1.0, 2.0]], "CAM": 1.0}, {}, MaterialError, "'SE': found .*; numbers are"),
        ({"SE": -1.0, "CAM": 1.0}, {}, MaterialError, "'SE'.* none may be negative"),
        (None, {"boundary": "period"}, ScenarioError, "did you mean 'periodic'"),
        (None, {"boundary": "periodic"}, MeshError, "needs a mesh that is periodic"),
        (None, {"directions": ["u"]}, ScenarioError, "'u' is not a direction"),
        (None, {"temperature": "1 m"}, ScenarioError, "temperature: found '1 m'"),
    ],
)
def test_what_cannot_be_solved_is_said(
    conductivity: Any, keys: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cellion.solve(laminate(2), conductivity or {"SE": 1.0, "CAM": 1.0}, **keys)


class Wrong:
    """A law that answers what it should not."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def resistance(self, temperature: float, first: NDArray, second: NDArray) -> Any:
        return self.answer

    def sheet_conductance(self, temperature: float) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("SE", "CAN", 1.0)], "interface SE/CAN: 'CAN' is not a material .*mean 'CAM'"),
        ([("SE", "CAM"), ("CAM", "SE")], "given twice"),
        ([("SE", "CAM", Wrong(-1.0))], "area_resistance of the interface SE/CAM is -1 Ohm"),
        ([("SE", "CAM", Wrong(np.nan))], "is nan Ohm m.2; it must be zero or positive, inf"),
        ([("SE", "CAM", Wrong([1.0, 2.0]))], r"shape \(2,\); one number, or one for each of 1"),
        ([("SE", "CAM", Wrong("much"))], "area_resistance .*: found 'much'; numbers are needed"),
        ([("SE", "CAM", 0.0, Wrong(np.inf))], "sheet_conductance .* is inf S; .* and finite"),
    ],
)
def test_what_is_no_interface_is_said(pairs: list[tuple[Any, ...]], message: str) -> None:
    interfaces = [cellion.Interface(*each) for each in pairs]
    with pytest.raises(MaterialError, match=message):
        cellion.solve(laminate(2), {"SE": 1.0, "CAM": 1.0}, interfaces=interfaces)


def test_numbers_of_an_interface_are_checked_when_it_is_made() -> None:
    with pytest.raises(MaterialError, match="area_resistance of the interface A/B is -1 Ohm"):
        cellion.Interface("A", "B", area_resistance=-1.0)
    with pytest.raises(ScenarioError, match="sheet_conductance of the interface A/B: found '1 m'"):
        cellion.Interface("A", "B", sheet_conductance="1 m")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"label": {1: "A"}}, ScenarioError, "unknown key 'label'.*did you mean 'labels'"),
        ({"labels": {1: "A"}}, MeshError, "tags 2 of 'tags' have no material"),
        ({"cells": np.zeros((2, 7), dtype=int)}, MeshError, r"cells \(2, 7\); .* hexahedron \(8\)"),
        ({"tags": [1]}, MeshError, r"tags have shape \(1,\); one for each of 2 cells"),
        ({"points": [[0.0], [1.0, 2.0]]}, MeshError, "points: found .*; an array of numbers"),
        ({"tags": [1.0, 2.0]}, MeshError, "tags have type float64; integers"),
        ({"orientations": np.eye(2)}, MeshError, "the mesh has 2 labels in 2 dimensions"),
        ({"orientations": [[0, 9, 0], [0, 0, 0]]}, MicrostructureError, "grain 0 is tilted"),
        ({"orientations": np.ones((2, 2, 2))}, MeshError, "must be a rotation matrix"),
    ],
)
def test_what_is_no_mesh_is_said(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    points, cells, tags = _two_squares()
    given = {"points": points, "cells": cells, "tags": tags, "labels": {1: "A", 2: "B"}}
    with pytest.raises(error, match=message):
        cellion.Mesh.from_arrays(**(given | changes))
