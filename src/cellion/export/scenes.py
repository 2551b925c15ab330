"""What a picture shows, built with PyVista: a box cut open, its particles whole or cut as well.

Import this module only where `cellion.export.system_libraries.rendering_support` says that
rendering works: without its graphics libraries VTK ends the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvista as pv
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from cellion.export.canvas import ColourScale, Shot
from cellion.export.grains import colour_labels
from cellion.export.surfaces import Composite, Facets, boundary_edges

__all__ = ["Scene", "open_scene", "render_field", "render_materials"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

NEUTRAL = "#b9bdc4"
LINE = "#1c1c1c"
_PIXELS = 1320
_MARGINS = (0.155, 0.05, 0.015, 0.115)  # white left, right, over and under a box, for its axes
_VIEW = np.array([1.15, -1.55, 0.95])
_SUN = (0.7, -0.95, 1.25)  # front bright, right face in half shade
_SOFT = {"ambient": 0.6, "diffuse": 0.48, "specular": 0.0}
_LINE_WIDTH = 1.8


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The surfaces of a composite as they are seen, found once for several pictures.

    Every triangle knows its mesh cell (cell array ``cell``) and carries the fields at its points.

    Attributes:
        composite: What is looked at.
        faces: Faces of the box without the octant, and the faces of the cut.
        particles: Surfaces of particles that stand whole in the octant.
        lines: Boundaries between particles and edges of the box.
    """

    composite: Composite
    faces: pv.PolyData
    particles: pv.PolyData
    lines: pv.PolyData


def open_scene(
    composite: Composite, fields: Mapping[str, Floats], *, whole_particles: bool
) -> Scene:
    """Cut the box open: take the octant x > , y < , z > middle away.

    Args:
        composite: What to look at.
        fields: Name to values at the points, shape (n,), carried along.
        whole_particles: Whether particles stand whole in the octant; else the cut goes through
            them as well.
    """
    if composite.dimension == 2:
        return _flat_scene(composite, fields)
    drawn = ~composite.void
    opened = _opened(composite) if whole_particles else np.ones(len(drawn), dtype=bool)
    facets = composite.facets
    owner, corners = _visible_side(facets, opened)
    points = np.take_along_axis(composite.cells[owner], corners, axis=1)
    vertices = np.take_along_axis(composite.vertices[owner], corners, axis=1)
    label = composite.label
    outside = facets.second < 0
    differs = ~outside & (label[facets.first] != label[facets.second])
    in_part = outside & opened[owner]
    whole = (outside | differs) & ~opened[owner]
    middle = composite.box.mean(axis=0)

    boundaries = _any_point(composite)[boundary_edges(vertices[in_part], label[owner[in_part]])]
    lines = [
        _without_octant(_segments(composite, boundaries), middle),
        _cut_faces(_triangles(composite, points[differs], None, {}), middle),
        _rings(composite, vertices[in_part | whole], owner[in_part | whole], opened),
        _frame(composite.box),
    ]
    faces = []
    for group in _groups(composite, fields):
        mine = in_part & group[owner]
        surface = _triangles(composite, points[mine], owner[mine], fields)
        faces.append(_without_octant(surface, middle))
        faces.append(_cut_faces(_cut_cells(composite, opened & drawn & group, fields), middle))
    return Scene(
        composite=composite,
        faces=_joined(faces),
        particles=_triangles(composite, points[whole], owner[whole], fields),
        lines=_joined(lines),
    )


def _groups(composite: Composite, fields: Mapping[str, Floats]) -> list[NDArray[np.bool_]]:
    """Mesh cells that may be cut together.

    VTK joins points at one place when it cuts, which would smooth jumps between labels, so those
    that touch are cut apart, as are mesh cells with a value and those without one.
    """
    number = np.zeros(len(composite.cells), dtype=np.int64)
    if fields:
        number += colour_labels(composite.neighbours, len(composite.label_material), 1)[
            composite.label
        ]
    for values in fields.values():
        number = 2 * number + np.isnan(values)[composite.cells].any(axis=1)
    return [number == each for each in np.unique(number)]


def _flat_scene(composite: Composite, fields: Mapping[str, Floats]) -> Scene:
    drawn = np.flatnonzero(~composite.void)
    edges = boundary_edges(composite.vertices, composite.label)
    return Scene(
        composite=composite,
        faces=_triangles(composite, composite.cells[drawn], drawn, fields),
        particles=pv.PolyData(),
        lines=_segments(composite, _any_point(composite)[edges]),
    )


def _opened(composite: Composite) -> NDArray[np.bool_]:
    """The matrix, and particles that would stand in the view at the outer faces of the octant."""
    (_, lowest, _), (right, _, top) = composite.box
    middle = composite.box.mean(axis=0)
    x, y, z = composite.points.T
    tolerance = 1e-9 * float(np.ptp(composite.box))
    outer = (x > right - tolerance) | (y < lowest + tolerance) | (z > top - tolerance)
    in_octant = (x >= middle[0]) & (y <= middle[1]) & (z >= middle[2])
    in_the_way = (outer & in_octant)[composite.cells].any(axis=1)
    labels = np.unique(composite.label[in_the_way])
    opened: NDArray[np.bool_] = composite.matrix | np.isin(composite.label, labels)
    return opened


def _visible_side(facets: Facets, opened: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """The mesh cell through which a facet is seen (a whole particle's), and its corners there."""
    other = (facets.second >= 0) & opened[facets.first] & ~opened[facets.second]
    owner = np.where(other, facets.second, facets.first)
    return owner, np.where(other[:, None], facets.second_corners, facets.corners)


def _any_point(composite: Composite) -> Integers:
    """One of the points at each vertex."""
    point = np.zeros(int(composite.vertices.max()) + 1, dtype=np.int64)
    point[composite.vertices.ravel()] = composite.cells.ravel()
    return point


def _rings(
    composite: Composite, vertices: Integers, owner: Integers, opened: NDArray[np.bool_]
) -> pv.PolyData:
    """Lines where whole particles meet each other or the faces of the box."""
    label = np.where(opened[owner], -1, composite.label[owner])
    return _segments(composite, _any_point(composite)[boundary_edges(vertices, label)])


def _triangles(
    composite: Composite, triangles: Integers, cells: Integers | None, fields: Mapping[str, Floats]
) -> pv.PolyData:
    if not len(triangles):
        return pv.PolyData()
    faces = np.column_stack([np.full(len(triangles), 3), triangles]).ravel()
    data = pv.PolyData(composite.points, faces)
    if cells is not None:
        data.cell_data["cell"] = cells
    for name, values in fields.items():
        data.point_data[name] = values
    return data


def _segments(composite: Composite, ends: Integers) -> pv.PolyData:
    if not len(ends):
        return pv.PolyData()
    lines = np.column_stack([np.full(len(ends), 2), ends]).ravel()
    return pv.PolyData(composite.points, lines=lines)


def _cut_cells(
    composite: Composite, chosen: NDArray[np.bool_], fields: Mapping[str, Floats]
) -> pv.UnstructuredGrid:
    """The mesh cells that a plane of the cut goes through."""
    above = composite.points >= composite.box.mean(axis=0)
    above = above[composite.cells]
    cells = np.flatnonzero(chosen & (above.any(axis=1) & ~above.all(axis=1)).any(axis=1))
    if not len(cells):
        return pv.UnstructuredGrid()
    grid = pv.UnstructuredGrid({pv.CellType.TETRA: composite.cells[cells]}, composite.points)
    grid.cell_data["cell"] = cells
    for name, values in fields.items():
        grid.point_data[name] = values
    return grid


def _cut_faces(data: pv.DataSet, middle: Floats) -> pv.PolyData:
    """The part of a dataset on the three faces of the octant."""
    faces = []
    for axis in range(3):
        part = data.slice(normal=np.eye(3)[axis], origin=middle) if data.n_cells else data
        for other in range(3):
            if other != axis:
                part = _half(part, other, above=other != 1, middle=middle)
        faces.append(part)
    return _joined(faces)


def _without_octant(data: pv.PolyData, middle: Floats) -> pv.PolyData:
    """A surface or lines without the part in the octant."""
    kept = [_half(data, 0, above=False, middle=middle)]
    rest = _half(data, 0, above=True, middle=middle)
    kept.append(_half(rest, 1, above=True, middle=middle))
    rest = _half(rest, 1, above=False, middle=middle)
    kept.append(_half(rest, 2, above=False, middle=middle))
    return _joined(kept)


def _half(data: pv.PolyData, axis: int, *, above: bool, middle: Floats) -> pv.PolyData:
    if not data.n_cells:
        return data
    return data.clip(normal=np.eye(3)[axis], origin=middle, invert=not above)


def _joined(parts: Sequence[pv.PolyData]) -> pv.PolyData:
    filled = [part for part in parts if part.n_cells]
    return filled[0].append_polydata(*filled[1:]) if filled else pv.PolyData()


def _frame(box: Floats) -> pv.PolyData:
    """Edges of the box and of the octant, but those that met in the corner that is gone."""
    (lower, upper), middle = box, box.mean(axis=0)
    whole = np.column_stack([lower, upper]).ravel()
    octant = whole.copy()
    octant[[0, 3, 4]] = middle
    outer = np.array([upper[0], lower[1], upper[2]])
    edges = pv.Box(octant).extract_all_edges()
    ends = edges.points[edges.lines.reshape(-1, 3)[:, 1:]]
    kept = edges.extract_cells(~np.isclose(ends, outer).all(axis=2).any(axis=1))
    box_edges = _without_octant(pv.Box(whole).extract_all_edges(), middle)
    return _joined([box_edges, kept.extract_surface(algorithm=None)])


def render_materials(scene: Scene, colours: NDArray[np.uint8]) -> Shot:
    """Render with one colour per mesh cell, shaded.

    Args:
        scene: The surfaces.
        colours: Colour of each mesh cell, shape (m, 3), 0..255.
    """
    plotter = _plotter(scene)
    for data, smooth in ((scene.faces, False), (scene.particles, True)):
        if data.n_cells:
            data.cell_data["colour"] = colours[data.cell_data["cell"]]
            shown = data.compute_normals(split_vertices=True, feature_angle=35) if smooth else data
            light = {"lighting": False} if scene.composite.dimension == 2 else _SOFT
            plotter.add_mesh(shown, scalars="colour", rgb=True, smooth_shading=smooth, **light)
    return _shot(plotter, scene)


def render_field(
    scene: Scene, name: str, scale: ColourScale, streamlines: pv.PolyData | None = None
) -> Shot:
    """Render a field, unshaded so that its colours can be read; grey where it has no value.

    Args:
        scene: The surfaces.
        name: Name of the field at their points.
        scale: Meaning of the colours.
        streamlines: Tubes to show besides.
    """
    plotter = _plotter(scene)
    if scene.faces.n_cells:
        plotter.add_mesh(
            scene.faces,
            scalars=name,
            cmap=scale.colours,
            clim=(scale.norm.vmin, scale.norm.vmax),
            log_scale=isinstance(scale.norm, LogNorm),
            nan_color=NEUTRAL,
            show_scalar_bar=False,
            lighting=False,
        )
    if streamlines is not None and streamlines.n_cells:
        lifted = streamlines.translate(0.5 * _step_forward(scene))
        plotter.add_mesh(lifted, color="white", ambient=0.6, diffuse=0.5)
    return _shot(plotter, scene)


def _plotter(scene: Scene) -> Any:
    """A window with the lines and the camera of the scene."""
    plotter = pv.Plotter(off_screen=True, window_size=_window(scene), lighting="none")
    plotter.add_light(pv.Light(position=_SUN, light_type="scene light"))
    plotter.set_background("white")
    plotter.enable_anti_aliasing("msaa", multi_samples=4)
    if scene.lines.n_cells:
        lifted = scene.lines.translate(_step_forward(scene))
        plotter.add_mesh(lifted, color=LINE, line_width=_LINE_WIDTH, lighting=False)
    return plotter


def _step_forward(scene: Scene) -> Floats:
    """A step towards the viewer that lifts lines off their surfaces.

    The projection is parallel, so they stay where they are on the image.
    """
    step: Floats = 0.004 * np.linalg.norm(np.ptp(scene.composite.box, axis=0)) * _direction(scene)
    return step


def _direction(scene: Scene) -> Floats:
    """Unit vector from the box to the viewer."""
    view = _VIEW if scene.composite.dimension == 3 else np.array([0.0, 0.0, 1.0])
    direction: Floats = view / np.linalg.norm(view)
    return direction


def _window(scene: Scene) -> list[int]:
    """Width and height of the image: that of what is to be seen."""
    size = np.ptp(scene.composite.box, axis=0)
    spans = size[:2]
    if scene.composite.dimension == 3:
        left, right, over, under = _MARGINS
        axes = _screen_axes(scene)
        spans = np.abs(axes) @ size * [1 + left + right, 1 + over + under]
    return [max(200, round(_PIXELS * span / spans.max())) for span in spans]


def _screen_axes(scene: Scene) -> Floats:
    """Directions to the right and upwards on the image, shape (2, 3)."""
    direction = _direction(scene)
    right = np.cross([0, 0, 1.0], direction)
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(direction, right)])


def _shot(plotter: Any, scene: Scene) -> Shot:
    _set_camera(plotter, scene)
    image = np.array(plotter.screenshot(return_img=True))
    shot = Shot(
        image=image,
        box=scene.composite.box,
        length_unit=scene.composite.length_unit,
        project=_frozen_projection(plotter, image.shape[:2]),
    )
    plotter.close()
    return shot


def _set_camera(plotter: Any, scene: Scene) -> None:
    lower, upper = scene.composite.box
    centre, size = (lower + upper) / 2, upper - lower
    plotter.enable_parallel_projection()
    camera = plotter.camera
    if scene.composite.dimension == 2:
        camera.up, camera.parallel_scale = (0, 1, 0), size[1] / 2
    else:
        left, right, over, under = _MARGINS
        axes = _screen_axes(scene)
        spans = np.abs(axes) @ size
        camera.up, camera.parallel_scale = (0, 0, 1), spans[1] * (1 + over + under) / 2
        centre = centre + np.array([right - left, over - under]) / 2 * spans @ axes
    camera.focal_point = centre
    camera.position = centre + 4 * np.linalg.norm(size) * _direction(scene)
    plotter.renderer.ResetCameraClippingRange()


def _frozen_projection(plotter: Any, shape: tuple[int, int]) -> Any:
    """World coordinates to pixels, with the camera as it is now."""
    height, width = shape
    matrix = plotter.renderer.GetActiveCamera().GetCompositeProjectionTransformMatrix(
        width / height, -1, 1
    )
    transform = np.array([[matrix.GetElement(i, j) for j in range(4)] for i in range(4)])

    def project(points: Floats) -> Floats:
        homogeneous = np.column_stack([points, np.ones(len(points))]) @ transform.T
        normal = homogeneous[:, :2] / homogeneous[:, 3:]
        pixels: Floats = (normal * [1, -1] + 1) / 2 * [width, height]
        return pixels

    return project
