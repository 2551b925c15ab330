"""Derivatives of the effective conductivity, by the energy form, against finite differences."""

from __future__ import annotations

import math
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import pytest
from mpi4py import MPI

from cellion.pipeline.run import run
from cellion.results.record import CarrierResult
from cellion.scenario.load import load_scenario
from small_scenarios import DISC, write

TWO_PHASES = DISC.replace("CAM: insulator", "CAM: {ion: {conductivity: 0.2 mS/cm}}").replace(
    "carriers: [ion, electron]", "carriers: [ion]"
)
TILES = """\
name: tiles
materials:
  A: {ion: {conductivity: 1 mS/cm}}
  B: {ion: {conductivity: [3 mS/cm, 2 mS/cm, 1 mS/cm]}}
microstructure: {checkerboard: {box: [4 um, 4 um], divisions: [2, 2], materials: [A, B]}}
interfaces: [{between: [A, B], area_resistance: 0.02 Ohm cm^2}]
mesh: {size: 1 um}
output: {pictures: false}
transport: {carriers: [ion]}
"""
# Central differences over a step of 0.4 % err by its square over six; the solver's tolerance,
# which enters the energy squared, by less.
STEP = 4e-3


def ions(folder: Path, text: str, key: str | None = None, value: str = "") -> CarrierResult:
    overrides = [] if key is None else [f"{key}={value}"]
    return run(load_scenario(write(folder, text), overrides), MPI.COMM_SELF).carrier("ion")


@pytest.mark.parametrize(
    ("text", "key", "value", "parameter"),
    [
        (TWO_PHASES, "materials.SE.ion.conductivity", "{} mS/cm", "conductivity_SE"),
        (TWO_PHASES, "materials.CAM.ion.conductivity", "{} mS/cm", "conductivity_CAM"),
        (TILES, "materials.A.ion.conductivity", "{} mS/cm", "conductivity_A"),
        (TILES, "interfaces[0].area_resistance", "{} Ohm cm^2", "area_resistance_A/B"),
    ],
)
def test_derivatives_are_those_of_finite_differences(tmp_path, text, key, value, parameter):
    start = {"conductivity_CAM": 0.2, "area_resistance_A/B": 0.02}.get(parameter, 1.0)
    less, more = (
        ions(tmp_path, text, key, value.format(repr(start * math.exp(step))))
        for step in (-STEP, STEP)
    )
    found = ions(tmp_path, text).sensitivities
    for axis, direction in enumerate("xy"):
        ends = [each.effective_conductivity[axis, axis] for each in (less, more)]
        expected = math.log(ends[1] / ends[0]) / (2.0 * STEP)
        assert found[direction][parameter] == pytest.approx(expected, rel=1e-5)


def test_derivatives_of_all_resistances_and_conductances_sum_to_one(tmp_path):
    """Scaling all conductances scales the answer."""
    found = ions(tmp_path, TILES)
    for each in found.sensitivities.values():
        # resistances count against conductances
        total = sum(abs(value) for value in each.values())
        assert total == pytest.approx(1.0, rel=1e-12)
    names = {"conductivity_A", "conductivity_B", "area_resistance_A/B"}
    assert set(found.mean_sensitivities) == names
