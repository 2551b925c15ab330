"""What a run will cost: orders of magnitude, and the faults that a run would meet."""

from __future__ import annotations

import pytest

from cellion.errors import MeshError, MicrostructureError
from cellion.pipeline.estimate import directions_of, estimate
from cellion.scenario.load import load_scenario
from small_scenarios import DISC, PACKING, PLATES, write


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
