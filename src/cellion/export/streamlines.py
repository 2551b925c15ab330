"""Current paths: lines along the current density, started where current flows."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from cellion.export.surfaces import Composite

__all__ = ["current_paths"]

type Floats = NDArray[np.float64]

_PATHS = {2: 45, 3: 150}
_RADIUS = {2: 0.0013, 3: 0.0028}  # of the longest side of the box
_SEED = 2718


def current_paths(composite: Composite, current: Floats) -> pv.PolyData:
    """Draw lines of the current through the conductor.

    Lines start at random places with a density proportional to the magnitude of the current.

    Args:
        composite: The mesh.
        current: Current density at the points, shape (n, 3); NaN outside the conductor.

    Returns:
        Tubes; in three dimensions only inside the octant that pictures cut out.
    """
    cells = composite.cells[~np.isnan(current[composite.cells]).any(axis=(1, 2))]
    if not len(cells):
        return pv.PolyData()
    kind = pv.CellType.TETRA if composite.dimension == 3 else pv.CellType.TRIANGLE
    grid = pv.UnstructuredGrid({kind: cells}, composite.points)
    grid.point_data["current"] = np.nan_to_num(current)
    size = float(np.ptp(composite.box, axis=0).max())
    lines = grid.streamlines_from_source(
        pv.PolyData(_starts(composite, cells, current)),
        vectors="current",
        integration_direction="both",
        max_length=4 * size,
        initial_step_length=0.5,
        max_step_length=1.0,
        terminal_speed=1e-6 * float(np.nanmax(np.linalg.norm(current, axis=1))),
        compute_vorticity=False,
    )
    if composite.dimension == 3:
        middle = composite.box.mean(axis=0)
        for axis, above in ((0, True), (1, False), (2, True)):
            if lines.n_cells:
                lines = lines.clip(normal=np.eye(3)[axis], origin=middle, invert=not above)
    return (
        lines.tube(radius=_RADIUS[composite.dimension] * size, n_sides=8)
        if lines.n_cells
        else lines
    )


def _starts(composite: Composite, cells: NDArray[np.int64], current: Floats) -> Floats:
    """Centres of mesh cells drawn by volume times current."""
    corners = composite.points[cells]
    d = composite.dimension
    volume = np.abs(np.linalg.det(corners[:, 1:, :d] - corners[:, :1, :d]))
    weight = volume * np.linalg.norm(current[cells].mean(axis=1), axis=1)
    if not weight.sum() > 0:
        return np.zeros((0, 3))
    random = np.random.default_rng(_SEED)
    chosen = random.choice(len(cells), size=_PATHS[d], p=weight / weight.sum())
    starts: Floats = corners[chosen].mean(axis=1)
    return starts
