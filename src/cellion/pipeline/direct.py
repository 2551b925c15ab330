"""Effective conductivity of a mesh from plain arguments, without a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.errors import ScenarioError, nearest
from cellion.homogenise.effective import homogenise
from cellion.material.conductivity_laws import ConductivityLaw
from cellion.material.interface_laws import Factor
from cellion.material.material import Material
from cellion.material.own_laws import (
    Interface,
    ResistanceLaw,
    in_si,
    materials_of,
    pair_laws,
    pair_resistances,
)
from cellion.mesh.periodicity import AXES
from cellion.mesh.pieces import first_labels
from cellion.pipeline.accuracy import Bounded, bounded, with_geometry_errors
from cellion.pipeline.effective import carrier_record, conductivities
from cellion.pipeline.own_mesh import Mesh
from cellion.pipeline.sample import MeshedSample
from cellion.results.record import CarrierResult
from cellion.scenario.contents import ROOM_TEMPERATURE
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES, Drive
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve as solve_problem

__all__ = ["solve"]


def solve(
    mesh: Mesh,
    conductivity: Mapping[str, float | str | ArrayLike | ConductivityLaw | Material],
    *,
    interfaces: Sequence[Interface] = (),
    boundary: str | None = None,
    directions: Sequence[str] | None = None,
    temperature: float | str = ROOM_TEMPERATURE,
    bracket: bool = False,
    carrier: str = "ion",
) -> CarrierResult:
    """Solve for the effective conductivity of a mesh (collective).

    Args:
        mesh: The mesh.
        conductivity: Per material a number [S/m], text such as ``"1 mS/cm"``, a symmetric tensor in
            crystal axes, shape (d, d) or (3, 3) [S/m], a law (`ConductivityLaw`) or a `Material`;
            0 insulates.
        interfaces: Interfaces that are not in perfect contact, one for each pair of materials.
        boundary: ``periodic``, ``electrodes``, ``uniform_gradient`` or ``uniform_flux``; by default
            ``periodic`` on a periodic mesh, else ``electrodes``.
        directions: Directions of the mean field; by default all of the mesh.
        temperature: Temperature that laws are asked for, a number [K] or text.
        bracket: Whether the answer gets guaranteed bounds, ``lower`` and ``upper``.
        carrier: ``ion`` or ``electron``; which one matters for a `Material` only.

    Returns:
        The numbers of this carrier, as a run has them, the same on all ranks.

    Raises:
        CellionError: The mesh, a material or an interface does not allow it, or the solver does not
            converge.
    """
    labelled, kelvin = mesh.labelled, in_si(temperature, "temperature", "temperature")
    names, axes = labelled.materials, AXES[: labelled.dimension]
    sample = MeshedSample(
        materials=materials_of(conductivity, names, carrier, kelvin),
        mesh=labelled,
        structure=mesh.structure,
        requested={},
        seed=None,
        numbers={},
        notes=mesh.notes,
    )
    problem = TransportProblem(
        mesh=labelled,
        conductivity=conductivities(sample, carrier, kelvin),
        drive=_drive(mesh, boundary),
        directions=axes if directions is None else tuple(directions),
        contacts=_contacts(sample, interfaces, kelvin) if interfaces else None,
    )
    watch = Stopwatch()
    solution = solve_problem(problem, watch)
    transport = homogenise(carrier, solution, watch, estimate=not bracket)
    found = Bounded(sample=sample, solutions={carrier: solution}, transport={carrier: transport})
    if bracket:
        found = bounded(found, mesh, watch)
    elif interfaces:
        found = with_geometry_errors(found, mesh, watch)
    return carrier_record(found, carrier)


def _drive(mesh: Mesh, boundary: str | None) -> Drive:
    """Look up a boundary condition, or choose the one that suits the mesh."""
    if boundary is None:
        boundary = "periodic" if mesh.labelled.periodic.all() else "electrodes"
    if boundary not in DRIVES:
        raise ScenarioError(
            f"boundary: found {boundary!r}{nearest(boundary, DRIVES)}; allowed are "
            f"{', '.join(DRIVES)}"
        )
    return DRIVES[boundary]


def _contacts(
    sample: MeshedSample, interfaces: Sequence[Interface], temperature: float
) -> Contacts:
    """Contacts of all labels at a temperature (collective)."""
    mesh = sample.mesh
    tables = pair_laws(interfaces, mesh.materials, temperature)
    return Contacts(
        label_material=mesh.label_material,
        pair_resistance=tables.resistance,
        pair_sheet_conductance=tables.sheet_conductance,
        factor=_factor(sample, interfaces, temperature),
        pieces=mesh.pieces,
    )


def _factor(
    sample: MeshedSample, interfaces: Sequence[Interface], temperature: float
) -> Factor | None:
    """Resistances of single contacts over 1 Ohm m^2, from laws (collective).

    Every law is asked once, on every rank, about all contacts of the mesh; what it finds wrong is
    thereby found on all ranks alike.
    """
    mesh = sample.mesh
    if not any(isinstance(each.area_resistance, ResistanceLaw) for each in interfaces):
        return None
    met = np.unique(np.sort(first_labels(mesh.pieces, sample.interfaces.labels), axis=1), axis=0)
    values = np.ones(len(met))
    turned = mesh.orientations
    if turned is None:
        turned = np.tile(np.eye(mesh.dimension), (len(mesh.label_material), 1, 1))
    for each in interfaces:
        law = each.area_resistance
        if not isinstance(law, ResistanceLaw):
            continue
        i, j = mesh.materials.index(each.first), mesh.materials.index(each.second)
        made_of = mesh.label_material[met]
        here = np.flatnonzero((np.sort(made_of, axis=1) == sorted((i, j))).all(axis=1))
        pairs = np.where(made_of[here, :1] == i, met[here], met[here, ::-1])
        rotations = turned[pairs[:, 0]], turned[pairs[:, 1]]
        values[here] = pair_resistances(law, each.name, temperature, *rotations)
    count = len(mesh.label_material)
    keys, values = met @ np.array([count, 1]), mesh.comm.bcast(values)

    def factor(labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = values[np.searchsorted(keys, labels @ np.array([count, 1]))]
        return found

    return factor
