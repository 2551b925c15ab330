"""Derivatives of the effective conductivity, by the energy form, against finite differences."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.material.material import build_materials
from cellion.pipeline.mesh_cache import MeshCache
from cellion.pipeline.run import run
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.results.record import CarrierResult
from cellion.scenario.load import load_scenario
from helpers.small_scenarios import DISC, write

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
CACHE = MeshCache(None)
"""The last mesh, which the runs of a difference share."""


def ions(folder: Path, text: str, key: str | None = None, value: str = "") -> CarrierResult:
    overrides = [] if key is None else [f"{key}={value}"]
    scenario = load_scenario(write(folder, text), overrides)
    return run(scenario, MPI.COMM_SELF, cache=CACHE).carrier("ion")


@cache
def unchanged(text: str) -> CarrierResult:
    """The same as written."""
    with TemporaryDirectory() as folder:
        return ions(Path(folder), text)


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
    found = unchanged(text).sensitivities
    for axis, direction in enumerate("xy"):
        ends = [each.effective_conductivity[axis, axis] for each in (less, more)]
        expected = math.log(ends[1] / ends[0]) / (2.0 * STEP)
        assert found[direction][parameter] == pytest.approx(expected, rel=1e-5)


# --- energies ------------------------------------------------------------------------------------

# Grains of a hopping conductor, turned at random, with thermally activated boundaries; beside them
# a fitted electrolyte, and boundaries whose bulk is that of the hopping conductor.
GRAINS = """\
name: grains
temperature: 330 K
materials:
  G:
    ion:
      hopping:
        mobile: Li+
        lattice: {lengths: [3 angstrom, 4 angstrom, 5 angstrom]}
        sites: [{name: a, position: [0, 0, 0]}]
        hops:
          - {between: [a, a], translation: [1, 0, 0], barrier: 0.30 eV}
          - {between: [a, a], translation: [0, 1, 0], barrier: 0.35 eV}
          - {between: [a, a], translation: [0, 1, 1], barrier: 0.33 eV}
        carrier_share: 10 %
microstructure: {polycrystal: {box: [1 um, 1 um, 1 um], grains: 5, seed: 871, material: G}}
interfaces:
  - between: [G, G]
    area_resistance: 0.05 Ohm cm^2
    at: 300 K
    activation_energy: 0.5 eV
transport: {carriers: [ion], boundary: periodic}
mesh: {size: 0.5 um}
output: {pictures: false}
"""
BY_RATES = GRAINS.replace(
    """    area_resistance: 0.05 Ohm cm^2
    at: 300 K
    activation_energy: 0.5 eV
""",
    "    boundary: {width: 2 nm, barrier_difference: 0.2 eV, kind: blocking}\n",
)
FITTED = """\
name: fitted
temperature: 330 K
materials:
  A: {ion: {conductivity: 0.01 mS/cm, at: 300 K, activation_energy: 0.4 eV}}
  B: {ion: {family: olivine, variant: LiFePO4, energies: {cross: 0.42 eV}, carrier_share: 1 %}}
microstructure: {checkerboard: {box: [4 um, 4 um], divisions: [2, 2], materials: [A, B]}}
interfaces:
  - between: [A, B]
    charge_transfer: {exchange_current_density: 10 mA/cm^2, film_resistance: 0.3 Ohm cm^2}
    at: 300 K
    activation_energy: 0.6 eV
mesh: {size: 1 um}
output: {pictures: false}
transport: {carriers: [ion]}
"""
HOP = "materials.G.ion.hopping.hops[{}].barrier"
ENERGY_STEP = 1.1e-4
"""[eV], 0.004 kT: see `STEP`."""


@pytest.mark.parametrize(
    ("text", "key", "start", "energy"),
    [
        (GRAINS, HOP.format(0), 0.30, "barrier_G_hops[0]"),
        (GRAINS, HOP.format(1), 0.35, "barrier_G_hops[1]"),
        (GRAINS, "interfaces[0].activation_energy", 0.5, "activation_energy_G/G"),
        (BY_RATES, HOP.format(1), 0.35, "barrier_G_hops[1]"),
        (BY_RATES, "interfaces[0].boundary.barrier_difference", 0.2, "barrier_difference_G/G"),
        (FITTED, "materials.A.ion.activation_energy", 0.4, "activation_energy_A"),
        (FITTED, "materials.B.ion.energies.cross", 0.42, "barrier_B_cross"),
        (FITTED, "interfaces[0].activation_energy", 0.6, "activation_energy_A/B"),
    ],
)
def test_derivatives_by_energies_are_those_of_finite_differences(
    tmp_path, text, key, start, energy
):
    less, more = (
        ions(tmp_path, text, key, f"{start + step!r} eV") for step in (-ENERGY_STEP, ENERGY_STEP)
    )
    found = unchanged(text)
    for direction in found.directions:
        axis = "xyz".index(direction)
        ends = [each.effective_conductivity[axis, axis] for each in (less, more)]
        expected = math.log(ends[1] / ends[0]) / (2.0 * ENERGY_STEP)
        # the difference errs by its third derivative, which an energy that hardly counts has too
        assert found.barrier_sensitivities[direction][energy] == pytest.approx(
            expected, rel=1e-5, abs=1e-6
        )


def test_the_derivative_by_a_tensor_gives_back_the_conductivity(tmp_path):
    """Without interfaces the conductivity is of first order in the tensors (Euler)."""
    text = (
        BY_RATES.partition("interfaces:")[0] + "mesh: {size: 0.5 um}\noutput: {pictures: false}\n"
    )
    found = ions(tmp_path, text)
    tensor = build_materials(load_scenario(write(tmp_path, text)))["G"].conductivity("ion", 330.0)
    for axis, direction in enumerate("xyz"):
        total = np.sum(found.conductivity_moments[direction]["G"] * tensor)
        assert total == pytest.approx(found.effective_conductivity[axis, axis], rel=1e-12)


def test_a_single_barrier_is_that_of_arrhenius(tmp_path):
    """sigma T follows exp(-E/kT) with a fixed prefactor: the slope is -1/kT."""
    text = TWO_PHASES.replace("CAM: {ion: {conductivity: 0.2 mS/cm}}", "CAM: insulator").replace(
        "{ion: {conductivity: 1 mS/cm}}",
        "{ion: {hopping: {mobile: Li+, lattice: {name: sc, edge: 4 angstrom}, barrier: 0.3 eV, "
        "carrier_share: 1 %}}}",
    )
    found = ions(tmp_path, text).mean_barrier_sensitivities
    slope = -ELECTRON_VOLT / (BOLTZMANN * 298.15)
    assert found == {"barrier_SE": pytest.approx(slope, rel=1e-7)}


def test_what_is_given_at_the_temperature_has_no_slope(tmp_path):
    text = TWO_PHASES.replace(
        "{conductivity: 1 mS/cm}", "{conductivity: 1 mS/cm, at: 298.15 K, activation_energy: 0 eV}"
    )
    assert ions(tmp_path, text).mean_barrier_sensitivities == {}


# --- sums ----------------------------------------------------------------------------------------


def test_derivatives_of_all_resistances_and_conductances_sum_to_one(tmp_path):
    """Scaling all conductances scales the answer."""
    found = ions(tmp_path, TILES)
    for each in found.sensitivities.values():
        # resistances count against conductances
        total = sum(abs(value) for value in each.values())
        assert total == pytest.approx(1.0, rel=1e-12)
    names = {"conductivity_A", "conductivity_B", "area_resistance_A/B"}
    assert set(found.mean_sensitivities) == names
