"""Materials of a scenario: what it gives goes before what the library has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.errors import MaterialError
from cellion.material.material import Material, build_material, build_materials
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.scenario import Scenario

ROOM = 298.15


def built(document: Any, temperature: float = ROOM) -> Material:
    return build_material("M", MaterialSpec.model_validate(document), temperature)


def scenario(materials: dict[str, Any], temperature: str = "298.15 K") -> Scenario:
    return Scenario.model_validate(
        {
            "name": "test",
            "temperature": temperature,
            "materials": materials,
            "microstructure": {
                "checkerboard": {
                    "box": ["1 um", "1 um"],
                    "divisions": [2, 2],
                    "materials": list(materials)[:2],
                }
            },
        }
    )


def test_library_material_has_values_density_and_sources() -> None:
    material = built({"library": "LPSCl"})
    np.testing.assert_allclose(material.conductivity("ion", ROOM), 0.16 * np.eye(3))
    np.testing.assert_array_equal(material.conductivity("electron", ROOM), np.zeros((3, 3)))
    assert material.density == pytest.approx(1871.0)
    assert any("abf8d7" in source for source in material.sources)
    assert material.notes == ()


def test_explicit_carrier_overrides_the_library() -> None:
    material = built(
        {
            "library": "Li6PS5Cl",
            "ion": {"conductivity": "3 mS/cm"},
            "electron": {"conductivity": "1e-8 S/cm"},
            "density": "1.7 g/cm^3",
        }
    )
    np.testing.assert_allclose(material.conductivity("ion", 350.0), 0.3 * np.eye(3))
    np.testing.assert_allclose(material.conductivity("electron", ROOM), 1e-6 * np.eye(3))
    assert material.density == pytest.approx(1700.0)
    assert material.sources == (
        "ion conductivity: the scenario",
        "electron conductivity: the scenario",
    )


def test_library_carrier_can_be_switched_off() -> None:
    material = built({"library": "NCM811", "electron": "insulator"})
    assert not material.conductivity("electron", ROOM).any()
    assert material.notes == ()


def test_bare_insulator() -> None:
    material = built("insulator")
    assert not material.conductivity("ion", ROOM).any()
    assert not material.conductivity("electron", ROOM).any()
    assert material.density is None


def test_carrier_that_nobody_mentions_does_not_move() -> None:
    material = built({"ion": {"conductivity": "1 mS/cm"}})
    assert not material.conductivity("electron", ROOM).any()
    assert material.density is None


def test_fitted_material_follows_its_arrhenius_law() -> None:
    document = {
        "ion": {"conductivity": "2.4 mS/cm", "at": "298.15 K", "activation_energy": "0.33 eV"}
    }
    material = built(document)
    np.testing.assert_allclose(material.conductivity("ion", ROOM), 0.24 * np.eye(3))
    exponent = -0.33 / 8.617333262e-5 * (1 / 350.0 - 1 / ROOM)
    expected = 0.24 * ROOM / 350.0 * np.exp(exponent)
    assert material.conductivity("ion", 350.0)[1, 1] == pytest.approx(expected, rel=1e-8)


def test_convention_of_the_scenario_is_respected() -> None:
    carrier = {"conductivity": "2.4 mS/cm", "at": "298.15 K", "activation_energy": "0.33 eV"}
    first = built({"ion": carrier}).conductivity("ion", 350.0)
    second = built({"ion": carrier | {"prefactor_convention": "sigma"}}).conductivity("ion", 350.0)
    np.testing.assert_allclose(second / first.max(), np.eye(3) * 350.0 / ROOM)


def test_crystal_keeps_its_axes() -> None:
    material = built({"ion": {"conductivity": ["10 mS/cm", "1 mS/cm", "0.1 mS/cm"]}})
    np.testing.assert_allclose(material.conductivity("ion", ROOM), np.diag([1.0, 0.1, 0.01]))


@pytest.mark.parametrize(
    ("name", "temperature", "words"),
    [
        ("Li6PS5Cl", 500.0, "far outside the measurement"),
        ("LLZO", 330.0, "sigma T is assumed"),
        ("Li2ZrCl6", 350.0, "no activation energy; it is used unchanged at 350.00 K"),
        ("NCM811", ROOM, "is not verified"),
    ],
)
def test_doubtful_values_leave_a_note(name: str, temperature: float, words: str) -> None:
    notes = built({"library": name}, temperature).notes
    assert any(words in note and note.startswith("material 'M', ") for note in notes)


def test_temperature_inside_the_measurement_leaves_no_note() -> None:
    assert built({"library": "Li6PS5Cl"}, 350.0).notes == ()


def test_unknown_carrier_is_refused() -> None:
    with pytest.raises(MaterialError, match=r"carrier 'ions' is unknown \(did you mean 'ion'\?"):
        built("insulator").conductivity("ions", ROOM)


def test_scenario_is_built_in_its_order() -> None:
    materials = build_materials(
        scenario({"SE": {"library": "Li6PS5Cl"}, "CAM": {"library": "NCM622"}}, "330 K")
    )
    assert list(materials) == ["SE", "CAM"]
    assert materials["CAM"].conductivity("electron", ROOM)[0, 0] == pytest.approx(1.0)
    assert "used unchanged at 330.00 K" in materials["CAM"].notes[0]


def test_all_unknown_library_names_are_reported_at_once() -> None:
    wrong = scenario({"SE": {"library": "LPSC1"}, "CAM": {"library": "NCM8111"}})
    with pytest.raises(MaterialError) as caught:
        build_materials(wrong)
    first, second = str(caught.value).splitlines()
    assert first.startswith("materials.SE: material library: 'LPSC1' is not in it (did you mean")
    assert second.startswith("materials.CAM: material library: 'NCM8111' is not in it (did you")
