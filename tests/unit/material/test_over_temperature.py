"""Tensors over temperature: principal values, axes, activation energy, extrapolation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.constants import electron_volt

from cellion.errors import MaterialError
from cellion.material.material import build_material
from cellion.material.over_temperature import TensorTable, conductivity_table
from cellion.scenario.materials import MaterialSpec

T = np.array([270.0, 300.0, 400.0])


def table(document: Any, carrier: str = "ion") -> TensorTable:
    material = build_material("M", MaterialSpec.model_validate(document), 298.15)
    return conductivity_table(material, carrier, T)


def test_principal_values_descend_and_axes_point_forward():
    tensor = [
        ["2 S/m", "-1 S/m", "0 S/m"],
        ["-1 S/m", "2 S/m", "0 S/m"],
        ["0 S/m", "0 S/m", "2 S/m"],
    ]
    found = table({"ion": {"conductivity": tensor}})
    np.testing.assert_allclose(found.principal.values, [[3.0, 2.0, 1.0]] * 3)
    np.testing.assert_allclose(found.mean, 2.0)
    for axes in found.principal.axes:
        np.testing.assert_allclose(np.abs(axes[0]), [np.sqrt(0.5), np.sqrt(0.5), 0.0], atol=1e-12)
        assert np.all(axes[np.arange(3), np.abs(axes).round(9).argmax(axis=1)] > 0.0)
    assert not found.isotropic


@pytest.mark.parametrize("convention", ["sigmaT", "sigma"])
def test_the_activation_energy_is_that_of_sigma_times_temperature(convention):
    law = {"conductivity": "1 mS/cm", "at": "300 K", "activation_energy": "0.33 eV"}
    found = table({"ion": {**law, "prefactor_convention": convention}})
    assert found.isotropic
    energy = found.activation_energy
    assert energy is not None
    # sigma T gains about kT = 0.028 eV over sigma in this range
    expected = 0.33 if convention == "sigmaT" else 0.33 + 0.028
    assert energy / electron_volt == pytest.approx(expected, abs=1e-3)


def test_what_lies_far_outside_the_measurement_is_extrapolated():
    law = {"conductivity": "1 mS/cm", "at": "300 K", "activation_energy": "0.33 eV"}
    assert table({"ion": law}).extrapolated.tolist() == [False, False, True]
    assert not table({"ion": {"conductivity": "1 mS/cm"}}).extrapolated.any()
    assert table({"library": "LLZO"}).extrapolated.tolist() == [False, False, True]


def test_hops_know_no_bounds_and_say_that_they_are_computed():
    found = table({"ion": {"family": "olivine", "carrier_share": "1 %"}})
    assert not found.extrapolated.any()
    assert found.origin == "computed"
    assert found.source == "hops, family olivine, review section 5.2"
    # one-dimensional: nothing is left of rounding errors across the channels
    assert not found.principal.values[:, 1:].any()
    np.testing.assert_allclose(found.principal.axes[:, 0], [[0.0, 1.0, 0.0]] * 3, atol=1e-12)
    assert found.activation_energy == pytest.approx(0.375 * electron_volt, rel=1e-9)


def test_electrons_are_named():
    assert table({"library": "NCM811"}, "electron").name == "M, electron"


def test_a_carrier_that_does_not_move_has_no_table():
    with pytest.raises(MaterialError, match="the electron does not move"):
        table({"library": "Li6PS5Cl"}, "electron")


def test_one_temperature_gives_no_activation_energy():
    material = build_material("M", MaterialSpec(library="LLZO"), 298.15)
    assert conductivity_table(material, "ion", np.array([300.0])).activation_energy is None
