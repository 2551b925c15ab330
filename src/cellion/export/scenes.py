"""A box cut open, its particles whole or cut as well, rendered with PyVista.

Import this module only where `cellion.export.system_libraries.rendering_support` says that
rendering works: without its graphics libraries VTK ends the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvista as pv
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from cellion.export.annotated_image import ColourScale, view_of
from cellion.export.composite import Composite, numbered

__all__ = ["Scene", "Stage", "current_paths", "open_scene"]

type Floats = NDArray[np.float64]

_NEUTRAL = "#b9bdc4"
_LINE = {"color": "#1c1c1c", "line_width": 1.8, "lighting": False}
_PATH = {"color": "white", "ambient": 0.6, "diffuse": 0.5}
_SOFT = {"ambient": 0.6, "diffuse": 0.48, "specular": 0.0}
_SUN = (0.7, -0.95, 1.25)  # front bright, right face in half shade
_OCTANT = np.diag([1.0, -1.0, 1.0])  # outward normals of the octant that is taken away
_PATHS = {True: 45, False: 40}  # number of current paths, by whether the mesh is flat
_PATH_RADIUS = {True: 1.6, False: 2.5}  # [pixel]
_SEED = 2718


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Surfaces of a composite as they are seen, found once for all pictures.

    Attributes:
        faces: Surfaces without the octant, and the faces of the cut, with the fields at their
            points and ``label`` in their cells.
        whole: Whether each label is a particle that may stand whole in the octant.
        particles: Surfaces of those.
        lines: Boundaries between labels on plane faces, and edges of the box.
    """

    faces: pv.PolyData
    whole: NDArray[np.bool_]
    particles: pv.PolyData
    lines: pv.PolyData


def open_scene(composite: Composite) -> Scene:
    """Cut the box open: take the octant x > , y < , z > middle away."""
    surface = composite.grid.extract_surface(algorithm=None)
    whole = ~composite.matrix
    if composite.flat:
        lines = _edges(surface)
        return Scene(faces=surface, whole=whole & False, particles=pv.PolyData(), lines=lines)
    middle, label = composite.box.mean(axis=0), surface.cell_data["label"]
    at_octant = _in_octant(surface.points, middle)[surface.regular_faces].any(axis=1)
    on_sides = _on_visible_sides(surface, composite.box)
    whole[np.setdiff1d(np.arange(len(whole)), label[at_octant])] = False
    whole[label[at_octant & on_sides]] = False  # would stand in the view
    towards = np.cross(*view_of(composite.box, composite.length_unit).axes)
    seen = surface.extract_cells(_uncovered(surface) & _turned_to(surface, towards))
    faces = [_divided(seen, middle)[0]]
    sides = surface.extract_cells(on_sides)
    lines = [_divided(_edges(sides), middle)[0], _frame(composite.box)]
    for axis in range(3):
        cut = composite.grid.slice(normal=np.eye(3)[axis], origin=middle)
        others = [other for other in range(3) if other != axis]
        faces.append(_divided(cut, middle, others)[1])
        lines.append(_divided(_edges(cut), middle, others)[1])
    particles = surface.extract_cells(whole[label])
    return Scene(
        faces=_joined(faces), whole=whole, particles=_joined([particles]), lines=_joined(lines)
    )


def _edges(surface: pv.DataSet) -> pv.PolyData:
    """Edges of the patches of a surface; labels share no points."""
    return surface.extract_feature_edges(
        boundary_edges=True, feature_edges=False, non_manifold_edges=False, manifold_edges=False
    )


def _in_octant(points: Floats, middle: Floats) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((points - middle) @ _OCTANT >= 0).all(axis=1)
    return inside


def _uncovered(surface: pv.PolyData) -> NDArray[np.bool_]:
    """Facets that no other label touches."""
    number = numbered(np.sort(surface.point_data["vertex"][surface.regular_faces], axis=1))
    alone: NDArray[np.bool_] = np.bincount(number)[number] == 1
    return alone


def _turned_to(surface: pv.PolyData, towards: Floats) -> NDArray[np.bool_]:
    """Facets whose outer side may be seen."""
    one, two, three = np.moveaxis(surface.points[surface.regular_faces], 1, 0)
    turned: NDArray[np.bool_] = np.cross(two - one, three - one) @ towards > 0
    return turned


def _on_visible_sides(surface: pv.PolyData, box: Floats) -> NDArray[np.bool_]:
    """Facets on the three faces of the box that are seen."""
    seen = np.array([box[1, 0], box[0, 1], box[1, 2]])
    on_side = np.abs(surface.points - seen) < 1e-6 * np.ptp(box, axis=0)
    found: NDArray[np.bool_] = on_side[surface.regular_faces].all(axis=1).any(axis=1)
    return found


def _divided(
    data: pv.DataSet, middle: Floats, axes: Iterable[int] = range(3)
) -> tuple[pv.UnstructuredGrid, pv.UnstructuredGrid]:
    """The parts of a surface or lines outside and inside the octant.

    As grids, since VTK joins points at one place when it clips a surface, which would smooth the
    jumps between labels.
    """
    outside, inside = [], data.cast_to_unstructured_grid()
    for axis in axes:
        if inside.n_cells:
            part, inside = inside.clip(normal=_OCTANT[axis], origin=middle, return_clipped=True)
            outside.append(part)
    return pv.merge(outside, merge_points=False) if outside else inside, inside


def _joined(parts: Sequence[pv.DataSet]) -> pv.PolyData:
    filled = [part for part in parts if part.n_cells]
    if not filled:
        return pv.PolyData()
    return pv.merge(filled, merge_points=False).extract_surface(algorithm=None)


def _frame(box: Floats) -> pv.PolyData:
    """Edges of the box and of the octant, but those that met in the corner that is gone."""
    (lower, upper), middle = box, box.mean(axis=0)
    corner = np.array([upper[0], lower[1], upper[2]])
    ends = np.sort([middle, corner], axis=0)
    edges = pv.merge(
        [
            pv.Box(np.ravel(corners, order="F"), level=level).extract_feature_edges(45)
            for corners, level in ((box, 1), (ends, 0))
        ]
    )
    gone = np.isclose(edges.points, corner).all(axis=1)
    return edges.extract_points(~gone, adjacent_cells=False)


def current_paths(composite: Composite, name: str) -> pv.PolyData:
    """Tubes along the lines of a current through its conductor, in the octant that is taken away.

    Lines start at random places with a density proportional to the magnitude of the current.
    """
    grid, flat = composite.grid, composite.flat
    shown = ~np.isnan(grid.point_data[name][:, 0])
    if not flat:
        shown &= _in_octant(grid.points, composite.box.mean(axis=0))
    part = grid.extract_points(shown)
    if not part.n_cells:
        return pv.PolyData()
    speed = np.linalg.norm(part.cell_data[name], axis=1)
    weight = part.cell_data["size"] * speed
    if not weight.sum() > 0:
        return pv.PolyData()
    random = np.random.default_rng(_SEED)
    starts = random.choice(part.n_cells, size=_PATHS[flat], p=weight / weight.sum())
    lines = part.streamlines_from_source(
        pv.PolyData(part.extract_cells(starts).cell_centers().points),
        vectors=name,
        integration_direction="both",
        max_length=4 * part.length,
        initial_step_length=0.5,
        max_step_length=1.0,
        terminal_speed=1e-6 * float(speed.max()),
        compute_vorticity=False,
    )
    radius = _PATH_RADIUS[flat] / view_of(composite.box, composite.length_unit).scale
    return lines.tube(radius=radius, n_sides=8) if lines.n_cells else lines


class Stage:
    """A window off the screen that renders one picture after the other from one place."""

    def __init__(self, composite: Composite) -> None:
        self.scene = open_scene(composite)
        self.view = view_of(composite.box, composite.length_unit)
        self._flat = composite.flat
        size = np.ptp(composite.box, axis=0)
        towards = np.cross(*self.view.axes)
        # Lines are lifted off their surfaces; the projection is parallel, so they keep their place.
        self._step = 0.007 * size[size > 0].min() * towards
        self._plotter = pv.Plotter(
            off_screen=True, window_size=list(self.view.size), lighting="none"
        )
        self._plotter.add_light(pv.Light(position=_SUN, light_type="scene light"))
        self._plotter.set_background("white")
        self._plotter.enable_anti_aliasing("msaa", multi_samples=4)
        self._plotter.enable_parallel_projection()
        camera = self._plotter.camera
        camera.up = self.view.axes[1]
        camera.parallel_scale = self.view.size[1] / self.view.scale / 2
        camera.focal_point = composite.box.mean(axis=0)
        camera.position = camera.focal_point + 4 * np.linalg.norm(size) * towards

    def materials(self, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Image with one colour per label, shaded, particles whole.

        Args:
            colours: Colour of each label, shape (n, 3), 0..255.
        """
        faces = self.scene.faces
        faces = faces.extract_cells(~self.scene.whole[faces.cell_data["label"]])
        particles = self.scene.particles
        if particles.n_cells:
            particles = particles.compute_normals(split_vertices=True, feature_angle=35)
        light = {"lighting": False} if self._flat else _SOFT
        for data, smooth in ((faces, False), (particles, True)):
            if data.n_cells:
                data.cell_data["colour"] = colours[data.cell_data["label"]]
                self._add(data, scalars="colour", rgb=True, smooth_shading=smooth, **light)
        return self._image()

    def field(
        self, name: str, scale: ColourScale, paths: pv.PolyData | None = None
    ) -> NDArray[np.uint8]:
        """Image of a field, unshaded so that its colours can be read; grey where it has no value.

        Args:
            name: Name of the field at the points.
            scale: Meaning of the colours.
            paths: Tubes to show besides.
        """
        self._add(
            self.scene.faces,
            scalars=name,
            preference="point",
            cmap=scale.colours,
            clim=scale.unit * np.array([scale.norm.vmin, scale.norm.vmax], dtype=float),
            log_scale=isinstance(scale.norm, LogNorm),
            nan_color=_NEUTRAL,
            show_scalar_bar=False,
            lighting=False,
        )
        if paths is not None:
            self._add(paths.translate(0.5 * self._step), **_PATH)
        return self._image()

    def _add(self, data: pv.DataSet, **style: Any) -> None:
        if data.n_cells:
            self._plotter.add_mesh(data, render=False, reset_camera=False, **style)

    def _image(self) -> NDArray[np.uint8]:
        """Render what was added, with the lines, and clear the window."""
        self._add(self.scene.lines.translate(self._step), **_LINE)
        self._plotter.renderer.ResetCameraClippingRange()
        self._plotter.render()
        image = np.array(self._plotter.screenshot(return_img=True))
        self._plotter.clear_actors()
        return image
