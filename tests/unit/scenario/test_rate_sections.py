"""Faults in the sections that describe rates: told at their key path, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cellion.errors import ScenarioError
from cellion.scenario.load import build_scenario

BASE = """
name: faults
materials:
  M:
    ion: {ION}
microstructure:
  layers: {{box: [1 um, 1 um], axis: x, materials: [M], thicknesses: [1 um]}}
"""
HOP = "mobile: Li+, lattice: {name: sc, edge: 4 angstrom}"
HOPPING = f"{{hopping: {{{HOP}, barrier: 0.3 eV, carrier_share: 0.01, %s}}}}"
CARRIERS = f"{{hopping: {{{HOP}, barrier: 0.3 eV, mechanism: vacancy, carriers: {{%s}}}}}}"
TABLE = "{table: {of: conductivity, %s}}"
ROWS = "rows: [[300 K, 1 S/m], [400 K, 2 S/m]]"
DIFFUSIVITY = "{table: {of: diffusivity, rows: [[300 K, 1e-8 cm^2/s], [400 K, 2e-8 cm^2/s]], %s}}"
SILVER = (
    "{hopping: {mobile: Ag+, lattice: {lengths: [4 angstrom, 4 angstrom, 4 angstrom]}, "
    "carrier_density: 1e20 1/cm^3, %s}}"
)
SITES = "sites: [{name: F, position: [0, 0, 0], full: true}, {name: t, position: [0.5, 0, 0]}]"
PUSH = "hops: [{between: [t, t], translation: [1, 0, 0], via: F, barrier: 0.1 eV}]"


def load(ion: str, folder: Path) -> Any:
    text = BASE.format(ION=ion)
    return build_scenario(YAML(typ="safe").load(text), path=folder / "demo.yaml")


@pytest.mark.parametrize(
    ("ion", "path", "told"),
    [
        (HOPPING % "vibrations: {initial: [1, 2]}", "hopping.vibrations", "'saddle' is missing"),
        (
            HOPPING % "vibrations: {initial: [1, 2], saddle: [2 THz]}",
            "hopping.vibrations.saddle[0]",
            "a frequency as a plain number",
        ),
        (
            HOPPING % "vibrations: {initial: [1, 2], saddle: [], unit: THz}",
            "hopping.vibrations.saddle",
            "found an empty list",
        ),
        (
            HOPPING % "vibrations: {initial: [1, 2], saddle: [2], unit: Thz}",
            "hopping.vibrations.unit",
            "(did you mean 'THz'?)",
        ),
        (
            HOPPING % "vibrations: {initial: nowhere.txt, saddle: [2]}",
            "hopping.vibrations.initial",
            "there is no file",
        ),
        (
            HOPPING % "attempt_frequency: 1 THz, vibrations: {initial: [1, 2], saddle: [2]}",
            "hopping.attempt_frequency",
            "'vibrations' says it already",
        ),
        (HOPPING % "entropy: 0.3 eV", "hopping.entropy", "an entropy with its unit"),
        (HOPPING % "entropy: 1 J/K", "hopping.entropy", "between -50 and 50 k"),
        (
            HOPPING.replace("0.3 eV", "0.3 eV +- 0.1 eV +- 0.2 eV") % "row: 1",
            "hopping.barrier",
            "with one '+-'",
        ),
        (
            HOPPING.replace("0.3 eV", "0.3 eV +- 0.1 eV") % "uncertainty: 0.1 eV",
            "hopping.barrier",
            "'uncertainty' is given too",
        ),
        (
            HOPPING.replace("0.3 eV", "0.3 eV +- 0.1 mV") % "carrier_density: 1e20 1/cm^3",
            "hopping.uncertainty",
            "an energy with its unit",
        ),
        (HOPPING % "mechanism: vacancies", "hopping.mechanism", "did you mean 'vacancy'"),
        (HOPPING % "mechanism: interstitialcy", "hopping.mechanism", "written out"),
        (HOPPING % "haven_ratio: bcc", "hopping.haven_ratio", "such as 'vacancy/bcc'"),
        (HOPPING % "monte_carlo: {cells: [4, 4]}", "hopping.monte_carlo.cells", ""),
        (
            HOPPING % "mechanism: vacancy, monte_carlo: {cells: [4, 4, 4]}",
            "hopping.monte_carlo",
            "it simulates 'mechanism: independent'",
        ),
        (HOPPING % "carriers: {frenkel: {energy: 1 eV}}", "hopping", "'carrier_share' and"),
        (CARRIERS % "defect: vacancy", "hopping.carriers", "give one of 'frenkel', 'schottky'"),
        (
            CARRIERS % "defect: interstital, frenkel: {energy: 1 eV}",
            "hopping.carriers.defect",
            "did you mean 'interstitial'",
        ),
        (
            CARRIERS % "frenkel: {energy: 1 eV}, dopants: [{charge: 0, share: 1 %}]",
            "hopping.carriers.dopants[0].charge",
            "an effective charge",
        ),
        (
            CARRIERS % "frenkel: {energy: 1 eV}, dopants: [{charge: 1}]",
            "hopping.carriers.dopants[0]",
            "give either 'share'",
        ),
        (
            CARRIERS % "schottky: {energy: 1 eV, partner: Cl}",
            "hopping.carriers.schottky.partner",
            "an ion with its charge",
        ),
        (SILVER % f"mechanism: vacancy, {SITES}, {PUSH}", "hopping.hops[0].via", "interstitialcy"),
        (
            SILVER % f"mechanism: interstitialcy, {SITES}, {PUSH.replace('via: F', 'via: G')}",
            "hopping.hops[0].via",
            "'G' is no full site",
        ),
        (
            SILVER % f"mechanism: interstitialcy, {SITES}, {PUSH.replace('[t, t]', '[t, F]')}",
            "hopping.hops[0].between[1]",
            "'F' is full",
        ),
        (
            SILVER % f"mechanism: interstitialcy, {SITES}, {PUSH.replace('via: F, ', '')}",
            "hopping.hops[0]",
            "give each its 'via'",
        ),
        (SILVER % f"mechanism: exchange, {SITES}, {PUSH}", "hopping.hops", "and hops without"),
        (TABLE % "convention: sigma", "table", "give either 'rows' or 'file'"),
        (TABLE % "file: nowhere.csv", "table.file", "there is no file"),
        (TABLE % "file: /dev/zero", "table.file", "'/dev/zero' is a folder, a device or a pipe"),
        (TABLE % "rows: [[300 K, 1 S/m]]", "table.rows", "found 1 temperature(s)"),
        (TABLE % "rows: [[300 K, 1 S/m], [300, 2 S/m]]", "table.rows[1][0]", "a bare number"),
        (TABLE % "rows: [[300 K, 1 S/m], [400 K, 0 S/m]]", "table.rows[1][1]", "above zero"),
        (TABLE % "rows: [[300 K, 1 S/m], [400 K]]", "table.rows[1]", "a row is [temperature"),
        (TABLE % "rows: [[300 K, 1 S/m, 0 %], [400 K, 1 S/m]]", "table.rows[0][2]", "above 0"),
        (
            TABLE % "rows: [[300 K, 1 S/m, 5 %], [400 K, 1 S/m]]",
            "table.rows",
            "1 of 2 rows have a relative error",
        ),
        (TABLE % f"{ROWS}, mobile: Li+", "table.mobile", "belongs to 'of: diffusivity'"),
        (DIFFUSIVITY % "kind: charge", "table", "a diffusivity needs 'mobile'"),
        (
            DIFFUSIVITY % "mobile: Li+, carrier_density: 1e22 1/cm^3, kind: tracer",
            "table",
            "needs 'haven_ratio'",
        ),
        (
            "{table: {of: conductivty, rows: [[300 K, 1 S/m]]}}",
            "table.of",
            "did you mean 'conductivity'",
        ),
        (
            "{family: olivine, energies: {channel: 1 eV +- 1 eV}, uncertainties: {channel: 1 eV}}",
            "energies.channel",
            "say the uncertainty once",
        ),
        ("{conductivity: 1 S/m, uncertainty: 1 eV}", "uncertainty", "it belongs to 'family'"),
        ("{family: chevrel, mobile: Li+}", "mobile", "those of another ion are missing"),
    ],
)
def test_a_fault_is_told_where_it_is(tmp_path, ion, path, told):
    with pytest.raises(ScenarioError) as caught:
        load(ion, tmp_path)
    assert f"materials.M.ion.{path}: " in str(caught.value)
    assert told in str(caught.value)


def csv(folder: Path, text: str) -> Any:
    (folder / "m.csv").write_text(text, encoding="utf-8")
    return load(TABLE % "file: m.csv", folder).materials["M"].ion.table


def test_a_table_is_read_from_a_file_in_its_units(tmp_path):
    found = csv(
        tmp_path,
        "# my measurement\nconductivity [mS/cm],temperature [degC],relative error [%]\n"
        "0.31,25,5\n\n0.7, 50 ,5\n",
    )
    assert [row[0] for row in found.content().rows] == pytest.approx([298.15, 323.15])
    assert [row[1] for row in found.content().rows] == pytest.approx([0.031, 0.07])
    assert [row[2] for row in found.content().rows] == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds 0 lines"),
        ("temperature [K],conductivity [S/m]\n", "holds 1 lines"),
        ("Q [K],conductivity [S/m]\n300,1\n400,2\n", "m.csv:1: columns 'Q [K]', "),
        ("temperature [K]\n300\n400\n", "m.csv:1: columns 'temperature [K]'; one 'conductivity"),
        ("temperature [K],conductivity [S/m]\n300,1\n400\n", "m.csv:3: 1 cells found"),
        ("temperature [K],conductivity [S/m]\n300,1\n400,x\n", "m.csv:3: found 'x S/m'"),
        ("temperature [K],conductivity\n300,1\n400,2\n", "the unit is missing"),
        ("temperature [K],conductivity [S/m]\n300,1\n300,2\n", "found 1 temperature(s)"),
    ],
)
def test_faults_of_a_file_name_its_line(tmp_path, text, told):
    with pytest.raises(ScenarioError) as caught:
        csv(tmp_path, text)
    assert "materials.M.ion.table.file: " in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("key", ["hops[0].barrier", "barrier"])
def test_barriers_can_be_varied_by_their_path(tmp_path, key):
    lattice = "lattice: {name: sc, edge: 4 angstrom}, barrier: 0.3 eV +- 0.05 eV"
    if key != "barrier":
        lattice = (
            "lattice: {lengths: [4 angstrom, 4 angstrom, 4 angstrom]}, "
            "sites: [{name: A, position: [0, 0, 0]}], hops: [{between: [A, A], "
            "distance: 4 angstrom, barrier: 0.3 eV}]"
        )
    path = f"materials.M.ion.hopping.{key}"
    ion = f"{{hopping: {{mobile: Li+, {lattice}, carrier_share: 1 %}}}}"
    text = BASE.format(ION=ion)
    document = YAML(typ="safe").load(text)
    document["study"] = {"vary": {path: ["0.25 eV", "0.35 eV"]}}
    assert build_scenario(document, path=tmp_path / "demo.yaml").study is not None
    document["study"] = {"vary": {path.replace("barrier", "barier"): ["0.25 eV", "0.35 eV"]}}
    with pytest.raises(ScenarioError, match="did you mean 'barrier'"):
        build_scenario(document, path=tmp_path / "demo.yaml")
