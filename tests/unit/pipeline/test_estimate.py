"""What a run will cost: orders of magnitude, and the faults that a run would meet."""

from __future__ import annotations

import pytest

from cellion.errors import MeshError, MicrostructureError, ScenarioError, SetupError
from cellion.pipeline.estimate import directions_of, estimate
from cellion.pipeline.resources import bytes_text
from cellion.scenario.load import load_scenario
from helpers.small_scenarios import DISC, PACKING, PLATES, write

LAYERS = """\
name: layers
materials: {A: {ion: {conductivity: 1 mS/cm}}}
microstructure:
  layers: {box: [4 um, 4 um, 4 um], axis: x, materials: [A, A], thicknesses: [1 um, 3 um]}
"""


def estimate_of(folder, text, *overrides):
    return estimate(load_scenario(write(folder, text), overrides))


def test_mesh_file_is_counted(tmp_path):
    found = estimate_of(tmp_path, PLATES)
    assert (found.cells, found.particles, found.runs) == (8, None, 1)


def test_halved_cells_are_four_times_as_many_in_two_dimensions(tmp_path):
    """Within the steps of a tree of squares, whose sizes are halves of each other."""
    coarse = estimate_of(tmp_path, DISC, "mesh={size: 1 um, surface_size: 1 um}")
    fine = estimate_of(tmp_path, DISC, "mesh={size: 0.5 um, surface_size: 0.5 um}")
    assert 2.5 <= fine.cells / coarse.cells <= 6.0
    assert fine.memory >= coarse.memory
    assert fine.seconds >= coarse.seconds


def test_particles_and_pores_are_counted(tmp_path):
    assert estimate_of(tmp_path, PACKING).particles == 7


def test_two_carriers_take_longer_than_one(tmp_path):
    both = estimate_of(tmp_path, DISC)
    one = estimate_of(tmp_path, DISC, "transport.carriers=[ion]")
    assert both.seconds > one.seconds


def test_runs_are_combinations_times_replicates(tmp_path):
    text = PACKING + "study: {vary: {temperature: [290 K, 300 K, 310 K]}, replicates: 4}\n"
    found = estimate_of(tmp_path, text)
    assert found.runs == 12
    assert found.lines()[-1].endswith("for each of 12 runs")


def test_impossible_packing_is_refused(tmp_path):
    with pytest.raises(MicrostructureError, match=r"do not fit"):
        estimate_of(tmp_path, PACKING.replace("volume_fraction: 0.35", "volume_fraction: 0.94"))


def test_direction_that_the_mesh_lacks_is_refused(tmp_path):
    with pytest.raises(MeshError, match=r"found 'z', but the mesh has 2 dimensions"):
        estimate_of(tmp_path, PLATES, "transport.directions=[x, z]")


@pytest.mark.parametrize(("dimension", "all_of_it"), [(2, ("x", "y")), (3, ("x", "y", "z"))])
def test_directions_are_those_of_the_mesh_by_default(tmp_path, dimension, all_of_it):
    text = PLATES.replace(", directions: [x]", "")
    assert directions_of(load_scenario(write(tmp_path, text)), dimension) == all_of_it


# --- whatever is asked, it answers soon ----------------------------------------------------------


def test_a_mesh_that_no_machine_holds_is_refused(tmp_path):
    with pytest.raises(
        SetupError, match=r"about [0-9]+ [PE]B of memory .* can be numbered; choose"
    ):
        estimate_of(tmp_path, LAYERS, "mesh={size: 0.0001 um}")


def test_a_mesh_that_this_machine_does_not_hold_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("cellion.pipeline.estimate.available_memory", lambda: 0.1e9)
    lines = estimate_of(tmp_path, LAYERS).lines()
    assert lines[0].endswith("the scenario is valid, but too large for this machine")
    assert any(line.endswith("0.1 GB are free here") for line in lines)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0.35e9, "0.3 GB"), (12.4e9, "12 GB"), (3.21e12, "3.2 TB"), (192e15, "192 PB")],
)
def test_sizes_have_units_that_suit_them(size, text):
    assert bytes_text(size) == text


MANY = """\
name: many
materials: {A: {ion: {conductivity: 1 mS/cm}}, B: {ion: {conductivity: 2 mS/cm}}, C: insulator}
microstructure:
"""

PORES = """\
  packing:
    box: [10 um, 10 um, 10 um]
    matrix: A
    seed: 1
    particles: [{material: B, volume_fraction: 30 %, diameter: 1 um}]
    pores: {material: C, volume_fraction: 12 %}
"""


def test_many_particles_are_not_placed_and_a_default_is_told(tmp_path, monkeypatch):
    """8,488 pores, of a size that nobody wrote: packing them takes minutes."""
    monkeypatch.setattr("cellion.microstructure.packing.relax", unwanted)
    found = estimate_of(tmp_path, MANY + PORES)
    assert found.particles == pytest.approx(9060, abs=20)
    told = "\n".join(found.lines())
    assert "8,488 spherical voids in the matrix of 0.3 um, 0.3 of the smallest median" in told
    assert "'diameter' under 'pores' sets another" in told
    assert "whether 9,0" in told


@pytest.mark.parametrize("grains", ["grains: 5000", "size: {mono: 0.6 um}"])
def test_many_grains_are_not_cut_out(tmp_path, monkeypatch, grains):
    monkeypatch.setattr("cellion.microstructure.laguerre.power_diagram", unwanted)
    monkeypatch.setattr("cellion.microstructure.polycrystal.fit_volumes", unwanted)
    text = f"  polycrystal: {{box: [10 um, 10 um, 10 um], material: A, {grains}, seed: 1}}\n"
    assert estimate_of(tmp_path, MANY + text).cells > 1e6


def unwanted(*arguments, **options):
    raise AssertionError("this takes too long for an estimate")


def test_a_sketch_is_meshed_nearly_as_finely_as_what_it_stands_for(tmp_path, monkeypatch):
    """Within a factor of two, as promised: particles that are over each other, and grains."""
    grains = "  polycrystal: {box: [4 um, 4 um, 4 um], material: A, grains: 60, seed: 1}\n"
    spheres = PORES.replace("10 um, 10 um, 10 um", "3 um, 3 um, 3 um")
    for text in (grains, spheres):
        full = estimate_of(tmp_path, MANY + text).cells
        for room in ("packing", "polycrystal"):
            monkeypatch.setattr(f"cellion.microstructure.{room}.SKETCHED", 10)
        sketched = estimate_of(tmp_path, MANY + text).cells
        monkeypatch.undo()
        assert 0.5 < sketched / full < 2.0


def test_every_layer_is_counted(tmp_path):
    """Layers thinner than the cells have some of their own."""
    names, shares = ", ".join(["A", "B"] * 500), ", ".join(["0.01 um"] * 1000)
    text = MANY + (
        "  layers: {box: [10 um, 1 um, 1 um], axis: x, "
        f"materials: [{names}], thicknesses: [{shares}]}}\n"
    )
    assert estimate_of(tmp_path, text).cells >= 1000 * 2 * 4 * 4 * 6


def test_too_many_tiles_are_refused(tmp_path):
    text = "  checkerboard: {box: [1 um, 1 um], divisions: [10000, 10000], materials: [A, B]}\n"
    with pytest.raises(ScenarioError, match="found 100000000 tiles; at most 1000000 are possible"):
        estimate_of(tmp_path, MANY + text)
