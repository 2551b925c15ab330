"""Scenarios of every kind are read, with SI values and sensible defaults."""

from __future__ import annotations

import pickle

import pytest
from ruamel.yaml import YAML

from cellion.errors import ScenarioError
from cellion.quantities import ELECTRON_VOLT
from cellion.scenario.load import build_scenario

MATERIALS = """
SE: {ion: {conductivity: 3 mS/cm}, density: 1.64 g/cm^3}
CAM: {library: NCM811}
pore: insulator
"""

PACKING = """
packing:
  box: [30 um, 20 um, 10 um]
  seed: 7
  particles:
    - {material: CAM, volume_fraction: 45 %, diameter: {lognormal: {median: 5 um, sigma: 0.3}}}
    - {material: CAM, volume_fraction: 0.1, diameter: 2 um}
  pores: {volume_fraction: 0.05}
  matrix: SE
"""


def yaml(text):
    return YAML(typ="safe").load(text)


def scenario_of(microstructure, **sections):
    document = {
        "name": "demo",
        "materials": yaml(MATERIALS),
        "microstructure": yaml(microstructure),
        **sections,
    }
    return build_scenario(document)


def test_a_packing():
    spec = scenario_of(PACKING).microstructure
    packing = spec.packing
    assert (spec.kind, spec.periodic) == ("packing", True)
    assert packing.box == spec.box == (3e-5, 2e-5, 1e-5)
    assert (packing.seed, packing.matrix.material, packing.overlap) == (7, "SE", 0.0)
    large, small = packing.particles
    assert (large.volume_fraction, large.weight_fraction) == (pytest.approx(0.45), None)
    assert (large.diameter.lognormal.median, large.diameter.lognormal.sigma) == (5e-6, 0.3)
    assert (small.diameter.mono, small.diameter.lognormal, small.diameter.list) == (
        2e-6,
        None,
        None,
    )
    assert (packing.pores.material, packing.pores.diameter) == ("pore", None)


def test_a_packing_by_weight_with_classes_of_sizes():
    packing = scenario_of(
        """
        packing:
          box: [30 um, 20 um, 10 um]
          periodic: false
          seed: 11
          overlap: 5 %
          particles:
            - material: CAM
              weight_fraction: 0.7
              diameter: {list: [{diameter: 4 um, share: 25 %}, {diameter: 2 um, share: 0.75}]}
          matrix: SE
        """
    ).microstructure.packing
    assert packing.particles[0].weight_fraction == 0.7
    assert [(c.diameter, c.share) for c in packing.particles[0].diameter.list] == [
        (4e-6, 0.25),
        (2e-6, 0.75),
    ]
    assert (packing.periodic, packing.overlap, packing.pores) == (False, 0.05, None)


def test_shares_written_with_few_digits_are_made_a_whole():
    third = "{diameter: %d um, share: 0.333}"
    packing = scenario_of(
        PACKING.replace(
            "diameter: 2 um", f"diameter: {{list: [{', '.join(third % d for d in (1, 2, 3))}]}}"
        )
    ).microstructure.packing
    shares = [entry.share for entry in packing.particles[1].diameter.list]
    assert sum(shares) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize(
    ("box", "center", "directions"),
    [
        ("[1 um, 2 um, 3 um]", "[0 um, 2 um, 1.5 um]", ("x", "y", "z")),
        ("[1 um, 2 um]", "[0.5 um, 0 um]", ("x", "y")),
    ],
)
def test_spheres_and_discs(box, center, directions):
    scenario = scenario_of(
        f"spheres: {{box: {box}, matrix: SE, "
        f"spheres: [{{center: {center}, radius: 0.3 um, material: CAM}}]}}"
    )
    sphere = scenario.microstructure.spheres.spheres[0]
    assert (sphere.radius, sphere.material) == (3e-7, "CAM")
    assert len(sphere.center) == len(directions)
    assert scenario.transport.directions == directions


def test_layers_along_an_axis():
    layers = scenario_of(
        "layers: {box: [4 um, 1 um], axis: x, materials: [SE, CAM, SE], "
        "thicknesses: [1 um, 2000 nm, 0.001 mm]}"
    ).microstructure.layers
    assert (layers.axis, layers.normal) == ("x", None)
    assert layers.thicknesses == pytest.approx((1e-6, 2e-6, 1e-6), rel=1e-15)


def test_a_layer_too_thin_to_be_told_from_a_face_is_refused():
    with pytest.raises(ScenarioError, match=r"thicknesses: found a layer of 1e-15 m; .*1e-08 of"):
        scenario_of(
            "layers: {box: [4 um, 1 um], axis: x, materials: [SE, CAM], "
            "thicknesses: [1e-9 um, 3.999999999 um]}"
        )


def test_oblique_layers():
    layers = scenario_of(
        "layers: {box: [4 um, 1 um, 1 um], normal: [1, -2, 0], materials: [SE, CAM], "
        "thicknesses: [0.25, 75 %]}"
    ).microstructure.layers
    assert (layers.axis, layers.normal) == (None, (1, -2, 0))
    assert layers.thicknesses == (0.25, 0.75)


@pytest.mark.parametrize(
    ("divisions", "periodic", "materials"),
    [
        ([2, 2], True, ["SE", "CAM"]),
        ([2, 4, 2], True, ["SE", "CAM"]),
        ([3, 3], False, ["SE", "CAM"]),
        ([3, 1], True, ["SE", "CAM", "pore"]),
        ([2, 1], True, ["SE", "CAM"]),
    ],
)
def test_checkerboards(divisions, periodic, materials):
    box = ", ".join(["1 um"] * len(divisions))
    tiles = scenario_of(
        f"checkerboard: {{box: [{box}], periodic: {str(periodic).lower()}, "
        f"divisions: {divisions}, materials: {materials}}}"
    ).microstructure.checkerboard
    assert (tiles.divisions, tiles.materials) == (tuple(divisions), tuple(materials))


@pytest.mark.parametrize("unit", ["um", "1 um", "µm", "0.001 mm"])
def test_a_mesh_file_lies_beside_the_scenario(tmp_path, unit):
    (tmp_path / "cells.msh").write_text("$MeshFormat", encoding="utf-8")
    document = {
        "name": "demo",
        "materials": yaml(MATERIALS),
        "microstructure": {
            "mesh": {"file": "cells.msh", "length_unit": unit, "labels": {1: "SE", "2": "CAM"}}
        },
    }
    scenario = build_scenario(document, path=tmp_path / "demo.yaml")
    mesh = scenario.microstructure.mesh
    assert mesh.file == tmp_path / "cells.msh"
    assert mesh.length_unit == pytest.approx(1e-6, rel=1e-15)
    assert mesh.labels == {1: "SE", 2: "CAM"}
    # the dimension is known only when the file is read
    assert (scenario.microstructure.box, scenario.transport.directions) == (None, None)
    assert scenario.transport.boundary == "electrodes"


@pytest.mark.parametrize(("periodic", "boundary"), [("true", "periodic"), ("false", "electrodes")])
def test_the_boundary_follows_the_geometry_unless_it_is_given(periodic, boundary):
    tiles = f"checkerboard: {{box: [1 um, 1 um], periodic: {periodic}, divisions: [2, 2], "
    tiles += "materials: [SE, CAM]}"
    assert scenario_of(tiles).transport.boundary == boundary
    asked = scenario_of(tiles, transport={"boundary": "electrodes", "carriers": ["ion"]}).transport
    assert (asked.boundary, asked.carriers, asked.directions) == (
        "electrodes",
        ("ion",),
        ("x", "y"),
    )


def test_what_is_left_out_has_a_default():
    scenario = scenario_of(PACKING)
    assert scenario.temperature == 298.15
    assert scenario.transport.carriers == ("ion", "electron")
    assert scenario.mesh.model_dump() == {
        "size": None,
        "surface_size": None,
        "smallest_size": None,
        "gap_cells": 2.0,
    }
    assert scenario.output.fields == ("potential", "current_density")
    assert scenario.output.pictures is True
    assert (scenario.study, scenario.description) == (None, None)


@pytest.mark.parametrize(
    ("written", "tensor"),
    [
        ("3 mS/cm", ((0.3, 0, 0), (0, 0.3, 0), (0, 0, 0.3))),
        ("[1 S/m, 2 S/m, 30 mS/cm]", ((1, 0, 0), (0, 2, 0), (0, 0, 3))),
        (
            "[[2 S/m, 1 S/m, 0 S/m], [1 S/m, 2 S/m, 0 S/m], [0 S/m, 0 S/m, 1 S/m]]",
            ((2, 1, 0), (1, 2, 0), (0, 0, 1)),
        ),
    ],
)
def test_a_conductivity_in_any_form_is_a_tensor(written, tensor):
    materials = yaml(
        f"{{SE: {{ion: {{conductivity: {written}}}}}, CAM: insulator, pore: insulator}}"
    )
    ion = scenario_of(PACKING, materials=materials).materials["SE"].ion
    assert ion.conductivity == tuple(tuple(map(float, row)) for row in tensor)
    assert ion.conducts
    assert ion.prefactor_convention == "sigmaT"


def test_an_arrhenius_law_and_insulating_carriers():
    materials = yaml(
        """
        SE: {library: Li6PS5Cl, electron: insulator}
        CAM: {ion: {conductivity: 1 S/m, at: 25 degC, activation_energy: 0.3 eV,
                    prefactor_convention: sigma}}
        pore: insulator
        """
    )
    read = scenario_of(PACKING, materials=materials, temperature="350 K").materials
    assert (read["SE"].library, read["SE"].ion, read["SE"].electron.conducts) == (
        "Li6PS5Cl",
        None,
        False,
    )
    assert read["CAM"].ion.at == 298.15
    assert read["CAM"].ion.activation_energy == pytest.approx(0.3 * ELECTRON_VOLT, rel=1e-15)
    assert read["CAM"].ion.prefactor_convention == "sigma"
    assert not read["pore"].ion.conducts
    assert not read["pore"].electron.conducts


def test_a_scenario_travels_between_processes():
    scenario = scenario_of(PACKING)
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_a_polycrystal_by_sizes():
    scenario = scenario_of(
        """
        polycrystal:
          box: [10 um, 10 um, 10 um]
          material: SE
          size: {lognormal: {median: 2 um, sigma: 0.3}}
          seed: 7
        """
    )
    spec = scenario.microstructure
    assert (spec.kind, spec.periodic, spec.seed, spec.grains_of) == ("polycrystal", True, 7, "SE")
    assert spec.polycrystal.size.lognormal.median == 2e-6
    assert spec.polycrystal.orientations.random
    assert scenario.transport.boundary == "periodic"


def test_a_polycrystal_by_seeds_needs_no_seed_when_nothing_is_random():
    spec = scenario_of(
        """
        polycrystal:
          box: [10 um, 10 um]
          material: SE
          seeds: [{center: [1 um, 2 um]}, {center: [6 um, 2 um], radius: 3 um}]
          orientations: {euler: [[0, 0, 0], [45, 0, 0]]}
        """
    ).microstructure.polycrystal
    assert [seed.radius for seed in spec.seeds] == [None, 3e-6]
    assert spec.orientations.euler == ((0.0, 0.0, 0.0), (45.0, 0.0, 0.0))
    assert spec.seed is None


def test_a_fibre_texture():
    texture = scenario_of(
        """
        bricks:
          box: [1 um, 1 um, 1 um]
          divisions: [2, 2, 2]
          material: SE
          seed: 7
          orientations: {fibre: {axis: x, crystal: [1, 1, 1], spread: 10}}
        """
    ).microstructure.bricks.orientations.fibre
    assert (texture.axis, texture.crystal, texture.spread) == ((1, 0, 0), (1, 1, 1), 10)


def test_a_matrix_of_grains():
    spec = scenario_of(
        PACKING.replace("matrix: SE", "matrix: {polycrystal: {material: SE, size: 1 um}}")
    ).microstructure
    assert (spec.packing.matrix.material, spec.grains_of) == ("SE", "SE")
    assert spec.packing.matrix.polycrystal.size.mono == 1e-6


def test_interfaces_in_si_units():
    spec = scenario_of(
        PACKING,
        interfaces=yaml(
            """
            - between: [SE, CAM]
              charge_transfer: {exchange_current_density: 1 mA/cm^2}
              at: 298.15 K
              activation_energy: 0.4 eV
            - {between: [SE, SE], carrier: ion, area_resistance: 1.2 Ohm cm^2}
            - {between: [CAM, CAM], insulating: true}
            """
        ),
    ).interfaces
    assert spec[0].charge_transfer.exchange_current_density == pytest.approx(10.0)
    assert spec[0].activation_energy == pytest.approx(0.4 * ELECTRON_VOLT)
    assert spec[1].area_resistance == pytest.approx(1.2e-4)
    assert [entry.laws for entry in spec] == [
        ("charge_transfer",),
        ("area_resistance",),
        ("insulating",),
    ]
