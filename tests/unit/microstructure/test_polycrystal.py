"""Polycrystals, columns, bricks and composites as scenarios ask for them."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import MicrostructureError
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.generate import generate
from cellion.microstructure.grain_statistics import (
    grain_boundaries,
    grain_statistics,
)
from cellion.scenario.microstructure import MicrostructureSpec

MATERIALS = {"G": None, "C": None}


def made(**kind):
    return generate(MicrostructureSpec.model_validate(kind), MATERIALS)


def polycrystal(**changes):
    request = {"box": ["10 um", "8 um", "9 um"], "material": "G", "seed": 7}
    return made(polycrystal=request | changes)


@pytest.mark.parametrize("box", [["10 um", "8 um"], ["10 um", "8 um", "9 um"]])
@pytest.mark.parametrize("periodic", [True, False])
def test_sizes_are_met(box, periodic):
    structure = polycrystal(box=box, periodic=periodic, size="2.6 um")
    geometry = structure.geometry
    assert geometry.volumes.sum() == pytest.approx(np.prod(structure.box))
    assert np.ptp(geometry.volumes) < 1e-5 * geometry.volumes.mean()
    diameter = grain_statistics(geometry).equivalent_diameter
    assert diameter == pytest.approx(2.6e-6, rel=0.05)  # a whole number of grains fills the box
    assert structure.numbers["largest_grain_volume_error"] < 1e-6
    assert structure.orientations.shape == (geometry.count, len(box), len(box))


def test_a_number_of_grains_and_the_seed():
    one, same, other = (polycrystal(grains=12, seed=s) for s in (7, 7, 8))
    assert one.geometry.count == 12
    assert np.array_equal(one.geometry.centers, same.geometry.centers)
    assert np.array_equal(one.orientations, same.orientations)
    assert not np.array_equal(one.geometry.centers, other.geometry.centers)
    assert one.requested_volume_fraction == {"G": 1.0}


def test_seeds_with_radii_shift_the_boundary():
    seeds = [{"center": ["2 um", "1 um"]}, {"center": ["6 um", "1 um"], "radius": "2 um"}]
    structure = made(
        polycrystal={
            "box": ["8 um", "2 um"],
            "periodic": False,
            "material": "G",
            "orientations": "aligned",
            "seeds": seeds,
        }
    )
    # |x - 2|^2 = |x - 6|^2 - 4 at x = 3.5
    assert structure.geometry.volumes == pytest.approx([7e-12, 9e-12])
    assert structure.orientations == pytest.approx(np.tile(np.eye(2), (2, 1, 1)))


def test_an_outweighed_seed_is_noted():
    seeds = [{"center": ["2 um", "1 um"]}, {"center": ["2.1 um", "1 um"], "radius": "1.9 um"}]
    notes = polycrystal(box=["8 um", "2 um"], seeds=seeds).notes
    assert any("1 grains own no point, others outweigh them: seeds[0]" in note for note in notes)


def test_columns_are_drawn_out():
    structure = polycrystal(columnar="y", grains=9)
    geometry = structure.geometry
    rng = np.random.default_rng(3)
    x = structure.box * rng.random((500, 3))
    moved = x.copy()
    moved[:, 1] = structure.box[1] * rng.random(500)
    assert (geometry.label(x) == geometry.label(moved)).all()
    assert geometry.volumes.sum() == pytest.approx(np.prod(structure.box))
    assert (geometry.gradient(x, geometry.label(x))[:, 1] == 0).all()


def test_the_label_is_that_of_the_smallest_field():
    geometry = polycrystal(size={"lognormal": {"median": "3 um", "sigma": 0.4}}).geometry
    x = geometry.box * np.random.default_rng(3).random((300, 3))
    every = np.tile(np.arange(geometry.count, dtype=np.int32), (300, 1))
    assert (geometry.label(x) == geometry.field(x, every).argmin(axis=1)).all()
    pair = geometry.lowest(x, 2)
    step = 1e-3 * geometry.box.min()
    slope = geometry.gradient(x, pair)[:, 0, 2]
    shift = np.array([0.0, 0.0, step])
    ahead, behind = x + shift, x - shift
    difference = geometry.field(ahead, pair[:, 0]) - geometry.field(behind, pair[:, 0])
    images = np.abs(difference / (2 * step) - slope) > 1e-6 * np.abs(slope).max()
    assert images.mean() < 0.02  # but where the nearest image changes


def test_bricks_are_grains():
    structure = made(
        bricks={
            "box": ["4 um", "4 um", "2 um"],
            "divisions": [2, 4, 1],
            "material": "G",
            "seed": 7,
            "orientations": "random",
        }
    )
    assert structure.geometry.label_material.tolist() == [0] * 8
    assert structure.orientations.shape == (8, 3, 3)
    assert structure.numbers == {"grains": 8.0}


@pytest.fixture(scope="module")
def composite():
    return made(
        packing={
            "box": ["10 um", "10 um", "10 um"],
            "seed": 7,
            "particles": [{"material": "C", "volume_fraction": 0.3, "diameter": "4 um"}],
            "matrix": {"polycrystal": {"material": "G", "size": "3 um"}},
        }
    )


def test_a_matrix_of_grains_surrounds_the_particles(composite):
    geometry = composite.geometry
    assert isinstance(geometry, CompositeGeometry)
    grains = geometry.grains.count
    x = composite.box * np.random.default_rng(3).random((4000, 3))
    label = geometry.label(x)
    inside = geometry.particles.label(x) > 0
    assert ((label >= grains) == inside).all()
    assert (label[~inside] == geometry.grains.label(x[~inside])).all()
    every = np.tile(np.arange(len(geometry.label_material), dtype=np.int32), (len(x), 1))
    assert (label == geometry.field(x, every).argmin(axis=1)).all()


def test_fractions_sizes_and_orientations_of_a_composite(composite):
    geometry, names = composite.geometry, composite.materials
    fractions = geometry.volume_fractions(names)
    assert fractions == pytest.approx({"G": 0.7, "C": 0.3}, abs=1e-4)
    assert composite.bodies.count == geometry.particles.count
    assert composite.orientations.shape == (len(geometry.label_material), 3, 3)
    assert composite.orientations[-1] == pytest.approx(np.eye(3))


def test_unknown_materials_are_refused():
    with pytest.raises(MicrostructureError, match=r"polycrystal\.material: 'H' is not a material"):
        polycrystal(material="H", grains=2)


def test_statistics_of_a_cubic_lattice_of_grains():
    steps = [f"{k} um" for k in (1, 3, 5)]
    seeds = [{"center": [x, y, z]} for x in steps for y in steps for z in steps]
    structure = polycrystal(box=["6 um"] * 3, seeds=seeds)
    found = grain_statistics(structure.geometry)
    assert (found.count, found.neighbours.tolist()) == (27, [6] * 27)
    assert found.volume == pytest.approx(8e-18)
    assert found.equivalent_diameter == pytest.approx(2e-6 * (6 / np.pi) ** (1 / 3))
    assert found.boundary_surface == pytest.approx(3 / 2e-6)  # three faces per cube
    assert found.mean_boundary_area == pytest.approx(4e-12)
    pairs, area = grain_boundaries(structure.geometry)
    assert (len(pairs), area.sum()) == (81, pytest.approx(81 * 4e-12))


def test_grains_that_meet_their_own_image_have_a_boundary_there():
    one = polycrystal(grains=1).geometry
    assert one.meets_itself(0.0).all()
    assert grain_statistics(one).boundary_surface == pytest.approx((1.0 / one.box).sum())
    distance = one.boundary_distance(one.centers + 0.4 * one.box * np.array([[1, 0, 0]]))
    assert distance == pytest.approx(0.1 * one.box[0])
    column = polycrystal(grains=1, columnar="y").geometry
    assert column.meets_itself(0.0).tolist() == [[True, False, True]]
    assert not polycrystal(grains=60).geometry.meets_itself(0.0).any()
    assert not polycrystal(grains=2, periodic=False).geometry.meets_itself(0.0).any()


def test_a_moved_point_finds_the_moved_image_of_a_grain():
    one = polycrystal(seeds=[{"center": ["5 um"] * 3}]).geometry
    label = np.zeros(1, dtype=np.int32)
    for x in (0.0 * one.box, 0.3 * one.box):  # the first is as near to one image as to the next
        here, there = (one.nearest_image((x + k * one.box)[None], label) for k in (0, 1))
        assert (there == here + 1).all()
