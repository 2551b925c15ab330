"""Polycrystals: exact cells, prescribed sizes, random crystals, and how well meshes follow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from cellion.material.crystal_symmetry import disorientation_angles
from cellion.mesh.data import MeshData, cell_volumes
from cellion.mesh.generate import generate_mesh
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.simplices import local_facets
from cellion.mesh.sizes import MeshSizes, mesh_sizes
from cellion.microstructure.diameters import TRUNCATION
from cellion.microstructure.generate import generate
from cellion.microstructure.grain_statistics import grain_boundaries, grain_statistics
from cellion.microstructure.orientations import random_rotations
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.settings import MeshSpec


def polycrystal(**changes):
    request = {"box": ["10 um", "10 um", "10 um"], "material": "G", "seed": 7}
    return generate(
        MicrostructureSpec.model_validate({"polycrystal": request | changes}), {"G": None}
    )


def test_grain_sizes_follow_the_distribution_asked_for():
    structure = polycrystal(size={"lognormal": {"median": "1.5 um", "sigma": 0.35}})
    diameter = grain_statistics(structure.geometry).equivalent_diameter
    score = np.log(diameter / 1.5e-6) / 0.35
    inside = norm.cdf(TRUNCATION) - norm.cdf(-TRUNCATION)

    def expected(z):
        return np.clip((norm.cdf(z) - norm.cdf(-TRUNCATION)) / inside, 0, 1)

    # One draw from each quantile, all scaled by up to 1 % so that they fill the box.
    assert kstest(score, expected).statistic < 0.03
    assert structure.geometry.volumes.sum() == pytest.approx(1e-15, rel=1e-9)


def test_random_seeds_have_the_statistics_of_poisson_and_voronoi():
    found = grain_statistics(polycrystal(grains=1000).geometry)
    # Meijering 1953, exact: 48 pi^2 / 35 + 2 faces, 2.910 rho^(1/3) of surface per volume;
    # Gilbert 1962: variance of volume 0.179. Standard errors of 1000 cells: 0.1, 0.5 %, 5 %.
    assert found.neighbours.mean() == pytest.approx(48 * np.pi**2 / 35 + 2, abs=0.4)
    density = (1000 / 1e-15) ** (1 / 3)
    assert found.boundary_surface == pytest.approx(2.910 * density, rel=0.02)
    assert np.var(found.volume / found.volume.mean()) == pytest.approx(0.179, rel=0.2)


def test_random_cubes_are_disoriented_as_mackenzie_says():
    rng = np.random.Generator(np.random.PCG64(7))
    first, second = random_rotations(40_000, rng), random_rotations(40_000, rng)
    degrees = np.degrees(disorientation_angles(first, second, "cubic"))
    # Mackenzie 1958: mean 40.74, largest 62.80; four standard errors of 11.3 / 200.
    assert degrees.mean() == pytest.approx(40.74, abs=0.23)
    assert 62.0 < degrees.max() < 62.80
    # His density is 24/pi (1 - cos theta) up to 45 degrees.
    for limit in (15.0, 30.0, 45.0):
        theta = np.radians(limit)
        share = 24 / np.pi * (theta - np.sin(theta))
        assert (degrees < limit).mean() == pytest.approx(share, abs=4 * 0.5 / 200)


def boundaries(mesh: MeshData):
    """Pairs of labels, areas and corners of the facets between grains inside the box."""
    facets = mesh.cells[:, local_facets(mesh.dimension)].reshape(-1, mesh.dimension)
    cell = np.repeat(np.arange(len(mesh.cells)), mesh.dimension + 1)
    key = np.sort(facets, axis=1)
    order = np.lexsort(key.T)
    same = (key[order][1:] == key[order][:-1]).all(axis=1)
    a, b = order[:-1][same], order[1:][same]
    differ = mesh.labels[cell[a]] != mesh.labels[cell[b]]
    pairs = np.stack([mesh.labels[cell[a]], mesh.labels[cell[b]]], axis=1)[differ]
    return pairs, mesh.points[facets[a[differ]]]


def tilt(structure, pairs, corners):
    """Areas of facets and their angles [degrees] to the planes of the tessellation."""
    normal = 0.5 * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=1)
    slope = structure.geometry.gradient(corners.mean(axis=1), pairs)
    across = slope[:, 0] - slope[:, 1]
    cosine = np.abs((normal * across).sum(axis=1)) / (area * np.linalg.norm(across, axis=1))
    return area, np.degrees(np.arccos(np.clip(cosine, 0, 1)))


@pytest.fixture(scope="module")
def meshed():
    structure = polycrystal(size={"lognormal": {"median": "3.6 um", "sigma": 0.3}}, periodic=False)
    return structure, generate_mesh(structure, mesh_sizes(MeshSpec(), structure))


def test_a_mesh_has_the_volumes_of_the_grains(meshed):
    structure, mesh = meshed
    volumes = np.bincount(mesh.labels, cell_volumes(mesh.points, mesh.cells))
    error = volumes / structure.geometry.volumes.mean() - structure.geometry.volumes / (
        structure.geometry.volumes.mean()
    )
    assert np.sqrt(np.mean(error**2)) < 3e-3
    assert volumes.sum() == pytest.approx(1e-15, rel=1e-9)


def test_boundaries_in_a_mesh_are_planes(meshed):
    structure, mesh = meshed
    area, angle = tilt(structure, *boundaries(mesh))
    # ragged are facets at triple lines only
    assert area[angle > 5].sum() < 0.15 * area.sum()
    assert area[angle > 1e-6].sum() < 0.45 * area.sum()
    assert mesh.quality["min_dihedral_degrees"] > 5.9


def test_contacts_in_a_mesh_are_those_of_the_tessellation(meshed):
    structure, mesh = meshed
    pairs, corners = boundaries(mesh)
    area, _ = tilt(structure, pairs, corners)
    count = structure.geometry.count
    key = np.sort(pairs, axis=1) @ np.array([count, 1])
    found = np.bincount(key, area, count**2)
    true, exact = grain_boundaries(structure.geometry)
    wanted = np.zeros(count**2)
    wanted[true @ np.array([count, 1])] = exact
    assert found.sum() == pytest.approx(wanted.sum(), rel=0.02)
    missing, extra = (found == 0) & (wanted > 0), (wanted == 0) & (found > 0)
    assert wanted[missing].sum() < 1e-3 * wanted.sum()
    assert found[extra].sum() < 1e-3 * wanted.sum()


def test_a_periodic_polycrystal_matches_across_the_period():
    structure = polycrystal(grains=6)
    mesh = generate_mesh(structure, mesh_sizes(MeshSpec(surface_size="1.2 um"), structure))
    match_periodic_faces(mesh)
    assert mesh.quality["labels_without_cells"] == 0


@pytest.mark.parametrize("columnar", ["x", "z"])
def test_columns_are_meshed_as_prisms(columnar):
    structure = polycrystal(grains=5, columnar=columnar)
    mesh = generate_mesh(structure, mesh_sizes(MeshSpec(surface_size="0.9 um"), structure))
    assert mesh.pieces is not None  # columns that meet their images across the axis
    volumes = np.bincount(mesh.pieces[mesh.labels, 0], cell_volumes(mesh.points, mesh.cells))
    assert volumes == pytest.approx(structure.geometry.volumes, rel=0.03)


def test_shifting_all_seeds_shifts_the_grains():
    places = np.random.default_rng(13).random((7, 3)) * 10
    shift = np.array([3.1, 4.7, 1.9])

    def grown(x):
        seeds = [{"center": [f"{c:.12f} um" for c in row]} for row in x % 10]
        return polycrystal(seeds=seeds).geometry

    one, other = grown(places), grown(places + shift)
    assert other.volumes == pytest.approx(one.volumes, rel=1e-6)
    x = 1e-5 * np.random.default_rng(17).random((500, 3))
    moved = (x + 1e-6 * shift) % 1e-5
    assert (one.label(x) == other.label(moved)).mean() > 0.998  # rounding at boundaries


@pytest.mark.slow
def test_many_grains_keep_the_quality_of_the_mesh():
    structure = polycrystal(grains=120)
    size = 0.2 * 1e-5 / 120 ** (1 / 3)
    mesh = generate_mesh(structure, MeshSizes(size=size, surface=size, smallest=size))
    volumes = np.bincount(mesh.labels, cell_volumes(mesh.points, mesh.cells))
    error = (volumes - structure.geometry.volumes) / structure.geometry.volumes.mean()
    assert mesh.quality["min_dihedral_degrees"] > 5.9
    assert mesh.quality["labels_without_cells"] == 0
    assert np.sqrt(np.mean(error**2)) < 3e-3
