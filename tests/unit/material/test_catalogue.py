"""The library holds what it promises: values with units, sources and an honest status."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from cellion.errors import MaterialError
from cellion.material.catalogue import STATUSES, LibraryEntry, library_entry, library_names
from cellion.material.library_table import MATERIAL_COLUMNS, library_rows
from cellion.quantities import AVOGADRO, to_si

# Standard atomic masses, IUPAC 2021 [g/mol].
MASSES = {
    **{"Li": 6.94, "O": 15.999, "Al": 26.982, "P": 30.974, "S": 32.06, "Cl": 35.45, "Ti": 47.867},
    **{"Fe": 55.845, "Co": 58.933, "Ge": 72.63, "Y": 88.906, "Zr": 91.224, "La": 138.905},
}
NAMES = library_names()
DOCUMENTS = [
    YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    for file in (files("cellion.material") / "library").iterdir()
    if file.name.endswith(".yaml")
]
CRYSTALS = [document for document in DOCUMENTS if "lattice" in document]
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "materials.md"


@pytest.fixture(params=NAMES)
def entry(request: pytest.FixtureRequest) -> LibraryEntry:
    return library_entry(request.param)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Li6PS5Cl", "Li6PS5Cl"),
        ("LGPS", "Li10GeP2S12"),
        ("LLZO", "Li7La3Zr2O12"),
        ("Li7La3Zr2O12", "Li7La3Zr2O12"),
        ("LATP", "Li1.3Al0.3Ti1.7(PO4)3"),
        ("LLTO", "Li0.34La0.56TiO3"),
        ("Li3YCl6", "Li3YCl6"),
        ("Li2ZrCl6", "Li2ZrCl6"),
        ("beta-Li3PS4", "Li3PS4"),
        ("LiPON", "LiPON"),
        ("ncm811", "NCM811"),
        ("NMC622", "NCM622"),
        ("LCO", "LiCoO2"),
        ("LFP", "LiFePO4"),
        ("Carbon", "carbon"),
        ("pore", "pore"),
    ],
)
def test_materials_are_found_by_name_and_alias(alias: str, name: str) -> None:
    assert library_entry(alias).name == name
    assert name in NAMES


def test_no_alias_is_used_twice() -> None:
    every = [alias.casefold() for name in NAMES for alias in (name, *library_entry(name).aliases)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(("wrong", "right"), [("Li6PS5CI", "Li6PS5Cl"), ("NCM81", "NCM811")])
def test_unknown_material_names_the_nearest_one(wrong: str, right: str) -> None:
    with pytest.raises(MaterialError, match=rf"'{wrong}' is not in it \(did you mean '{right}'\?"):
        library_entry(wrong)


def test_unknown_material_lists_all() -> None:
    with pytest.raises(MaterialError, match=r"it holds carbon, .*NCM811.*, pore"):
        library_entry("unobtainium")


def test_every_value_has_a_source_and_a_status(entry: LibraryEntry) -> None:
    numbers = [entry.density, *entry.diffusivity]
    measurements = [m for carrier in entry.carriers.values() for m in carrier.measurements]
    for value in (*numbers, *measurements):
        assert value.status in STATUSES
        assert value.source
        assert value.sample
    assert all(carrier.reason for carrier in entry.carriers.values())


def test_values_are_physical(entry: LibraryEntry) -> None:
    for carrier in entry.carriers.values():
        for measurement in carrier.measurements:
            assert (np.linalg.eigvalsh(measurement.conductivity) > 0).all()
            assert 250.0 < measurement.temperature < 500.0
            assert measurement.convention in ("sigmaT", "sigma", "unknown")
            if measurement.activation_energy is not None:
                assert measurement.activation_energy_source
            if measurement.temperature_range is not None:
                low, high = measurement.temperature_range
                assert low <= measurement.temperature <= high
    assert entry.name == "pore" or 1000.0 < entry.density.value < 10000.0


def test_memory_is_used_only_where_nothing_else_is(entry: LibraryEntry) -> None:
    """An unverified default is allowed only if no better value of the same thing is listed."""
    for carrier in entry.carriers.values():
        if carrier.conducts and carrier.default.status == "unverified":
            assert "No measured value" in carrier.reason
            assert "assum" in carrier.default.sample


@pytest.mark.parametrize("document", CRYSTALS, ids=lambda d: str(d["name"]))
def test_derived_density_follows_from_the_lattice(document: dict[str, Any]) -> None:
    lattice = document["lattice"]
    edges = [to_si(lattice.get(axis, lattice["a"]), "length") for axis in "abc"]
    volume = np.prod(edges) * (np.sqrt(3) / 2 if lattice["system"] == "hexagonal" else 1.0)
    atoms = re.findall(r"([A-Z][a-z]?)([\d.]*)", lattice["formula"])
    mass = sum(MASSES[element] * float(count or 1) for element, count in atoms) / 1000 / AVOGADRO
    density = lattice["formula_units"] * mass / volume
    stated = to_si(document["density"]["value"], "density")
    assert stated == pytest.approx(density, rel=5e-4)  # stated with four digits


@pytest.mark.parametrize("name", ["Li6PS5Cl", "LATP"])
def test_derived_energy_follows_from_two_temperatures(name: str) -> None:
    """The two entries that quote a pair of values as the origin of their energy."""
    pair = {
        "Li6PS5Cl": ((298.51, 0.0537), (423.73, 2.14), "boulineau2012"),
        "LATP": ((298.15, 0.216), (473.15, 3.3), "aono1990"),
    }
    (t1, s1), (t2, s2), label = pair[name]
    energy = 1.380649e-23 * np.log(s2 * t2 / (s1 * t1)) / (1 / t1 - 1 / t2)
    measurements = library_entry(name).carriers["ion"].measurements
    (measurement,) = [m for m in measurements if m.name == label]
    assert measurement.activation_energy == pytest.approx(energy, rel=2e-3)
    assert measurement.conductivity[0, 0] == pytest.approx(s1)


def test_solid_electrolytes_conduct_ions_and_active_materials_electrons() -> None:
    for name in NAMES:
        entry = library_entry(name)
        if entry.kind.startswith("solid electrolyte"):
            assert entry.carriers["ion"].conducts
            assert not entry.carriers["electron"].conducts
        if entry.kind.startswith("active material"):
            assert entry.carriers["electron"].conducts
            assert entry.diffusivity


def test_insulating_carrier_has_no_measurement() -> None:
    with pytest.raises(MaterialError, match="upper limit of the electronic conductivity"):
        _ = library_entry("Li6PS5Cl").carriers["electron"].default


def test_table_of_the_library_has_units_and_sources() -> None:
    rows = library_rows()
    assert {len(row) for row in rows} == {len(MATERIAL_COLUMNS)}
    assert all(isinstance(cell, str) for row in rows for cell in row)
    (row,) = [r for r in rows if r[0].startswith("Li6PS5Cl") and r[1] == "ion conductivity"]
    assert row[2] == "1.6 mS/cm, activation energy 0.351 eV (sigmaT)"
    assert row[3].startswith("298.15 K")
    assert row[4] == "secondary"
    assert "10.1149/1945-7111/abf8d7" in row[5]


def test_table_of_one_material_shows_alternatives_reasons_and_notes() -> None:
    properties = [row[1] for row in library_rows("LPSCl")]
    assert "ion: why this value" in properties
    assert properties.count("ion (alternative) conductivity") == 4
    assert "note" in properties
    assert any(row[1] == "Li diffusivity" for row in library_rows("NCM811"))


def test_documentation_page_shows_every_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in NAMES:
        entry = library_entry(name)
        assert entry.name in page
        for carrier in entry.carriers.values():
            if carrier.conducts:
                assert carrier.default.text in page
