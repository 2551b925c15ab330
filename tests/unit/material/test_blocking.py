"""Ions that block each other, from a scenario: what is counted, what is right, what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cellion.errors import MaterialError
from cellion.material.blocking import blocking_notes
from cellion.material.hopping_law import correlation_note
from cellion.material.material import build_material
from cellion.material.over_temperature import conductivity_table
from cellion.rates.conductor import simulate_conductor, simulated_conductivity
from cellion.scenario.materials import MaterialSpec

ROOM = 298.15

TWO_SITES: dict[str, Any] = {
    "mobile": "F-",
    "lattice": {"lengths": ["4 angstrom"] * 3},
    "sites": [
        {"name": "A", "position": [0, 0, 0]},
        {"name": "B", "position": ["1/2", "1/2", "1/2"], "energy": "0.1 eV"},
    ],
    "hops": [
        {"between": ["A", "A"], "distance": "4 angstrom", "barrier": "0.30 eV"},
        {"between": ["A", "B"], "distance": "3.4641 angstrom", "barrier": "0.35 eV"},
    ],
}
NASICON: dict[str, Any] = {
    "mobile": "Na+",
    "lattice": {"lengths": ["5 angstrom"] * 3},
    "sites": [
        {"name": "Na1", "position": [0, 0, 0]},
        {"name": "Na2a", "position": ["1/2", 0, 0], "energy": "0.1 eV"},
        {"name": "Na2b", "position": [0, "1/2", 0], "energy": "0.1 eV"},
        {"name": "Na2c", "position": [0, 0, "1/2"], "energy": "0.1 eV"},
    ],
    "hops": [
        {"between": ["Na1", name], "distance": "2.5 angstrom", "barrier": "0.30 eV"}
        for name in ("Na2a", "Na2b", "Na2c")
    ],
    "carrier_share": "75 %",
}
FLUORITE: dict[str, Any] = {
    "mobile": "F-",
    "lattice": {
        "vectors": [
            ["0 nm", "0.31 nm", "0.31 nm"],
            ["0.31 nm", "0 nm", "0.31 nm"],
            ["0.31 nm", "0.31 nm", "0 nm"],
        ]
    },
    "sites": [
        {"name": "i", "position": ["1/2", "1/2", "1/2"]},
        {"name": "f1", "position": ["1/4", "1/4", "1/4"], "full": True},
        {"name": "f2", "position": ["3/4", "3/4", "3/4"], "full": True},
    ],
    "hops": [
        {"between": ["i", "i"], "distance": "0.43841 nm", "via": via, "path": path,
         "barrier": "0.45 eV"}
        for via, path in (("f1", "a"), ("f2", "b"))
    ],
    "mechanism": "interstitialcy",
    "carrier_density": "1e20 1/cm^3",
}  # fmt: skip


def conducted(ion: dict[str, Any]):
    """Mean conductivity [S/m] and notes at room temperature."""
    material = build_material("M", MaterialSpec.model_validate({"ion": ion}), ROOM)
    table = conductivity_table(material, "ion", np.array([ROOM]))
    return table.mean[0], " ".join(table.notes)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"carrier_share": "97 %"}, 0.024),
        ({"carrier_share": "3 %", "mechanism": "vacancy"}, 0.024),
        ({"carrier_share": "3 %"}, 0.095),
    ],
    ids=["97 % ions", "3 % vacancies", "3 % ions"],
)
def test_few_vacancies_and_few_ions_differ_where_sites_do(settings, expected):
    assert conducted({"hopping": TWO_SITES | settings})[0] == pytest.approx(expected, rel=0.02)


def test_the_sites_that_ions_hold_are_told():
    told = conducted({"hopping": TWO_SITES | {"carrier_share": "97 %"}})[1]
    assert "ions hold 97 % of the places, at 298.15 K A 99.9 %, B 94.1 %" in told


def test_what_pairs_take_off_the_mean_field_is_told():
    """Monte Carlo: 0.154 +- 0.006 S/m; longer runs of a program of its own, 0.1545 +- 0.0015."""
    value, told = conducted({"hopping": NASICON})
    assert value == pytest.approx(0.1545, abs=0.0015)
    assert "only Monte Carlo is exact here: mean field gives 0.173 S/m" in told
    assert "correlations of pairs of ions take 10 % off" in told


def test_a_run_tells_it_as_well():
    material = build_material("M", MaterialSpec.model_validate({"ion": {"hopping": NASICON}}), ROOM)
    assert any("only Monte Carlo is exact here" in note for note in material.notes)


def test_a_simulation_stands_beside_its_upper_bound():
    simulated = {"monte_carlo": {"cells": [3, 3, 3], "copies": 16, "blocks": 4, "hops": 2}}
    told = conducted({"hopping": NASICON | simulated})[1]
    assert "mean field 0.173 S/m, with correlations of pairs 0.155 S/m, an upper bound" in told


def test_a_simulation_above_its_upper_bound_is_told_to_run_longer():
    simulated = {"monte_carlo": {"cells": [3, 3, 3], "copies": 16, "blocks": 4, "hops": 2}}
    spec = MaterialSpec.model_validate({"ion": {"hopping": NASICON | simulated}})
    conductor = build_material("M", spec, ROOM).carriers["ion"].conductor
    found = simulated_conductivity(conductor, simulate_conductor(conductor, ROOM))
    short = replace(found, tensor=3.0 * found.tensor)
    assert "raise 'hops' of 'monte_carlo'" not in blocking_notes(conductor, found)[0]
    told = blocking_notes(conductor, short)[0]
    assert "raise 'hops' of 'monte_carlo', the lag is too short" in told


def test_a_simulation_of_hardly_a_hop_is_told():
    simulated = {"monte_carlo": {"cells": [3, 3, 3], "copies": 8, "blocks": 3, "hops": 0.1}}
    told = conducted({"hopping": NASICON | simulated})[1]
    assert "hops per ion or vacancy and lag, too few to forget the first" in told


def test_defects_that_are_not_few_are_told_what_blocking_changes():
    told = conducted({"hopping": TWO_SITES | {"mechanism": "vacancy", "carrier_share": "10 %"}})[1]
    assert "few carriers are assumed; on 10 % of the places they block each other" in told
    assert "'mechanism: independent' with 'carrier_share: 90 %'" in told


def test_blocking_that_a_mechanism_leaves_out_is_told():
    interstitialcy = {
        "mobile": "F-",
        "lattice": {"vectors": [[f"{0.31 * (j != k)} nm" for k in range(3)] for j in range(3)]},
        "sites": [
            {"name": "i", "position": ["1/2"] * 3},
            {"name": "f", "position": ["1/4"] * 3, "full": True},
            {"name": "g", "position": ["3/4"] * 3, "full": True},
        ],
        "hops": [
            {"between": ["i", "i"], "distance": "0.43841 nm", "via": via, "path": via}
            | {"barrier": "0.45 eV"}
            for via in ("f", "g")
        ],
        "mechanism": "interstitialcy",
    }
    many = conducted({"hopping": interstitialcy | {"carrier_share": "40 %"}})[1]
    assert "on 40 % of the places they block each other and conduct less" in many
    few = conducted({"hopping": interstitialcy | {"carrier_share": "0.1 %"}})[1]
    assert "block each other" not in few


def test_immobile_ions_are_told_to_block_on_average():
    assert "immobile ions hold 51 % of the places" in conducted({"family": "perovskite"})[1]


def test_a_family_tells_its_mechanism_and_haven_ratio():
    ion = {"family": "anti_perovskite", "energies": {"edge": "0.3 eV"}, "carrier_share": "1 %"}
    told = conducted(ion)[1]
    assert (
        "mechanism 'vacancy'; the vacancies are counted; Haven ratio of few carriers 0.6889" in told
    )


def test_ways_between_the_same_sites_are_told_apart_by_name():
    material = build_material(
        "M", MaterialSpec.model_validate({"ion": {"hopping": FLUORITE}}), ROOM
    )
    assert "Haven ratio 0.7391" in correlation_note(material.carriers["ion"], ROOM)
    family = {
        "family": "fluorite",
        "energies": {"push": "0.45 eV"},
        "carrier_density": "1e20 1/cm^3",
    }
    assert conducted({"hopping": FLUORITE})[0] == pytest.approx(conducted(family)[0], rel=1e-9)


@pytest.mark.parametrize(
    ("hopping", "told"),
    [
        (
            {
                "lattice": {"name": "garnet_24d", "edge": "4 angstrom"},
                "barrier": "0.3 eV",
                "mechanism": "concerted",
                "row": 2,
            },
            "what is missing are the ways of a row through several sites",
        ),
        (
            {
                "lattice": {"lengths": ["3 angstrom", "3 angstrom", "5 angstrom"],
                            "angles": [90, 90, 120]},
                "sites": [{"name": "Li", "position": [0, 0, 0]}],
                "hops": [
                    {"between": ["Li", "Li"], "distance": "3 angstrom", "barrier": "0.45 eV"},
                    {"between": ["Li", "Li"], "translation": [0, 0, 1], "barrier": "0.8 eV"},
                ],
                "mechanism": "divacancy",
            },
            "What is missing are the jumps between them",
        ),
    ],
)  # fmt: skip
def test_what_a_mechanism_lacks_is_named(hopping, told):
    ion = {"hopping": {"mobile": "Li+", "carrier_share": "1 %", **hopping}}
    with pytest.raises(MaterialError, match=rf"^ion\.hopping: .*{told}"):
        build_material("M", MaterialSpec.model_validate({"ion": ion}), ROOM)


def test_empty_sites_of_an_interstitial_are_named():
    hopping = {
        "mobile": "Li+",
        "lattice": {"name": "octahedron_vertices", "edge": "3.91 angstrom"},
        "barrier": "0.17 eV",
        "mechanism": "interstitial",
        "carrier_density": "1e19 1/cm^3",
    }
    assert "an ion that shares a full site is missing" in conducted({"hopping": hopping})[1]
