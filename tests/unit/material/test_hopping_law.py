"""Ions that hop, from what a scenario says to a conductivity tensor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy.constants import Boltzmann, electron_volt, elementary_charge

from cellion.errors import MaterialError
from cellion.material.material import Material, build_material, build_materials
from cellion.scenario.load import build_scenario, load_scenario
from cellion.scenario.materials import MaterialSpec

ROOM = 298.15
OLIVINE = Path(__file__).parents[3] / "scenarios" / "structures" / "LiFePO4.cif"


def built(ion: dict[str, Any]) -> Material:
    return build_material("M", MaterialSpec.model_validate({"ion": ion}), ROOM)


def conductivity(ion: dict[str, Any], temperature: float = ROOM) -> np.ndarray:
    return built(ion).conductivity("ion", temperature)


def rate(barrier: float, frequency: float = 1e13) -> float:
    return float(frequency * np.exp(-barrier * electron_volt / (Boltzmann * ROOM)))


def factor(density: float, charge: int = 1) -> float:
    return density * (charge * elementary_charge) ** 2 / (Boltzmann * ROOM)


SIMPLE_CUBIC: dict[str, Any] = {
    "mobile": "Mg2+",
    "lattice": {"name": "sc", "edge": "4 angstrom"},
    "barrier": "0.35 eV",
    "attempt_frequency": "5 THz",
    "carrier_density": "1e20 1/cm^3",
}
WRITTEN_OUT: dict[str, Any] = {
    "mobile": "Mg2+",
    "lattice": {"lengths": ["4 angstrom", "4 angstrom", "4 angstrom"]},
    "sites": [{"name": "A", "position": [0, 0, 0]}],
    "attempt_frequency": "5 THz",
    "carrier_density": "1e20 1/cm^3",
}
ALONG_X = {"between": ["A", "A"], "translation": [1, 0, 0], "barrier": "0.3 eV"}


def test_a_named_lattice_gives_the_textbook_value():
    expected = factor(1e26, 2) * rate(0.35, frequency=5e12) * (4e-10) ** 2
    np.testing.assert_allclose(
        conductivity({"hopping": SIMPLE_CUBIC}), expected * np.eye(3), rtol=1e-9, atol=1e-25
    )


@pytest.mark.parametrize(
    "hops",
    [
        [{"between": ["A", "A"], "distance": "4 angstrom", "barrier": "0.35 eV"}],
        [{"between": ["A", "A"], "distance": "4.03 angstrom", "saddle": "0.35 eV"}],
        [
            {"between": ["A", "A"], "translation": shift, "barrier": "0.35 eV"}
            for shift in ([1, 0, 0], [0, 1, 0], [0, 0, -1])
        ],
    ],
    ids=["by distance", "by saddle", "one by one"],
)
def test_the_same_lattice_written_out_gives_the_same(hops):
    np.testing.assert_allclose(
        conductivity({"hopping": {**WRITTEN_OUT, "hops": hops}}),
        conductivity({"hopping": SIMPLE_CUBIC}),
        rtol=1e-9,
        atol=1e-25,
    )


def test_sites_of_two_energies_are_crossed_over_their_saddle():
    # a chain A - B over equal saddles: D = a^2 p_A w_AB/2
    written = {
        **WRITTEN_OUT,
        "mobile": "Li+",
        "sites": [
            {"name": "A", "position": [0, 0, 0]},
            {"name": "B", "position": ["1/2", 0, 0], "energy": "0.1 eV"},
        ],
        "hops": [
            {"between": ["A", "B"], "barrier": "0.3 eV", "reverse_barrier": "0.2 eV"},
            {"between": ["B", "A"], "translation": [1, 0, 0], "barrier": "0.2 eV"},
        ],
    }
    share = 1.0 / (1.0 + np.exp(-0.1 * electron_volt / (Boltzmann * ROOM)))
    expected = factor(1e26) * share * rate(0.3, frequency=5e12) / 2 * (4e-10) ** 2
    found = conductivity({"hopping": written})
    assert found[0, 0] == pytest.approx(expected, rel=1e-9)
    assert not found[1:].any()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"hops": [ALONG_X, {**ALONG_X, "translation": [0, 1, 0], "reverse_barrier": "0.2 eV"}]},
            r"^ion\.hopping\.hops\[1\]: .*detailed balance",
        ),
        ({"hops": [ALONG_X, ALONG_X]}, r"^ion\.hopping: .*given before as hops\[0\]"),
        (
            {
                "sites": [
                    {"name": "A", "position": [0, 0, 0]},
                    {"name": "B", "position": [0.5, 0, 0]},
                ],
                "hops": [ALONG_X, {**ALONG_X, "between": ["B", "B"]}],
            },
            r"^ion\.hopping: .*2 groups of sites",
        ),
        (
            {"hops": [{"between": ["A", "A"], "translation": [1, 0, 0], "saddle": "-0.3 eV"}]},
            "below its site 'A'",
        ),
        (
            {"hops": [{"between": ["A", "A"], "distance": "3 angstrom", "barrier": "0.3 eV"}]},
            r"hops\[0\]\.distance: no 'A' and 'A' are 3e-10 m",
        ),
        (
            {
                "lattice": {"lengths": ["4 angstrom"] * 3, "angles": [10, 10, 150]},
                "hops": [ALONG_X],
            },
            r"^ion\.hopping\.lattice: .*do not form a cell",
        ),
    ],
    ids=["detailed balance", "twice", "falls apart", "low saddle", "no such hop", "no cell"],
)
def test_hops_that_make_no_network_are_refused(changes, told):
    with pytest.raises(MaterialError, match=told):
        built({"hopping": {**WRITTEN_OUT, **changes}})


def test_a_family_conducts_along_its_channels_only():
    found = conductivity({"family": "olivine", "carrier_share": "1 %"})
    places = 1 / (2 * 5.165e-10 * 2.345e-10 * 3.005e-10)
    expected = factor(places * 0.01 * 0.99) * rate(0.375) * (3.005e-10) ** 2
    assert found[1, 1] == pytest.approx(expected, rel=1e-9)
    assert np.abs(found[[0, 2]]).max() <= 1e-9 * expected


def test_energies_variant_and_frequency_replace_those_of_the_family():
    ion = {"family": "olivine", "carrier_share": "1 %"}
    variant = conductivity({**ion, "variant": "LiMgPO4"})[1, 1]
    given = {"energies": {"channel": "0.26 eV"}, "attempt_frequency": "5 THz"}
    assert variant / conductivity({**ion, **given})[1, 1] == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize(
    ("ion", "told"),
    [
        ({"family": "olivin"}, r"^ion\.family: found 'olivin' \(did you mean 'olivine'\?\)"),
        (
            {"family": "olivine", "variant": "LiFePO5"},
            r"^ion\.variant: .*\(did you mean 'LiFePO4'\?\)",
        ),
        (
            {"family": "olivine", "energies": {"chanel": "0.3 eV"}},
            r"^ion\.energies\.chanel: .*\(did you mean 'channel'\?\).*channel \(0\.375 eV\)",
        ),
        (
            {"family": "chevrel"},
            r"^ion\.family: .*lacks energies: 'outer_energy'.*'exit'.*'channel'",
        ),
        ({"family": "olivine"}, r"^ion\.family: .*nothing can move.*'carrier_share: 1 %'"),
        (
            {"hopping": {**SIMPLE_CUBIC, "lattice": {"name": "sec", "edge": "4 angstrom"}}},
            r"^ion\.hopping\.lattice\.name: found 'sec' \(did you mean 'sc'\?\)",
        ),
        (
            {"hopping": {**SIMPLE_CUBIC, "mechanism": "divacancy"}},
            r"^ion\.hopping: .*next to both vacancies",
        ),
    ],
)
def test_what_makes_no_crystal_is_told_with_its_key(ion, told):
    with pytest.raises(MaterialError, match=told):
        built(ion)


def test_faults_of_hops_are_told_with_file_and_line(tmp_path: Path):
    file = tmp_path / "demo.yaml"
    file.write_text(
        "name: demo\n"
        "materials:\n"
        "  A:\n"
        "    ion:\n"
        "      family: garnat\n"
        "  B: {library: LPSC1}\n"
        "microstructure:\n"
        "  checkerboard: {box: [1 um, 1 um], divisions: [2, 2], materials: [A, B]}\n",
        encoding="utf-8",
    )
    with pytest.raises(MaterialError) as caught:
        build_materials(load_scenario(file))
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{file}:5: materials.A.ion.family: found 'garnat' (did you mean")
    assert second.startswith(f"{file}:6: materials.B: material library: 'LPSC1'")


def test_the_source_names_the_crystal():
    assert built({"family": "olivine", "carrier_share": "1 %"}).sources == (
        "ion conductivity: hops, family olivine, review section 5.2",
    )


FROM_FILE: dict[str, Any] = {
    "mobile": "Li+",
    "structure": str(OLIVINE),
    "hops": [
        {"between": ["Li1", "Li1"], "distance": "3.0 angstrom", "barrier": "0.375 eV"},
        {"between": ["Li1", "Li1"], "distance": "4.69 angstrom", "closed": True},
        {"between": ["Li1", "Li1"], "distance": "5.57 angstrom", "closed": True},
        {"between": ["Li1", "Li1"], "distance": "5.67 angstrom", "barrier": "0.5 eV"},
    ],
    "carrier_share": "1 %",
}


def test_a_structure_file_conducts_like_its_family():
    family = {"family": "olivine", "energies": {"cross": "0.5 eV"}, "carrier_share": "1 %"}
    expected = conductivity(family)
    np.testing.assert_allclose(
        conductivity({"hopping": FROM_FILE}), expected, rtol=1e-9, atol=1e-12 * expected.max()
    )


def test_barriers_that_a_structure_file_still_needs_are_listed():
    hops = [FROM_FILE["hops"][0], FROM_FILE["hops"][3]]
    told = r"^ion\.hopping\.structure: .*barriers are missing for .*4\.690 .*5\.570 angstrom\."
    with pytest.raises(MaterialError, match=told):
        built({"hopping": {**FROM_FILE, "hops": hops}})


GUIDE = (OLIVINE.parents[2] / "docs" / "rates.md").read_text("utf-8")
FRAGMENTS = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.M | re.S)
LATTICE: dict[str, Any] = {
    "mobile": "Li+",
    "lattice": {"name": "sc", "edge": "4 angstrom"},
    "barrier": "0.3 eV",
}


def ions_of(fragment: dict[str, Any]) -> list[dict[str, Any]]:
    """The ions that a fragment of the guide describes, completed where it shows a part."""
    if "materials" in fragment:
        return [material["ion"] for material in fragment["materials"].values()]
    if "ion" in fragment or "hopping" in fragment:
        return [fragment.get("ion", fragment)]
    if "study" in fragment:
        return [{"hopping": LATTICE | {"carrier_share": 0.01}}]
    if any(key.startswith("hopping_") for key in fragment):
        return [{"hopping": LATTICE | {"carrier_share": 0.01} | part} for part in fragment.values()]
    own = {"mechanism": "vacancy"} if "carriers" in fragment else {}
    return [{"hopping": LATTICE | own | fragment}]


@pytest.mark.parametrize("text", FRAGMENTS, ids=lambda text: text.split(":")[0])
def test_what_the_guide_shows_conducts(text):
    fragment = YAML(typ="safe").load(text)
    for ion in ions_of(fragment):
        layers = {"axis": "x", "materials": ["SE"], "thicknesses": ["1 um"], "box": ["1 um"] * 3}
        document = {
            "name": "guide",
            "materials": {"SE": {"ion": ion}},
            "microstructure": {"layers": layers},
        }
        if "study" in fragment:
            document["study"] = fragment["study"]
        scenario = build_scenario(document, path=OLIVINE.parents[1] / "guide.yaml")
        found = build_materials(scenario)["SE"].conductivity("ion", ROOM)
        assert np.linalg.eigvalsh(found)[0] > 0.0


def test_the_guide_is_looked_through():
    assert len(FRAGMENTS) > 6
