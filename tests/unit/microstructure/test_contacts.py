"""Gaps and necks: geometry of single contacts, and the mesh sizes they ask for."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest


def test_gap_between_unequal_spheres(spheres):
    contacts = spheres([[0.2, 0.5, 0.5], [0.6, 0.5, 0.5]], [0.1, 0.25], periodic=False).contacts(
        0.1
    )
    assert contacts.gap == pytest.approx([0.05])
    assert contacts.midpoint[0] == pytest.approx([0.325, 0.5, 0.5])
    assert contacts.normal[0] == pytest.approx([1, 0, 0])
    assert contacts.reduced_radius == pytest.approx([0.1 * 0.25 / 0.35])
    assert contacts.neck_radius == pytest.approx([0.0])


def test_neck_lies_on_both_spheres(spheres):
    contacts = spheres([[0.2, 0.5, 0.5], [0.5, 0.5, 0.5]], [0.15, 0.2], periodic=False).contacts(
        0.0
    )
    rim = contacts.midpoint[0] + contacts.neck_radius[0] * np.array([0, 1, 0])
    assert contacts.gap == pytest.approx([-0.05])
    assert np.linalg.norm(rim - [0.2, 0.5, 0.5]) == pytest.approx(0.15)
    assert np.linalg.norm(rim - [0.5, 0.5, 0.5]) == pytest.approx(0.2)


def test_contact_through_the_period(spheres):
    contacts = spheres([[0.9, 0.5], [0.1, 0.5]], [0.09, 0.09], (1, 1)).contacts(0.05)
    assert contacts.gap == pytest.approx([0.02])
    assert contacts.image.tolist() == [[1, 0]]
    # the middle of the gap is the face of the box, 0 or 1 up to rounding
    assert min(contacts.midpoint[0, 0], 1 - contacts.midpoint[0, 0]) == pytest.approx(0, abs=1e-12)


def test_a_particle_inside_another_has_no_contact_with_it(spheres):
    assert len(spheres([[0.5, 0.5], [0.52, 0.5]], [0.3, 0.1], (1, 1)).contacts(0.1)) == 0


def test_size_far_from_contacts_grows_with_distance(spheres, sizes):
    geometry = spheres([[0.5, 0.5, 0.5]], [0.2])
    x = np.array([[0.5, 0.5, 0.7], [0.5, 0.5, 0.74], [0.5, 0.5, 0.98], [0.5, 0.5, 0.6]])
    assert geometry.size(x, sizes) == pytest.approx([0.04, 0.06, 0.1, 0.09])


def test_surface_size_does_not_exceed_the_radius(spheres, sizes):
    geometry = spheres([[0.5, 0.5, 0.5]], [0.01])
    assert geometry.size(np.array([[0.51, 0.5, 0.5]]), sizes) == pytest.approx([0.01])


def test_gap_gets_the_wanted_number_of_cells(spheres, sizes):
    r, gap = 0.2, 0.02
    geometry = spheres([[0.2, 0.5, 0.5], [0.2 + 2 * r + gap, 0.5, 0.5]], [r, r], (2, 1, 1))
    rho = np.array([0.0, 0.04, 0.08])
    x = np.stack([np.full(3, 0.2 + r + 0.5 * gap), 0.5 + rho, np.full(3, 0.5)], axis=1)
    # the true gap between the two spheres at a distance rho from the axis
    width = gap + 2 * (r - np.sqrt(r**2 - rho**2))
    # the parabola is the leading order: 3 % off where rho / r = 0.4
    assert geometry.size(x, sizes) == pytest.approx(width / sizes.gap_cells, rel=0.03)


def test_touching_particles_reach_the_floor(spheres, sizes):
    geometry = spheres([[0.3, 0.5, 0.5], [0.7, 0.5, 0.5]], [0.2, 0.2], periodic=False)
    assert geometry.size(np.array([[0.5, 0.5, 0.5]]), sizes) == pytest.approx([sizes.smallest])


def test_neck_gets_cells_along_its_radius(spheres, sizes):
    geometry = spheres([[0.31, 0.5, 0.5], [0.69, 0.5, 0.5]], [0.2, 0.2], periodic=False)
    neck = np.sqrt(0.2**2 - 0.19**2)
    x = np.array([[0.5, 0.5, 0.5], [0.5, 0.5 + neck, 0.5]])
    assert geometry.size(x, sizes)[1] == pytest.approx(neck / 2, rel=1e-6)
    assert geometry.size(x, sizes)[0] <= neck / 2 + 0.5 * 0.01 + 1e-12


@pytest.mark.parametrize(("spread", "gap_cells"), [(1.0, 2.0), (8.0, 2.0), (1.0, 15.0)])
def test_sizes_take_the_smallest_demand_of_all_contacts(spheres, spread, gap_cells):
    rng = np.random.default_rng(641)
    radii = 0.03 * spread ** rng.random(80)
    geometry = spheres(rng.random((80, 3)), radii)
    sizes = SimpleNamespace(size=0.08, surface=0.02, smallest=0.001, gap_cells=gap_cells)
    x = rng.random((1500, 3))
    contacts = geometry.contacts(sizes.gap_cells * sizes.surface)
    away = np.abs(geometry.nearest(x, 1)[1][:, 0])
    labels = geometry.nearest(x, 1)[0][:, 0]
    surface = np.minimum(sizes.surface, radii[labels - 1])
    expected = np.clip(surface + 0.5 * away, sizes.smallest, sizes.size)
    vector = x[:, None] - contacts.midpoint
    vector -= np.rint(vector)
    rho2 = np.sum(vector**2, axis=2)
    width = contacts.gap + rho2 / (2 * contacts.reduced_radius)
    floor = np.maximum(sizes.smallest, contacts.neck_radius / sizes.gap_cells)
    demand = np.maximum(floor, width / gap_cells) + 0.5 * np.maximum(
        away[:, None] - 0.5 * np.maximum(width, 0), 0
    )
    demand[width >= sizes.gap_cells * sizes.surface] = np.inf
    assert np.allclose(geometry.size(x, sizes), np.minimum(expected, demand.min(axis=1)))


def test_gaps_as_wide_as_the_box_are_no_work(spheres):
    """Tens of thousands; the narrow ones leave nothing for the others to ask for."""
    rng = np.random.default_rng(15)
    geometry = spheres(rng.random((60, 3)), np.full(60, 0.1))
    sizes = SimpleNamespace(size=0.2, surface=0.1, smallest=0.01, gap_cells=20.0)
    x = rng.random((8000, 3))
    start = time.process_time()
    assert geometry.size(x, sizes).max() < 0.2
    assert time.process_time() - start < 10.0  # all of them at all points take a minute
    assert len(geometry.contacts(2.0)) > 5e4


def test_sizes_repeat_with_the_box(spheres, sizes):
    rng = np.random.default_rng(88)
    geometry = spheres(rng.random((40, 3)), np.full(40, 0.1))
    x = rng.random((300, 3))
    assert np.allclose(geometry.size(x, sizes), geometry.size(x + np.array([1, -1, 2]), sizes))
