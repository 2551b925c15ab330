"""The brick layer estimate of a run, and the shares of its dissipation."""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.export.fields import solution_fields
from cellion.export.tables import table_row
from cellion.pipeline.prepare import prepare
from cellion.pipeline.run import run
from cellion.results.files import load_result
from cellion.results.record import CarrierResult, RunResult
from cellion.scenario.load import build_scenario

BOX = ["4 um"] * 3


def answer(
    microstructure: dict[str, Any], folder: Any = None, more: Any = None, **law: Any
) -> RunResult:
    scenario = build_scenario(
        {
            "name": "grains",
            "materials": {"G": {"ion": {"conductivity": "2 mS/cm"}}},
            "microstructure": microstructure,
            "interfaces": [{"between": ["G", "G"], **law}] if law else [],
            "mesh": {"size": "2 um"},
            "transport": {"carriers": ["ion"]},
            "output": {"fields": [], "pictures": False},
        }
        | (more or {})
    )
    return run(scenario, MPI.COMM_SELF, folder=folder)


def of_bricks(**law: str) -> CarrierResult:
    bricks = {"box": BOX, "divisions": [2, 2, 2], "material": "G"}
    return answer({"bricks": bricks}, **law).carrier("ion")


def of_grains(**law: str) -> CarrierResult:
    grains = {"box": BOX, "grains": 6, "seed": 5167, "material": "G"}
    return answer({"polycrystal": grains}, **law).carrier("ion")


@pytest.mark.parametrize(
    "law",
    [
        {"area_resistance": "0.1 Ohm cm^2"},
        {"sheet_conductance": "1e-7 S"},
    ],
)
def test_the_estimate_is_exact_for_bricks(law: dict[str, str]) -> None:
    ion = of_bricks(**law)
    assert ion.brick_layer is not None
    assert ion.brick_layer.edge == pytest.approx(2e-6, rel=1e-9)
    assert ion.brick_layer.mean_conductivity == pytest.approx(ion.mean_conductivity, rel=1e-8)


def test_the_estimate_is_above_bricks_that_block_and_lead() -> None:
    ion = of_bricks(area_resistance="0.1 Ohm cm^2", sheet_conductance="1e-7 S")
    assert ion.brick_layer is not None
    assert 0.97 < ion.mean_conductivity / ion.brick_layer.mean_conductivity < 1.0


def test_shares_of_bricks_are_resistances_in_series() -> None:
    ion = of_bricks(area_resistance="0.1 Ohm cm^2")
    grain, boundary = 1.0 / 0.2, 1e-5 / 2e-6
    for shares in ion.dissipation.values():
        assert shares.bulk["G"] == pytest.approx(grain / (grain + boundary), rel=1e-8)
        assert shares.resistive["G/G"] == pytest.approx(boundary / (grain + boundary), rel=1e-8)
        assert sum(shares.totals) == pytest.approx(1.0, rel=1e-12)


# A uniform current and a uniform field are admissible in the principles of Thomson and Dirichlet;
# the traces of both bounds follow from the boundary area alone.
def test_bricks_of_the_same_boundary_area_conduct_no_better_where_boundaries_block() -> None:
    ion = of_grains(area_resistance="0.1 Ohm cm^2")
    assert ion.brick_layer is not None
    assert ion.brick_layer.mean_conductivity < ion.mean_conductivity
    assert ion.mean_conductivity < 1.2 * ion.brick_layer.mean_conductivity


def test_bricks_of_the_same_boundary_area_conduct_no_worse_where_boundaries_lead() -> None:
    ion = of_grains(sheet_conductance="1e-7 S")
    assert ion.brick_layer is not None
    assert 0.2 < ion.mean_conductivity < ion.brick_layer.mean_conductivity


def test_perfect_boundaries_have_no_estimate() -> None:
    ion = of_grains()
    assert ion.brick_layer is None
    assert ion.mean_dissipation == pytest.approx((1.0, 0.0, 0.0))


def test_the_record_comes_back_and_fills_the_table(tmp_path: Any) -> None:
    bricks = {"box": BOX, "divisions": [2, 2, 2], "material": "G"}
    result = answer({"bricks": bricks}, tmp_path, area_resistance="0.1 Ohm cm^2")
    again = load_result(tmp_path).carrier("ion")
    assert again.brick_layer == result.carrier("ion").brick_layer
    assert again.dissipation == result.carrier("ion").dissipation
    row = table_row(result)
    assert row["dissipation_bulk_ion [-]"] == pytest.approx(0.5, rel=1e-6)
    assert row["brick_layer_ion [S/m]"] == pytest.approx(0.1, rel=1e-6)


# --- a brick that is its own neighbour across the period -----------------------------------------

SIGMA, RESISTANCE, SHEET = 0.2, 1e-5, 1e-7


@pytest.mark.parametrize(
    ("edges", "divisions"),
    [((4, 4), (1, 1)), ((4, 2), (1, 3)), ((4, 4, 4), (1, 1, 1)), ((4, 4, 4), (2, 1, 2))],
)
def test_a_brick_has_a_boundary_with_its_own_image(edges: Any, divisions: Any) -> None:
    """Brick and boundary in series, whichever brick is beyond it."""
    box = [f"{edge} um" for edge in edges]
    bricks = {"box": box, "divisions": list(divisions), "material": "G"}
    result = answer({"bricks": bricks}, area_resistance="0.1 Ohm cm^2")
    tensor = result.carrier("ion").effective_conductivity
    area = 0.0
    for axis, (edge, n) in enumerate(zip(edges, divisions, strict=True)):
        size = 1e-6 * edge / n
        area += 1.0 / size
        assert tensor[axis, axis] == pytest.approx(size / (size / SIGMA + RESISTANCE), rel=1e-8)
    assert result.contact_area["G/G"] == pytest.approx(area, rel=1e-12)
    assert result.mesh["grains"] == np.prod(divisions)
    assert not any("no effect" in note for note in result.notes)


def test_a_boundary_with_the_own_image_leads_along_itself() -> None:
    """In the plane, sheets normal to x lie beside the brick for currents along y."""
    bricks = {"box": ["4 um", "2 um"], "divisions": [1, 1], "material": "G"}
    tensor = answer({"bricks": bricks}, sheet_conductance="1e-7 S").carrier("ion")
    along = np.diag(tensor.effective_conductivity)[:2]
    assert along == pytest.approx([SIGMA + SHEET / 2e-6, SIGMA + SHEET / 4e-6], rel=1e-8)


def test_an_insulating_boundary_with_the_own_image_stops_everything() -> None:
    bricks = {"box": ["4 um", "4 um"], "divisions": [1, 1], "material": "G"}
    ion = answer({"bricks": bricks}, insulating=True).carrier("ion")
    assert ion.percolates == {"x": False, "y": False}
    assert ion.mean_conductivity == 0.0


def test_between_walls_a_brick_has_no_image() -> None:
    bricks = {"box": ["4 um", "4 um"], "divisions": [1, 1], "material": "G", "periodic": False}
    result = answer({"bricks": bricks}, area_resistance="0.1 Ohm cm^2")
    assert result.carrier("ion").mean_conductivity == pytest.approx(SIGMA, rel=1e-8)
    assert any("no two regions of G meet" in note for note in result.notes)


def test_bounds_hold_the_series_of_a_brick_and_its_boundary() -> None:
    bricks = {"box": ["4 um", "4 um"], "divisions": [1, 1], "material": "G"}
    more = {"accuracy": {"tolerance": "1 %", "bracket": True}}
    ion = answer({"bricks": bricks}, more=more, area_resistance="0.1 Ohm cm^2").carrier("ion")
    exact = 4e-6 / (4e-6 / SIGMA + RESISTANCE)
    assert ion.lower[0, 0] <= exact * (1 + 1e-9)
    assert ion.upper[0, 0] >= exact * (1 - 1e-9)
    assert ion.lower[0, 0] == pytest.approx(ion.upper[0, 0], rel=1e-6)


def test_one_brick_is_one_grain_in_the_fields() -> None:
    scenario = build_scenario(
        {
            "name": "brick",
            "materials": {"G": {"ion": {"conductivity": "2 mS/cm"}}},
            "microstructure": {
                "bricks": {"box": ["4 um", "4 um"], "divisions": [1, 2], "material": "G"}
            },
        }
    )
    mesh = prepare(scenario, MPI.COMM_SELF).mesh
    labels = solution_fields(mesh, {}, ()).cell_data["label"]
    middle = mesh.points[mesh.cells].mean(axis=1)
    np.testing.assert_array_equal(labels, middle[:, 1] > 2e-6)
