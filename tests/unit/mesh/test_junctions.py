"""Where more than two labels meet, vertices touch them all and cells share one."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.mesh.background import background_mesh
from cellion.mesh.bodies import Bodies
from cellion.mesh.cut import cut_mesh
from cellion.mesh.data import cell_volumes
from cellion.mesh.junctions import join_labels, share_a_label, shared_labels
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.microstructure.laguerre import LaguerreGeometry


def sectors() -> LaguerreGeometry:
    """Three grains that meet in the line (1/2, 1/2, z)."""
    angle = 2 * np.pi * (np.arange(3) / 3 + 0.1)
    centers = 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    return LaguerreGeometry(
        box=np.ones(3),
        periodic=np.zeros(3, dtype=np.bool_),
        centers=centers,
        weights=np.zeros(3),
        label_material=np.zeros(3, dtype=np.int32),
    )


def test_the_labels_that_all_vertices_touch() -> None:
    sets = np.array([[[4, 2, -1], [2, 7, -1], [2, -1, -1]], [[4, 2, -1], [7, 4, 2], [4, 2, 9]]])
    assert shared_labels(sets.astype(np.int32)).tolist() == [
        [False, True, False],
        [True, True, False],
    ]


def test_the_vertex_nearest_to_the_line_joins() -> None:
    # A triangle across the line, cut on all edges: its corners touch 01, 12 and 02.
    points = np.array([[0.5, 0.52, 0.5], [0.3, 0.5, 0.5], [0.7, 0.3, 0.5], [0.5, 0.5, 0.9]])
    touched = np.full((4, 6), -1, dtype=np.int32)
    touched[:, :2] = [[0, 1], [1, 2], [0, 2], [0, 1]]
    cells = np.array([[0, 1, 2, 3]])
    assert not share_a_label(cells, touched).any()
    joined = join_labels(
        points, cells, np.arange(4), np.zeros((4, 3), np.int32), touched, Bodies(geometry=sectors())
    )
    assert share_a_label(cells, joined).all()
    assert set(joined[0].tolist()) - {-1} == {0, 1, 2}
    assert (joined[1:3] == touched[1:3]).all()


@pytest.mark.parametrize("periodic", [True, False])
def test_cells_of_a_cut_polycrystal_fill_their_grains(periodic: bool) -> None:
    rng = np.random.default_rng(29)
    geometry = LaguerreGeometry(
        box=np.ones(3),
        periodic=np.full(3, periodic),
        centers=rng.random((12, 3)),
        weights=np.zeros(12),
        label_material=np.zeros(12, dtype=np.int32),
    )
    planes = uniform_planes(geometry.box, geometry.periodic, coarsest=0.1, finest=0.1)
    octree = build_octree(planes, geometry.periodic, lambda x: np.full(len(x), 0.1))
    cut = cut_mesh(background_mesh(octree), Bodies(geometry=geometry))
    volumes = np.bincount(cut.bodies, cell_volumes(cut.points, cut.cells), 12)
    # Before vertices are fitted, the error is a layer of a fraction of a cell.
    assert volumes == pytest.approx(geometry.volumes, abs=0.02 * geometry.volumes.mean())
