"""The schema for editors and the reference page say what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from cellion.scenario.crystal import HopSpec, LatticeSpec, SiteSpec
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import CarrierSpec, IonSpec, MaterialSpec
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.orientations import FibreSpec, OrientationsSpec
from cellion.scenario.packing import PackingSpec
from cellion.scenario.polycrystal import PolycrystalSpec
from cellion.scenario.reference import reference_page
from cellion.scenario.scenario import Scenario
from cellion.scenario.schema import json_schema, keys_at
from cellion.scenario.settings import MeshSpec, TransportSpec
from cellion.scenario.study import StudySpec
from cellion.scenario.tiles import BricksSpec

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "scenario.md"
FAULTY = YAML(typ="safe").load(Path(__file__).with_name("faulty_scenarios.yaml"))

GOOD = """
name: demo
description: what it is about
temperature: 25 degC
materials:
  SE: {ion: {conductivity: [1 mS/cm, 2 mS/cm, 3 mS/cm]}}
  CAM: {library: NCM811, electron: {conductivity: 5 S/m, at: 298 K, activation_energy: 30 kJ/mol}}
  pore: insulator
  olivine: {ion: {family: olivine, energies: {cross: 0.5 eV}, carrier_share: 1 %}}
  mine:
    ion:
      hopping:
        mobile: Li+
        lattice: {lengths: [4 angstrom, 4 angstrom, 5 angstrom], angles: [90, 90, 120]}
        sites: [{name: a, position: [0, 0, 1/4], energy: -0.1 eV}, {name: b, position: [0, 0, 0.5]}]
        hops: [{between: [a, b], translation: [0, 0, -1], barrier: 0.3 eV}]
        attempt_frequency: 5 THz
        carrier_density: 1e21 1/cm^3
  half: {ion: insulator, electron: {conductivity: 1 S/m}, density: 2 g/cm^3}
microstructure:
  packing:
    box: [9 um, 9 um, 9 um]
    seed: 7
    particles:
      - {material: CAM, volume_fraction: 45 %, diameter: {lognormal: {median: 2 um, sigma: 0.2}}}
      - {material: CAM, volume_fraction: 0.1, diameter: 2 µm}
    pores: {volume_fraction: 0.05, diameter: {list: [{diameter: 1 um, share: 1}]}}
    matrix: SE
transport: {carriers: [ion], boundary: periodic, directions: [x]}
mesh: {size: 1 um, gap_cells: 1.5}
interfaces:
  - {between: [SE, CAM], area_resistance: 20 Ohm cm^2, at: 298 K, activation_energy: 0.4 eV}
  - {between: [SE, SE], width: 1 nm, conductivity_across: 1 mS/cm, spread: {lognormal: 0.3}}
study: {vary: {temperature: [300 K]}, replicates: 2}
output: {fields: [], pictures: false}
"""


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_accepts_a_good_scenario(validator):
    document = YAML(typ="safe").load(GOOD)
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize(
    "kind",
    [
        "spheres: {box: [1 m, 1 m], matrix: A, "
        "spheres: [{center: [0 m, 0 m], radius: 1 m, material: A}]}",
        "layers: {box: [1 m, 1 m], axis: x, materials: [A], thicknesses: [1 m]}",
        "layers: {box: [1 m, 1 m], normal: [1, 1], materials: [A, A], thicknesses: [0.5, 50 %]}",
        "checkerboard: {box: [1 m, 1 m], divisions: [2, 2], materials: [A, A]}",
        "polycrystal: {box: [1 m, 1 m], material: A, grains: 5, seed: 7, orientations: random}",
        "polycrystal: {box: [1 m, 1 m, 1 m], material: A, size: {mono: 0.1 m}, seed: 7, "
        "columnar: z, orientations: {fibre: {axis: [1, 1, 0], spread: 5}}}",
        "polycrystal: {box: [1 m, 1 m], material: A, seeds: [{center: [0 m, 0 m], radius: 1 m}], "
        "orientations: {euler: [[45, 0, 0]]}}",
        "bricks: {box: [1 m, 1 m], divisions: [2, 2], material: A}",
        "packing: {box: [9 m, 9 m, 9 m], seed: 7, matrix: {polycrystal: {material: A, grains: 5}}, "
        "particles: [{material: A, volume_fraction: 0.5, diameter: 2 m}]}",
        "mesh: {file: a.msh, length_unit: um, grains: {material: A, orientations: a.ori}}",
        "mesh: {file: a.msh, length_unit: um, labels: {'1': A}}",
    ],
)
def test_the_schema_accepts_every_kind_of_microstructure(validator, kind):
    document = {**YAML(typ="safe").load(GOOD), "microstructure": YAML(typ="safe").load(kind)}
    assert [error.message for error in validator.iter_errors(document)] == []


# faults of form, which an editor can show while the user types
LATTICE_KEYS = ("name", "edge", "lengths", "angles", "vectors")

FORMAL = [
    "unknown section",
    "bare temperature",
    "word nearly insulator",
    "unknown key of a material",
    "bare density",
    "bare conductivity",
    "two principal values",
    "unknown kind",
    "bare length in the box",
    "periodic as a word",
    "fractional seed",
    "bare diameter",
    "unknown distribution",
    "misspelt key of a particle",
    "amount above one",
    "unknown axis",
    "no division",
    "unknown carrier",
    "unknown boundary",
    "bare mesh size",
    "unknown field",
    "study without values",
    "no replicates",
    "no grains",
    "word nearly random",
    "unknown kind of orientations",
    "fibre along an unknown axis",
    "bare area resistance",
    "unknown crystal symmetry",
    "spread that is too wide",
]


@pytest.mark.parametrize("name", FORMAL)
def test_the_schema_refuses_faults_of_form(validator, name):
    case = next(case for case in FAULTY if case["name"] == name)
    document = {**YAML(typ="safe").load(GOOD), **YAML(typ="safe").load(case["text"])}
    assert not validator.is_valid(document)


def test_the_schema_speaks_of_text_with_units_and_of_nothing_internal():
    text = json.dumps(json_schema())
    for word in ('"null"', "Attributes:", "``"):
        assert word not in text
    size = json_schema()["$defs"]["MeshSpec"]["properties"]["size"]
    assert size["type"] == "string"
    assert "default" not in size


def models():
    return [
        Scenario,
        MaterialSpec,
        CarrierSpec,
        IonSpec,
        HoppingSpec,
        LatticeSpec,
        SiteSpec,
        HopSpec,
        MicrostructureSpec,
        PackingSpec,
        TransportSpec,
        MeshSpec,
        StudySpec,
        PolycrystalSpec,
        BricksSpec,
        OrientationsSpec,
        FibreSpec,
        InterfaceSpec,
    ]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_key_is_described(model):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_reference_page_is_up_to_date():
    # to renew it: python -c "from cellion.scenario.reference import reference_page as p; print(p(),
    # end='')" > docs/reference/scenario.md
    assert PAGE.read_text(encoding="utf-8") == reference_page()


def test_the_reference_page_holds_every_key():
    page = reference_page()
    names = [key for definition in json_schema()["$defs"].values() for key in keys_of(definition)]
    assert len(names) > 50
    for name in names:
        assert f"| `{name}` |" in page


def keys_of(definition):
    """Return the keys of a definition, which may have a bare form beside the mapping."""
    branches = definition.get("anyOf", [definition])
    return [key for branch in branches for key in branch.get("properties", {})]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("mesh",), ("size", "surface_size", "smallest_size", "gap_cells")),
        (("materials",), ()),
        (
            ("materials", "any", "electron"),
            ("conductivity", "at", "activation_energy", "prefactor_convention"),
        ),
        (("materials", "any", "ion", "hopping", "lattice"), LATTICE_KEYS),
        (("materials", "any", "ion", "energies"), ()),
        (("microstructure", "packing", "particles", 3, "diameter"), ("mono", "lognormal", "list")),
        (("microstructure", "mesh", "labels"), ()),
        (("study", "vary"), ()),
        (("temperature",), None),
        (("microstructure", "packing", "particles"), None),
        (("nowhere",), None),
        (("nowhere", "below"), None),
    ],
)
def test_the_keys_of_a_place_are_known(path, keys):
    assert keys_at(path) == keys
