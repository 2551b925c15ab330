"""Interface laws of a scenario reach the mesh: bricks with resistive faces have a closed form."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from cellion.homogenise.brick_layer import brick_layer_fast, brick_layer_resistive
from cellion.pipeline.run import run
from cellion.scenario.load import build_scenario

BRICKS = {
    "name": "bricks",
    "temperature": "300 K",
    "materials": {"G": {"ion": {"conductivity": "2 mS/cm"}}},
    "microstructure": {
        "bricks": {"box": ["4 um", "4 um", "4 um"], "divisions": [2, 2, 2], "material": "G"}
    },
    "mesh": {"size": "2 um"},
    "transport": {"carriers": ["ion"], "boundary": "periodic"},
    "output": {"pictures": False},
}
EDGE = 2e-6
GRAIN = 0.2


def conductivity(law: dict[str, str], **changes: object) -> float:
    interface = {"between": ["G", "G"], **law}
    scenario = build_scenario({**BRICKS, "interfaces": [interface], **changes})
    return run(scenario, MPI.COMM_SELF).carrier("ion").mean_conductivity


def test_resistive_bricks() -> None:
    found = conductivity({"area_resistance": "0.1 Ohm cm^2"})
    assert found == pytest.approx(float(brick_layer_resistive(GRAIN, EDGE, 1e-5)), rel=1e-9)


def test_conducting_bricks() -> None:
    found = conductivity({"sheet_conductance": "1e-7 S"})
    assert found == pytest.approx(float(brick_layer_fast(GRAIN, EDGE, 1e-7)), rel=1e-9)


def test_a_boundary_answers_at_the_temperature_of_the_scenario() -> None:
    law = {"area_resistance": "0.1 Ohm cm^2", "at": "300 K", "activation_energy": "0.5 eV"}
    sample = conductivity(law)
    assert sample == pytest.approx(conductivity({"area_resistance": "0.1 Ohm cm^2"}), rel=1e-12)
    assert conductivity(law, temperature="330 K") > 1.5 * sample


def test_a_law_about_electrons_does_not_concern_ions() -> None:
    law = {"area_resistance": "0.1 Ohm cm^2", "carrier": "electron"}
    assert conductivity(law) == pytest.approx(GRAIN, rel=1e-12)
