"""Interface laws in SI units, their temperature dependence and their scatter."""

from __future__ import annotations

import numpy as np
import pytest
from ruamel.yaml import YAML

from cellion.errors import MaterialError
from cellion.material.interface_laws import build_interfaces, standard_normal
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT, FARADAY, GAS_CONSTANT
from cellion.scenario.load import build_scenario

DOCUMENT = """
name: demo
materials:
  A: {ion: {conductivity: 2 S/m}}
  B: {ion: {conductivity: 4 S/m}, electron: {conductivity: 1 S/m}}
  pore: insulator
microstructure: {polycrystal: {box: [9 um, 9 um], material: A, grains: 5, seed: 7}}
"""


def laws(interfaces):
    document = YAML(typ="safe").load(DOCUMENT)
    document["interfaces"] = YAML(typ="safe").load(interfaces)
    return build_interfaces(build_scenario(document))


@pytest.mark.parametrize(
    ("law", "resistance", "sheet"),
    [
        ("area_resistance: 1.2 Ohm cm^2", 1.2e-4, 0.0),
        ("area_resistance: 0 Ohm cm^2", 0.0, 0.0),
        ("sheet_conductance: 1e-9 S", 0.0, 1e-9),
        ("width: 2 nm, conductivity_across: 1 mS/cm", 2e-9 / 0.1, 0.0),
        ("width: 2 nm, conductivity_along: 1 S/cm", 0.0, 2e-9 * 100),
        ("width: 2 nm, conductivity_across: 1 mS/cm, conductivity_along: 1 S/cm", 2e-8, 2e-7),
        ("insulating: true", np.inf, 0.0),
        (
            "charge_transfer: {exchange_current_density: 1 mA/cm^2}",
            GAS_CONSTANT * 298.15 / (FARADAY * 10.0),
            0.0,
        ),
    ],
)
def test_each_law(law, resistance, sheet):
    found = laws(f"[{{between: [B, A], {law}}}]").at(298.15)
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = 1.0
    with np.errstate(invalid="ignore"):
        assert np.nan_to_num(found.resistance, posinf=-1) == pytest.approx(
            np.nan_to_num(expected * resistance, nan=0.0, posinf=-1)
        )
    assert found.sheet_conductance == pytest.approx(expected * sheet)


def test_the_order_of_the_materials_is_free():
    found = laws("[{between: [A, A], area_resistance: 1 Ohm m^2}]")
    assert found.materials == ("A", "B", "pore")
    assert found.ordered(["pore", "A"]).at(300.0).resistance.tolist() == [[0, 0], [0, 1]]
    assert not found.ordered(["B"]).at(300.0).resistance.any()


def test_a_law_for_one_carrier():
    found = laws("[{between: [B, B], carrier: electron, area_resistance: 1 Ohm m^2}]")
    assert found.at(300.0, "electron").resistance[1, 1] == 1.0
    assert not found.at(300.0, "ion").resistance.any()


@pytest.mark.parametrize(
    ("convention", "extra"), [("", 298.15 / 350.0), (", prefactor_convention: sigma", 1.0)]
)
@pytest.mark.parametrize(
    ("law", "name", "power"),
    [("area_resistance: 1 Ohm m^2", "resistance", -1), ("sheet_conductance: 1 S", "sheet", 1)],
)
def test_arrhenius_laws(law, name, power, convention, extra):
    found = laws(
        f"[{{between: [A, A], {law}, at: 298.15 K, activation_energy: 0.5 eV{convention}}}]"
    )
    energy = 0.5 * ELECTRON_VOLT / BOLTZMANN
    factor = extra * np.exp(-energy * (1 / 350.0 - 1 / 298.15))
    at = found.at(350.0)
    value = at.resistance if name == "resistance" else at.sheet_conductance
    assert value[0, 0] == pytest.approx(factor**power)
    here = found.at(298.15)
    assert (here.resistance + here.sheet_conductance)[0, 0] == pytest.approx(1.0)


def test_charge_transfer_over_temperature():
    found = laws(
        "[{between: [A, B], charge_transfer: {exchange_current_density: 1 A/m^2}, at: 298.15 K, "
        "activation_energy: 0.3 eV}]"
    )
    growth = np.exp(-0.3 * ELECTRON_VOLT / BOLTZMANN * (1 / 330.0 - 1 / 298.15))
    expected = GAS_CONSTANT * 330.0 / (FARADAY * growth)
    assert found.at(330.0).resistance[0, 1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("energy", "kind", "name"),
    [
        ("0.2 eV", "", "resistance"),
        ("-0.2 eV", "", "sheet_conductance"),
        ("-0.2 eV", ", kind: blocking", "resistance"),
        ("0.2 eV", ", kind: fast", "sheet_conductance"),
    ],
)
def test_boundaries_by_their_barrier(energy, kind, name):
    found = laws(
        f"[{{between: [A, A], boundary: {{width: 1 nm, barrier_difference: {energy}{kind}}}}}]"
    ).at(300.0)
    inside = 2.0 * np.exp(-float(energy.split()[0]) * ELECTRON_VOLT / (BOLTZMANN * 300.0))
    expected = 1e-9 / inside if name == "resistance" else 1e-9 * inside
    other = "sheet_conductance" if name == "resistance" else "resistance"
    assert getattr(found, name)[0, 0] == pytest.approx(expected)
    assert not getattr(found, other).any()


def test_a_boundary_between_grains_that_do_not_conduct_a_carrier_is_none():
    found = laws("[{between: [A, A], boundary: {width: 1 nm, barrier_difference: 0.2 eV}}]")
    assert not found.at(300.0, "electron").resistance.any()


SPREAD = "[{between: [A, A], area_resistance: 1 Ohm m^2, spread: {lognormal: 0.5, seed: %d}}]"


def pairs_of(count):
    return np.stack(np.triu_indices(count, 1), axis=1)


def test_every_boundary_has_its_own_resistance_whatever_the_order():
    factor = laws(SPREAD % 7).factor(np.zeros(200, np.int32))
    pairs = pairs_of(200)
    found = factor(pairs)
    assert factor(pairs[::-1, ::-1])[::-1] == pytest.approx(found, rel=1e-15)
    assert len(np.unique(found)) == len(found)
    other = laws(SPREAD % 8).factor(np.zeros(200, np.int32))(pairs)
    assert abs(np.corrcoef(np.log(found), np.log(other))[0, 1]) < 4 / np.sqrt(len(found))


def test_the_spread_is_log_normal_about_its_median():
    score = np.log(laws(SPREAD % 7).factor(np.zeros(200, np.int32))(pairs_of(200))) / 0.5
    n = len(score)
    # 4 standard errors of the mean and the variance
    assert score.mean() == pytest.approx(0.0, abs=4 / np.sqrt(n))
    assert score.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / n))


def test_only_the_boundaries_that_are_meant_vary():
    found = laws(SPREAD % 7)
    factor = found.factor(np.array([0, 0, 1, 1]))
    pairs = np.array([[0, 1], [0, 2], [2, 3]])
    assert (factor(pairs) == 1.0).tolist() == [False, True, True]
    assert laws("[{between: [A, A], area_resistance: 1 Ohm m^2}]").factor(np.zeros(3)) is None


def test_numbers_of_labels_do_not_repeat_along_rows():
    table = standard_normal(3, np.stack(np.meshgrid(range(60), range(60, 120)), -1).reshape(-1, 2))
    rows = table.reshape(60, 60)
    correlation = np.corrcoef(rows)[np.triu_indices(60, 1)]
    assert np.abs(correlation).max() < 6 / np.sqrt(60)  # of 1770 pairs; one in 1e9 exceeds it


def test_resistances_follow_the_disorientation():
    found = laws(
        "[{between: [A, A], area_resistance: 1 Ohm m^2, misorientation: {read_shockley: "
        "{saturation_angle: 20, crystal_symmetry: cubic}}}]"
    )
    angle = np.radians([0.0, 10.0, 45.0, 90.0])
    turned = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angle])
    factor = found.factor(np.zeros(4, np.int32), turned)
    pairs = np.array([[1, 0], [0, 2], [0, 3]])
    half = 0.5 * (1 - np.log(0.5))
    assert factor(pairs) == pytest.approx([half, 1.0, 0.0], abs=1e-6)
    with pytest.raises(MaterialError, match=r"interfaces\[0\]\.misorientation: .* no orientations"):
        found.factor(np.zeros(4, np.int32))


def test_no_interfaces():
    found = laws("[]")
    assert not found
    assert not found.at(300.0).resistance.any()
