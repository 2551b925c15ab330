"""Layers below and above a mesh continue its faces."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import LabelRole, MeshData, cell_volumes
from cellion.mesh.generate import generate_mesh
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.quality import check_invariants
from cellion.mesh.sizes import MeshSizes
from cellion.mesh.stack import slab_heights, stack_slabs
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.spheres import SphereGeometry
from cellion.scenario.cell import LayerSpec
from helpers.mesh_boxes import labelled_box, tiles

LOWER = LayerSpec.model_construct(material="A", thickness=0.7)
UPPER = LayerSpec.model_construct(material="metal", thickness=0.1)


def composite(dimension: int, axis: int) -> MeshData:
    """A ball that crosses the faces of a periodic box, cut open along an axis."""
    geometry = SphereGeometry(
        box=np.array([1.0, 1.2, 0.9])[:dimension],
        periodic=np.ones(dimension, dtype=bool),
        centers=np.full((1, dimension), 0.05),
        radii=np.array([0.37]),
        label_material=np.array([0, 1], dtype=np.int32),
    )
    structure = Microstructure(materials=("A", "B"), geometry=geometry)
    sizes = MeshSizes(size=0.2, surface=0.1, smallest=0.1)
    return generate_mesh(structure.opened(axis), sizes)


@pytest.mark.parametrize(("dimension", "axis"), [(2, 0), (2, 1), (3, 0), (3, 2)])
def test_layers_continue_the_mesh(dimension, axis):
    base = composite(dimension, axis)
    data = stack_slabs(base, axis, LOWER, UPPER)
    periodic = match_periodic_faces(data)
    check_invariants(data.points, data.cells, periodic.representative, data.box, data.periodic)
    assert data.periodic.tolist() == [k != axis for k in range(dimension)]
    assert data.materials == ("A", "B", "metal")
    assert data.label_material[-2:].tolist() == [0, 2]
    layers = [LabelRole.SEPARATOR, LabelRole.COLLECTOR]
    assert data.label_role.tolist() == [*[LabelRole.COMPOSITE] * len(base.label_material), *layers]
    assert data.box[axis] == pytest.approx(base.box[axis] + 0.8, rel=1e-14)
    volumes = np.bincount(data.labels, cell_volumes(data.points, data.cells))
    area = float(np.prod(np.delete(data.box, axis)))
    np.testing.assert_allclose(volumes[-2:], [0.7 * area, 0.1 * area], rtol=1e-12)
    inside = np.bincount(base.labels, cell_volumes(base.points, base.cells))
    np.testing.assert_allclose(volumes[:-2], inside, rtol=1e-12)


def test_the_composite_is_moved_and_nothing_else():
    base = labelled_box((3, 4), tiles((3, 2)), ["A", "B"], periodic=False)
    data = stack_slabs(base, 1, LOWER, UPPER)
    moved = base.points + np.array([0.0, 0.7])
    np.testing.assert_allclose(data.points[: len(base.points)], moved)
    np.testing.assert_array_equal(data.cells[: len(base.cells)], base.cells)
    np.testing.assert_array_equal(data.labels[: len(base.cells)], base.labels)
    assert data.points.min(axis=0).tolist() == [0.0, 0.0]


def test_prisms_grow_from_the_composite():
    ends = slab_heights(10.0, 0.5)
    heights = np.diff(ends, prepend=0.0)
    assert ends[-1] == 10.0
    np.testing.assert_allclose(heights[1:] / heights[:-1], 1.5)
    assert 0.3 < heights[0] <= 0.5
    assert len(slab_heights(0.1, 5.0)) == 2


def test_a_face_with_holes_is_refused():
    base = labelled_box((4, 4), tiles((4, 1)), ["A", "B"], periodic=False)
    kept = base.labels == 0
    holes = MeshData(
        points=base.points,
        cells=base.cells[kept],
        labels=base.labels[kept],
        label_material=base.label_material,
        materials=base.materials,
        box=base.box,
        periodic=base.periodic,
    )
    with pytest.raises(MeshError, match=r"covers 50\.0000% of the face y_min"):
        stack_slabs(holes, 1, LOWER, UPPER)


def test_orientations_of_layers_are_those_of_the_box():
    base = labelled_box((2, 2), tiles((2, 1)), ["A", "B"], periodic=False)
    turned = np.array([[[0.0, -1.0], [1.0, 0.0]]] * 2)
    with_grains = MeshData(**{**vars(base), "orientations": turned})
    data = stack_slabs(with_grains, 0, LOWER, UPPER)
    np.testing.assert_array_equal(data.orientations[:2], turned)
    np.testing.assert_array_equal(data.orientations[2:], [np.eye(2)] * 2)
