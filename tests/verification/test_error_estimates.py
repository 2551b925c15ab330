"""Stated errors against true ones: a share of the calibration, and the kinds that were once missed.

The whole set is `benchmarks/calibration.py`; its table is in docs/benchmarks.md.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.mesh.marking import mark
from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from helpers.bracketing import bracketed
from helpers.mesh_boxes import isotropic, labelled_box, tiles

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from calibration import FACTOR, FILE, Outcome, outcomes
from calibration_set import problems

SHARE = (
    *("checkerboard_03", "checkerboard_06", "graded_checkerboard_03", "four_phases_07"),
    *("exchange_05", "polycrystal_2d_04", "polycrystal_2d_17", "resistive_grains_01"),
    *("discs_01", "discs_08", "lattice_20", "lattice_41", "columns_02", "voxels_01"),
    *("packing_12", "packing_14", "chain_02", "chain_06"),
)
"""Every kind of singularity: corners, triple lines, gaps, necks; some with laws."""

REFERENCES = json.loads(FILE.read_text(encoding="utf-8"))["tuning"]
PROBLEMS = {each.name: each for each in problems("tuning")}


def answered(document: dict[str, Any], **more: Any) -> RunResult:
    return run(build_scenario({"name": "estimate"} | document | more), MPI.COMM_SELF)


def stated(name: str) -> list[Outcome]:
    problem = PROBLEMS[name]
    carrier = answered(problem.document).carrier("ion")
    return outcomes(problem, carrier, REFERENCES.get(name, {}))


@pytest.mark.parametrize("name", SHARE)
def test_stated_errors_are_true_within_a_factor(name: str) -> None:
    found = stated(name)
    assert found
    for each in found:
        assert each.judged
        assert 1.0 / FACTOR < each.ratio < FACTOR, each


GRAINS: dict[str, Any] = {
    "materials": {"G": {"ion": {"conductivity": ["1000 S/m", "1 S/m", "1 S/m"]}}},
    "microstructure": {
        "polycrystal": {"box": ["10 um", "7 um"], "material": "G", "grains": 12, "seed": 5}
    },
    "transport": {"carriers": ["ion"], "boundary": "periodic"},
    "mesh": {"size": "0.15 um"},
}


@pytest.mark.parametrize("bracket", [False, True])
def test_a_plane_polycrystal_of_a_thousandfold_anisotropy(bracket: bool) -> None:
    """det sigma_eff = s1 s2; a bracket tells the same error, and overrules the estimate."""
    carrier = answered(GRAINS, accuracy={"bracket": bracket}).carrier("ion")
    sigma = carrier.effective_conductivity[:2, :2]
    true = math.sqrt(float(np.linalg.det(sigma)) / 1000.0) - 1.0
    error = list(carrier.discretisation_error_estimate.values())
    assert true > 0.8
    assert error == pytest.approx([true] * 2, rel=0.05)
    if bracket:
        assert carrier.lower is not None
        assert carrier.upper is not None
        ratio = np.diag(carrier.upper)[:2] / np.diag(carrier.lower)[:2]
        assert error == pytest.approx(list(np.sqrt(ratio) - 1.0), rel=1e-6)


def corners_of_tiles(sigma: str) -> dict[str, Any]:
    """Good tiles of 1 mS/cm, some of which touch in a corner only, in another conductor."""
    pattern = "SSPPSPSSSSSP"
    return {
        "materials": {
            "S": {"ion": {"conductivity": "1 mS/cm"}},
            "P": {"ion": {"conductivity": sigma}},
        },
        "microstructure": {
            "checkerboard": {
                "box": ["4 um", "3 um"],
                "divisions": [4, 3],
                "periodic": False,
                "materials": list(pattern),
            }
        },
        "transport": {"carriers": ["ion"], "boundary": "electrodes", "directions": ["x"]},
        "mesh": {"size": "0.25 um"},
    }


def test_corners_that_touch_in_a_poor_conductor_are_seen() -> None:
    """P1 functions conduct through the corner; on meshes refined without end little does.

    With an insulator between the tiles the conductivity is 0.33949 mS/cm.
    """
    carrier = answered(corners_of_tiles("1e-6 mS/cm")).carrier("ion")
    true = float(carrier.effective_conductivity[0, 0]) / 0.033949 - 1.0
    error = carrier.discretisation_error_estimate["x"]
    assert true / FACTOR < error + 1e-3
    assert error < FACTOR * max(true, 1e-2)


def test_an_error_that_cannot_be_known_is_withdrawn_with_a_note() -> None:
    """At a contrast of 1e6 the value of a coarse mesh is a hundred times too high."""
    board = {"box": ["2 um", "2 um"], "divisions": [2, 2], "materials": ["A", "B"]}
    result = answered(
        {
            "materials": {
                "A": {"ion": {"conductivity": "1 S/m"}},
                "B": {"ion": {"conductivity": "1e-6 S/m"}},
            },
            "microstructure": {"checkerboard": board},
            "transport": {"carriers": ["ion"]},
            "mesh": {"size": "0.2 um", "smallest_size": "0.2 um"},
        }
    )
    assert all(math.isnan(x) for x in result.carrier("ion").discretisation_error_estimate.values())
    assert [note for note in result.notes if "ask for a bracket" in note]


def test_refinement_goes_to_the_corners() -> None:
    """At a contrast of 1000 the cells that are marked first are those at the corners of tiles."""
    data = labelled_box((24, 24), tiles((2, 2)), ["A", "B"])
    found = bracketed(data, isotropic([1.0, 1000.0], 2))
    marked = mark(found.indicators.cells["x"], 0.1, MPI.COMM_SELF)
    middle = found.mesh.points[found.mesh.cells[np.flatnonzero(marked)]].mean(axis=1)
    corner = np.abs(middle - np.round(2.0 * middle) / 2.0).max(axis=1)
    assert marked.any()
    assert (corner < 1.0 / 24.0).all()
