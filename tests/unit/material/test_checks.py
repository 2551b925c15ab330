"""What is refused before anything is solved: blind directions, unknown energies in studies."""

from __future__ import annotations

from typing import Any

import pytest

from cellion.errors import MaterialError
from cellion.material.checks import check_conductors, check_study
from cellion.material.material import build_materials
from cellion.scenario.load import build_scenario

OLIVINE: dict[str, Any] = {"family": "olivine", "carrier_share": "1 %"}
CHAIN: dict[str, Any] = {
    "hopping": {
        "mobile": "Li+",
        "lattice": {"name": "chain", "edge": "3 angstrom"},
        "barrier": "0.3 eV",
        "carrier_share": "1 %",
    }
}


def scenario(ion: dict[str, Any], dimension: int = 3, **more: Any):
    layers = {"axis": "x", "materials": ["M"], "thicknesses": ["1 um"], "box": ["1 um"] * dimension}
    return build_scenario(
        {
            "name": "checks",
            "materials": {"M": {"ion": ion}},
            "microstructure": {"layers": layers},
            **more,
        }
    )


def check(ion: dict[str, Any], dimension: int = 3) -> None:
    asked = scenario(ion, dimension)
    check_conductors(asked, build_materials(asked), ["M"], dimension)


@pytest.mark.parametrize(
    ("ion", "dimension", "told"),
    [
        (OLIVINE, 3, r"along 1 of 3 directions \(y\).*'energies: \{cross: 0\.5 eV\}'"),
        (
            {"family": "layered_o3", "energies": {"hop": "0.45 eV"}, "carrier_share": "5 %"},
            3,
            "along 2 of 3 directions .*The family 'layered_o3' has no hop that joins them",
        ),
        (OLIVINE, 2, r"along 1 of 2 directions \(y\)"),
        (CHAIN, 3, r"along 1 of 3 directions \(x\).*rare hops across"),
        (
            {"hopping": CHAIN["hopping"] | {"lattice": {"name": "square", "edge": "3 angstrom"}}},
            3,
            r"along 2 of 3 directions \(x and y\)|along 2 of 3 directions \(y and x\)",
        ),
    ],
)
def test_conductors_with_blind_directions_are_refused(ion, dimension, told):
    with pytest.raises(MaterialError, match=rf"materials\.M\.ion: it conducts {told}"):
        check(ion, dimension)


@pytest.mark.parametrize(
    ("ion", "dimension"),
    [
        (OLIVINE | {"energies": {"cross": "0.8 eV"}}, 3),
        ({"hopping": CHAIN["hopping"] | {"lattice": {"name": "square", "edge": "3 angstrom"}}}, 2),
        ({"conductivity": "insulator"}, 3),
    ],
)
def test_conductors_of_all_directions_pass(ion, dimension):
    check(ion, dimension)


def test_only_carriers_that_are_asked_for_count():
    asked = scenario(OLIVINE, transport={"carriers": ["electron"]})
    check_conductors(asked, build_materials(asked), ["M"], 3)


def test_studies_over_unknown_energies_are_refused():
    path = "materials.M.ion.energies.chanel"
    asked = scenario(OLIVINE, study={"vary": {path: ["0.3 eV", "0.4 eV"]}})
    with pytest.raises(MaterialError, match=r"study\.vary.*did you mean 'channel'"):
        check_study(asked)


def test_studies_over_known_energies_pass():
    path = "materials.M.ion.energies.channel"
    check_study(scenario(OLIVINE, study={"vary": {path: ["0.3 eV", "0.4 eV"]}}))
    check_study(scenario(OLIVINE))
