"""Solve a cell and read its response from the fields.

With the potential phi, 0 at the outer face of the collector and U at that of the separator, and the
current I = U / (resistance),

    U I = int sigma grad(phi) . grad(phi) + int_contacts jump(phi)^2 / R + sheets:

every part of the resistance is what dissipates there over I^2, and the parts add up to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.cell.connection import Connection, Reach, find_connection, find_reach
from cellion.cell.networks import Networks
from cellion.cell.response import PARTS, CellResponse
from cellion.homogenise.dissipation import Fields, evaluate_fields, interface_energies
from cellion.homogenise.mesh_error import mesh_errors
from cellion.mesh.data import LabelRole
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.periodicity import AXES
from cellion.transport.index_maps import dof_values
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import Terminals
from cellion.transport.primal.interfaces import ResistiveFacets
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import solve

__all__ = ["CellProblem", "respond", "solve_cell"]

type Array = NDArray[np.float64]

_EDGE = 1e-9
"""Part of a slice by which facets may miss the plane between two slices that they lie on."""


@dataclass(frozen=True, kw_only=True)
class CellProblem:
    """A composite between separator and collector.

    Attributes:
        mesh: Labelled mesh with roles of its labels; not periodic along the axis.
        axis: Direction from separator to collector, ``x``, ``y`` or ``z``.
        separator: Thickness of the separator [m].
        collector: Thickness of the collector [m].
        networks: What the materials carry.
        laws: Laws of all contacts.
        slices: Number of slices over which the reaction is counted.
        unconnected: ``excluded``, what leads to no electrode takes no part; or ``polarised``, it
            does, as before lithium has moved.
    """

    mesh: LabelledMesh
    axis: str
    separator: float
    collector: float
    networks: Networks
    laws: Contacts
    slices: int = 20
    unconnected: str = "excluded"

    @cached_property
    def reach(self) -> Reach:
        """Cells connected to separator and collector (collective when first asked for)."""
        return find_reach(self.mesh, self.networks, self.laws, AXES.index(self.axis))

    @property
    def thickness(self) -> float:
        """Thickness of the composite [m]."""
        return float(self.mesh.box[AXES.index(self.axis)]) - self.separator - self.collector

    @property
    def part(self) -> NDArray[np.int64]:
        """Index into `PARTS` of the bulk of each label, shape (n_labels,)."""
        ionic = self.networks.ionic[self.mesh.label_material]
        part = np.where(ionic, PARTS.index("ionic"), PARTS.index("electronic"))
        part[self.mesh.label_role == LabelRole.SEPARATOR] = PARTS.index("separator")
        part[self.mesh.label_role == LabelRole.COLLECTOR] = PARTS.index("collector")
        return np.asarray(part, dtype=np.int64)


def solve_cell(cell: CellProblem, watch: Stopwatch | None = None) -> Solution:
    """Solve for the potential (collective).

    Args:
        cell: The cell.
        watch: Records the stages.

    Returns:
        The solution for a mean field of 1 V/m along the axis.

    Raises:
        ConvergenceError: The solve did not reach its tolerance.
    """
    mesh, d, floating = cell.mesh, cell.mesh.dimension, cell.reach.floating
    excludes = cell.unconnected == "excluded" and any(mesh.comm.allgather(bool(floating.any())))
    problem = TransportProblem(
        mesh=mesh,
        conductivity=np.ascontiguousarray(cell.networks.conductivity[:, :d, :d]),
        drive=Terminals(),
        directions=(cell.axis,),
        contacts=cell.laws,
        excluded=floating if excludes else None,
    )
    return solve(problem, watch)


def respond(cell: CellProblem, solution: Solution) -> tuple[CellResponse, Connection]:
    """Read the response of a solved cell (collective).

    Args:
        cell: The cell.
        solution: Its solution.

    Returns:
        The response, and what is connected to what.
    """
    connection = find_connection(cell.mesh, cell.networks, cell.laws, cell.reach)
    area = connection.reaction_area
    idle = CellResponse(
        axis=cell.axis,
        thickness={
            "separator": cell.separator,
            "composite": cell.thickness,
            "collector": cell.collector,
        },
        connects=False,
        area_specific_resistance=np.inf,
        unconnected=cell.unconnected,
        utilisation=connection.utilisation,
        reaction_utilisation=connection.connected_area / area if area > 0.0 else np.nan,
        active=connection.active,
        reaction_area=connection.reaction_area,
        connected_area=connection.connected_area,
        reason=solution.percolation.reason.get(cell.axis),
    )
    response = _with_current(cell, solution, idle) if solution.correctors else idle
    return response, connection


def _with_current(cell: CellProblem, solution: Solution, idle: CellResponse) -> CellResponse:
    """Complete a response by what follows from the fields (collective).

    For a mean field of 1 V/m the voltage is the height of the box and the power U I the energy.
    """
    mesh, axis = cell.mesh, AXES.index(cell.axis)
    fields = evaluate_fields(solution)
    energy = _energies(cell, fields)
    power, height = float(energy.sum()), float(mesh.box[axis])
    tensor = np.zeros((mesh.dimension, mesh.dimension))
    tensor[axis, axis] = power / mesh.volume
    resistance = mesh.volume * height / power
    reaction, backwards = _reaction(cell, fields)
    entry, leaving = solution.currents[cell.axis]
    return replace(
        idle,
        connects=True,
        area_specific_resistance=resistance,
        parts=dict(zip(PARTS, (energy / power * resistance).tolist(), strict=True)),
        depth=tuple(np.linspace(0.0, cell.thickness, cell.slices + 1).tolist()),
        reaction_current=tuple((reaction * height / power).tolist()),
        reversed_share=backwards,
        imbalance=abs(entry - leaving) / max(abs(entry), abs(leaving)),
        discretisation_error=mesh_errors(solution, tensor)[cell.axis],
    )


def _energies(cell: CellProblem, fields: Fields) -> Array:
    """Dissipation for a mean field of 1 V/m by `PARTS` (collective) [W m^(d-3)]."""
    part, axis = cell.part, cell.axis
    places, energies = [part[cell.mesh.cell_labels[fields.cells]]], fields.bulk_energies(axis, axis)
    interfaces = fields.discrete.interfaces
    if interfaces is not None:
        places += [_contact_part(cell, interfaces.resistive), part[interfaces.sheets.labels[:, 0]]]
        energies = np.concatenate([energies, *interface_energies(fields, axis, axis)])
    here = np.bincount(np.concatenate(places), energies, minlength=len(PARTS))
    total: Array = cell.mesh.comm.allreduce(here)
    return total


def _contact_part(cell: CellProblem, facets: ResistiveFacets) -> NDArray[np.int64]:
    """Index into `PARTS` of each resistive facet."""
    ionic = cell.networks.ionic[cell.mesh.label_material[facets.labels]]
    names = ("electronic_contacts", "interfacial", "ionic_contacts")
    return np.array([PARTS.index(name) for name in names])[ionic.sum(axis=1)]


def _reaction(cell: CellProblem, fields: Fields) -> tuple[Array, float]:
    """Current from the ionic to the electronic network (collective).

    Returns:
        The current per slice [A m^(d-3)], and the part of it that runs backwards, all counted as
        positive [-].
    """
    discrete, mesh, axis = fields.discrete, cell.mesh, AXES.index(cell.axis)
    current, way = np.zeros(cell.slices), np.zeros(2)
    if discrete.interfaces is not None:
        facets = discrete.interfaces.resistive
        places = np.zeros(len(discrete.dofs.group))
        cells = np.flatnonzero(discrete.group >= 0)
        places[discrete.dofs.of_cell[cells]] = mesh.points[mesh.cells[cells], axis]
        depth = dof_values(discrete.dofs.index_map, facets.dofs[:, 0], places).mean(axis=1)
        depth -= float(mesh.origin[axis]) + cell.separator
        slices = np.floor(depth / cell.thickness * cell.slices + _EDGE).astype(np.int64)
        slices = np.clip(slices, 0, cell.slices - 1)
        ionic = cell.networks.ionic[mesh.label_material[facets.labels]].astype(np.int64)
        # phi = -(x + w), so that the current from the first side to the second is (w2 - w1) / R.
        sides = fields.of[cell.axis].sides.mean(axis=2)
        flow = facets.conductance * facets.areas * (sides[:, 1] - sides[:, 0])
        flow *= ionic[:, 0] - ionic[:, 1]
        current = np.bincount(slices, flow, minlength=cell.slices)
        way = np.array([flow[flow > 0.0].sum(), abs(flow[flow < 0.0].sum())])
    current, way = mesh.comm.allreduce(current), mesh.comm.allreduce(way)
    return current, float(way[1] / way.sum()) if way.any() else 0.0
