"""What meshed contacts of particles cost: an estimate of how sigma_eff would change at exact areas.

A circle of radius a between two half spaces of conductivities S_1 and S_2 has the constriction
resistance

    R_c = (1 / S_1 + 1 / S_2) / (4 a),

and a strip of width 2 a, per depth, one that changes by (1 / S_1 + 1 / S_2) / pi when ln a changes
by 1. Under a law the contact adds R / A. Where the meshed area of a contact is not the exact one,
the energy of a mean field, e . sigma_eff e times the volume, changes by I^2 dR to first order, with
the current I through the contact.

Source: Holm, Electric Contacts (1967), section 3; the plane: a strip in a half plane, by conformal
mapping.
"""

from __future__ import annotations

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.faceting import cell_fields
from cellion.mesh.borders import ask_owners, find_borders
from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.pieces import ascending, first_labels, inside_grain
from cellion.mesh.rims import ContactAreas, exact_contacts, nearest_contacts
from cellion.microstructure.geometry import Geometry
from cellion.transport.dual.lower_bound import ConservedCurrents
from cellion.transport.primal.solution import Solution

__all__ = ["constriction_errors"]

type Array = NDArray[np.float64]


def constriction_errors(
    solution: Solution, conserved: ConservedCurrents | None, geometry: Geometry
) -> dict[str, float]:
    """Estimate the change of sigma_eff per direction from meshed to exact contacts (collective).

    Args:
        solution: Solved transport.
        conserved: Currents of the same problem that conserve charge; None for those of P1.
        geometry: What was meshed, the same on all ranks.

    Returns:
        Estimate per direction, >= 0; 0 in directions in which nothing percolates [S/m].
    """
    errors = dict.fromkeys(solution.problem.directions, 0.0)
    found = exact_contacts(geometry)
    if found is None or not len(found.exact) or not solution.correctors:
        return errors
    meshed, currents, law = _through_contacts(solution, conserved, geometry, found)
    change = _changes(solution, found, meshed, law)
    lost = (currents**2 * np.abs(change)[:, None]).sum(axis=0) / solution.problem.mesh.volume
    return errors | {name: float(lost[k]) for k, name in enumerate(solution.correctors)}


def _through_contacts(
    solution: Solution,
    conserved: ConservedCurrents | None,
    geometry: Geometry,
    found: ContactAreas,
) -> tuple[Array, Array, Array]:
    """Meshed area of each contact, the current through it per direction, and its resistance.

    Returns:
        Shapes (c,) [m^(d-1)], (c, k) [A per V/m] and (c,) [Ohm m^2]; alike on all ranks.
    """
    problem, mesh = solution.problem, solution.problem.mesh
    borders = find_borders(mesh, periodic=problem.drive.wraps)
    borders = borders.part(~inside_grain(mesh.pieces, borders.labels))
    corners = mesh.points[facet_vertices(mesh.cells, borders.near)]
    centres = corners.mean(axis=1) - mesh.origin
    labels = first_labels(mesh.pieces, borders.labels)
    contact = nearest_contacts(geometry, found, centres, labels)
    chosen = contact >= 0
    borders, contact = borders.part(chosen), contact[chosen]
    near = cell_fields(solution, conserved, borders.near[:, 0])
    far = ask_owners(mesh, borders.far[:, 0], lambda cells: cell_fields(solution, conserved, cells))
    d, count = mesh.dimension, len(solution.correctors)
    out = [
        rows[:, count * d :].reshape(len(contact), d + 1, count)[np.arange(len(contact)), facet]
        for rows, facet in ((near, borders.near[:, 1]), (far, borders.far[:, 1]))
    ]
    way = np.where(ascending(mesh.pieces, borders.labels), 0.5, -0.5)
    law = np.zeros(len(contact))
    if problem.contacts is not None:
        law = problem.contacts.resistance(borders.labels)
    law = np.where(np.isfinite(law), law, 0.0)
    area = facet_areas(mesh.points, facet_vertices(mesh.cells, borders.near))
    sums = np.zeros((len(found.exact), count + 2))
    rows = np.column_stack([area, way[:, None] * (out[0] - out[1]), law * area])
    np.add.at(sums, contact, rows)
    total: Array = mesh.comm.allreduce(sums)
    met = total[:, 0]
    return met, total[:, 1:-1], np.divide(total[:, -1], met, out=0.0 * met, where=met > 0.0)


def _changes(solution: Solution, found: ContactAreas, meshed: Array, law: Array) -> Array:
    """Resistance at the exact minus that at the meshed area of each contact, shape (c,) [Ohm]."""
    S = solution.problem.label_conductivity
    d = S.shape[1]
    scale = np.trace(S, axis1=1, axis2=2)[found.contacts.labels] / d
    met = (meshed > 0.0) & (scale > 0.0).all(axis=1)
    area, exact, scale = meshed[met], found.exact[met], scale[met]
    resistivity = (1.0 / scale).sum(axis=1)
    if d == 2:
        constriction = resistivity / np.pi * np.log(area / exact)
    else:
        constriction = 0.25 * resistivity * np.sqrt(np.pi) * (exact**-0.5 - area**-0.5)
    change = np.zeros(len(meshed))
    change[met] = constriction + law[met] * (1.0 / exact - 1.0 / area)
    return change
