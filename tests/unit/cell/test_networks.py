"""What materials carry in a cell, and which laws their contacts get."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.cell.networks import Networks, cell_laws, find_networks
from cellion.errors import MaterialError
from cellion.material.interface_laws import build_interfaces
from cellion.material.material import build_materials
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario

NAMES = ("SE", "CAM", "carbon", "pore")
CONTACTS = [
    {"between": ["SE", "SE"], "area_resistance": "1 Ohm m^2"},
    {"between": ["CAM", "SE"], "area_resistance": "2 Ohm m^2"},
    {"between": ["CAM", "CAM"], "carrier": "electron", "area_resistance": "3 Ohm m^2"},
    {"between": ["CAM", "CAM"], "carrier": "ion", "area_resistance": "4 Ohm m^2"},
    {"between": ["SE", "carbon"], "carrier": "ion", "area_resistance": "5 Ohm m^2"},
]


def scenario(materials: dict[str, Any] | None = None, **cell: Any) -> Scenario:
    layers = {"material": "SE", "thickness": "1 um"}, {"material": "CAM", "thickness": "1 um"}
    given = {
        "SE": {"ion": {"conductivity": "1 S/m"}},
        "CAM": {"library": "NCM811"},
        "carbon": {"electron": {"conductivity": "100 S/m"}},
        "pore": "insulator",
    }
    return build_scenario(
        {
            "name": "demo",
            "materials": given | (materials or {}),
            "microstructure": {
                "layers": {
                    "box": ["1 um", "4 um"],
                    "axis": "y",
                    "materials": list(NAMES),
                    "thicknesses": ["1 um"] * 4,
                }
            },
            "interfaces": CONTACTS,
            "cell": {"axis": "y", "separator": layers[0], "collector": layers[1], **cell},
        }
    )


def networks(asked: Scenario) -> Networks:
    assert asked.cell is not None
    return find_networks(asked.cell, build_materials(asked), NAMES, asked.temperature)


def test_lists_layers_and_conductivities_decide():
    found = networks(scenario())
    assert found.ionic.tolist() == [True, False, False, False]
    assert found.electronic.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(found.conductivity[0], np.eye(3))
    np.testing.assert_array_equal(found.conductivity[3], np.zeros((3, 3)))


def test_a_list_leaves_out_what_it_does_not_name():
    assert networks(scenario(electronic=["CAM"])).electronic.tolist() == [False, True, False, False]


def test_a_mixed_conductor_of_the_library_must_be_listed():
    mixed = {"ion": {"conductivity": "1 S/m"}, "electron": {"conductivity": "1 S/m"}}
    asked = scenario()
    materials = build_materials(asked)
    both = build_materials(scenario({"carbon": mixed}, electronic=["carbon"]))["carbon"]
    with pytest.raises(MaterialError, match=r"materials\.carbon: it conducts ions and electrons"):
        find_networks(asked.cell, materials | {"carbon": both}, NAMES, 300.0)


def test_a_material_of_the_library_must_conduct_what_it_carries():
    asked = scenario({"SE": {"library": "carbon"}})
    with pytest.raises(MaterialError, match=r"materials\.SE: .* conduct ions"):
        networks(asked)


def test_contacts_follow_what_their_materials_carry():
    asked = scenario()
    found = networks(asked)
    laws = build_interfaces(asked).ordered(NAMES)
    table = cell_laws(laws, found, np.arange(4), None, 300.0).pair_resistance
    inf = np.inf
    expected = [
        # Ions only between SE and carbon say nothing of a reaction, so that it insulates.
        [1.0, 2.0, inf, 0.0],
        [2.0, 3.0, 0.0, 0.0],
        [inf, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
    ]
    np.testing.assert_array_equal(table, expected)


def test_spread_of_a_reaction_is_kept():
    asked = scenario()
    spread = {"lognormal": 0.5, "seed": 3}
    document = asked.source
    document["interfaces"][1]["spread"] = spread
    asked = build_scenario(document)
    found = networks(asked)
    laws = build_interfaces(asked).ordered(NAMES)
    of_label = np.array([0, 1, 1, 1])
    found_laws = cell_laws(laws, found, of_label, None, 300.0)
    pairs = np.array([[0, 1], [2, 0], [0, 3]])
    values = found_laws.resistance(pairs)
    assert len(set(values.tolist())) == 3
    np.testing.assert_array_equal(values, found_laws.resistance(pairs[:, ::-1]))
