"""Components of conducting cells against a plain graph of all facets."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.facets import facet_vertices, flagged_facets, match_facets
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.primal.percolation import find_components, flux_enters
from helpers.mesh_boxes import labelled_box, layers, tiles

CONDUCTS = np.array([False, True])


def speckled(divisions: tuple[int, ...], share: float, seed: int) -> MeshData:
    """Each cell conducts at random."""
    rng = np.random.default_rng(seed)
    return labelled_box(divisions, lambda x: rng.random(len(x)) < share, ["void", "metal"])


def graph_components(mesh: LabelledMesh, active: NDArray[np.bool_], periodic: bool) -> list[set]:
    """Sets of cells that are connected through facets."""
    facets = flagged_facets(mesh.cells, np.ones(len(mesh.points), dtype=bool))
    pairs = facets[match_facets(facet_vertices(mesh.cells, facets)), 0]
    if periodic:
        pairs = np.concatenate([pairs, mesh.periodic_facets[:, [0, 2]]])
    pairs = pairs[active[pairs].all(axis=1)]
    shape = (len(active), len(active))
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=shape)
    _, component = connected_components(graph, directed=False)
    return [set(np.flatnonzero(active & (component == c))) for c in np.unique(component[active])]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("divisions", [(7, 6), (4, 5, 3)])
@given(share=st.floats(0.05, 0.95), seed=st.integers(2, 10**6))
@settings(max_examples=15)
def test_components_are_those_of_the_graph_of_facets(
    divisions: tuple[int, ...], periodic: bool, share: float, seed: int
) -> None:
    mesh = distribute(speckled(divisions, share, seed), MPI.COMM_SELF)
    found = find_components(mesh, CONDUCTS, periodic=periodic)
    active = mesh.cell_materials == 1
    sets = [set(np.flatnonzero(found.cell_component == c)) for c in range(len(found.volumes))]
    expected = graph_components(mesh, active, periodic)
    assert sorted(map(sorted, sets)) == sorted(map(sorted, expected))
    np.testing.assert_array_equal(found.cell_component >= 0, active)


@given(share=st.floats(0.3, 0.8), seed=st.integers(2, 10**6))
@settings(max_examples=20)
def test_winding_is_percolation_of_the_repeated_box(share: float, seed: int) -> None:
    """In a long row of copies, exactly the components that wind along it connect its ends.

    A path may leave through the long sides while it winds, hence many copies across; the box has
    few cells, so that six copies along the row are plenty.
    """
    data = speckled((4, 3), share, seed)
    found = find_components(distribute(data, MPI.COMM_SELF), CONDUCTS, periodic=True)
    row = distribute(_repeated(data, (6, 30)), MPI.COMM_SELF)
    ends = find_components(row, CONDUCTS, periodic=False)
    assert found.winds[:, 0].any() == ends.touches[:, 0].all(axis=1).any()


def _repeated(data: MeshData, copies: tuple[int, int]) -> MeshData:
    """Copies of a plane periodic box along both axes; equal vertices are merged."""
    steps = [np.arange(n) for n in copies]
    shifts = np.stack(np.meshgrid(*steps, indexing="ij"), -1).reshape(-1, 2)
    points = (data.points[None] + shifts[:, None] * data.box).reshape(-1, 2)
    cells = data.cells[None] + len(data.points) * np.arange(len(shifts))[:, None, None]
    merged, number = np.unique(np.round(points, 9), axis=0, return_inverse=True)
    return MeshData(
        points=merged,
        cells=number.reshape(-1)[cells.reshape(-1, 3)],
        labels=np.tile(data.labels, len(shifts)),
        label_material=data.label_material,
        materials=data.materials,
        box=data.box * copies,
        periodic=np.zeros(2, dtype=bool),
    )


def test_tiles_that_touch_in_edges_only_are_apart() -> None:
    mesh = distribute(labelled_box((4, 4, 4), tiles((2, 2, 2)), ["void", "metal"]), MPI.COMM_SELF)
    for periodic in (True, False):
        found = find_components(mesh, CONDUCTS, periodic=periodic)
        assert len(found.volumes) == 4
        assert not (found.winds.any() if periodic else found.touches.all(axis=2).any())


def test_slabs_wind_along_themselves() -> None:
    data = labelled_box((4, 3, 2), layers([0.25] * 4), ["void", "metal", "void", "metal"])
    found = find_components(distribute(data, MPI.COMM_SELF), CONDUCTS, periodic=True)
    assert found.winds.tolist() == [[False, True, True]] * 2
    np.testing.assert_allclose(found.volumes, [[0.0, 0.25]] * 2, rtol=1e-12)


def test_slabs_at_both_ends_are_one_through_the_periodic_face() -> None:
    data = labelled_box((4, 2, 2), layers([0.25, 0.5, 0.25]), ["metal", "void", "metal"])
    mesh = distribute(data, MPI.COMM_SELF)
    conducts = np.array([True, False])
    together = find_components(mesh, conducts, periodic=True)
    apart = find_components(mesh, conducts, periodic=False)
    assert together.winds.tolist() == [[False, True, True]]
    assert apart.touches.all(axis=2).tolist() == [[False, True, True]] * 2
    assert apart.touches[:, 0].sum() == 2


def test_nothing_conducts() -> None:
    mesh = distribute(labelled_box((2, 2), layers([1.0]), ["void"]), MPI.COMM_SELF)
    found = find_components(mesh, np.array([False]), periodic=True)
    assert found.winds.shape == (0, 2)
    assert (found.cell_component == -1).all()


@pytest.mark.parametrize("periodic", [True, False])
@given(seed=st.integers(2, 10**6))
@settings(max_examples=15)
def test_insulating_interfaces_separate(periodic: bool, seed: int) -> None:
    """Only facets between labels of equal parity, and those within a label, connect."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, (4, 3, 3))
    data = labelled_box(
        labels.shape,
        lambda x: labels[tuple(np.floor(x * labels.shape).astype(int).T)],
        ["void"] + ["metal"] * 4,
    )
    mesh = distribute(data, MPI.COMM_SELF)
    found = find_components(
        mesh, CONDUCTS, periodic=periodic, separates=lambda pairs: np.ptp(pairs, axis=1) % 2 == 1
    )
    sets = [set(np.flatnonzero(found.cell_component == c)) for c in range(len(found.volumes))]
    expected = []
    for parity in (0, 1):
        active = (mesh.cell_materials == 1) & (mesh.cell_labels % 2 == parity)
        if active.any():
            expected += graph_components(mesh, active, periodic)
    assert sorted(map(sorted, sets)) == sorted(map(sorted, expected))


def test_a_uniform_flux_enters_where_conductors_cover_both_faces() -> None:
    slabs = labelled_box((4, 4, 2), layers([0.5, 0.5], 2), ["void", "metal"])
    mesh = distribute(slabs, MPI.COMM_SELF)
    half = find_components(mesh, CONDUCTS, periodic=False)
    assert flux_enters(mesh, half).tolist() == [False, False, False]
    whole = find_components(mesh, np.array([True, True]), periodic=False)
    assert flux_enters(mesh, whole).tolist() == [True, True, True]
    split = find_components(
        mesh,
        np.array([True, True]),
        periodic=False,
        separates=lambda pairs: pairs[:, 0] != pairs[:, 1],
    )
    assert flux_enters(mesh, split).tolist() == [True, True, False]
