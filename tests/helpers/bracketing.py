"""Brackets of small problems on one rank, which several tests share."""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.bracket import Bracket, Indicators, bracket_of
from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.dual.lower_bound import ConservedCurrents, conserved_currents
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import solve

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bracketed:
    """A bracket, its indicators, the mesh, and the unknowns of both bounds."""

    bracket: Bracket
    indicators: Indicators
    mesh: LabelledMesh
    unknowns: int


def solved_and_bounded(
    data: MeshData,
    conductivity: Array,
    boundary: str = "periodic",
    interfaces: Contacts | None = None,
) -> tuple[Solution, ConservedCurrents, Bracket]:
    """Solve in all directions of the box, and bound."""
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
        contacts=interfaces,
    )
    solution = solve(problem)
    conserved = conserved_currents(solution)
    bracket, _ = bracket_of(solution, conserved, effective_conductivity(solution).tensor)
    return solution, conserved, bracket


def bracketed(
    data: MeshData,
    conductivity: Array,
    boundary: str = "periodic",
    resistance: Array | None = None,
    sheet: Array | None = None,
) -> Bracketed:
    """Solve and bound; interface laws by pair of materials."""
    none = np.zeros((len(data.materials),) * 2)
    laws = Contacts(
        label_material=data.label_material,
        pair_resistance=none if resistance is None else resistance,
        pair_sheet_conductance=none if sheet is None else sheet,
    )
    mesh = distribute(data, MPI.COMM_SELF)
    problem = TransportProblem(
        mesh=mesh,
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
        contacts=laws,
    )
    solution = solve(problem)
    upper = effective_conductivity(solution).tensor
    bracket, indicators = bracket_of(solution, conserved_currents(solution), upper)
    unknowns = bracket.unknowns + solution.report.unknowns
    return Bracketed(bracket=bracket, indicators=indicators, mesh=mesh, unknowns=unknowns)


def laminate(
    normal: Array, tensors: Array, fractions: Array, resistance_per_length: float = 0.0
) -> Array:
    """Layers in series along a unit normal and in parallel across it.

    Continuity of the normal current and of the tangential field gives, with n_p = n . S_p n and
    r_p = S_p n,

        sigma_eff = <S_p - r_p r_p / n_p> + <r_p / n_p> <r_p / n_p> / (<1 / n_p> + R / L).

    Source: Backus, J. Geophys. Res. 67 (1962) 4427; Milton (2002), The Theory of Composites, ch. 9.
    """
    rows = tensors @ normal
    n = rows @ normal
    mean = np.einsum("p,pi->i", fractions / n, rows)
    parallel = tensors - np.einsum("pi,pj,p->pij", rows, rows, 1.0 / n)
    series = (fractions / n).sum() + resistance_per_length
    found: Array = np.einsum("p,pij->ij", fractions, parallel) + np.outer(mean, mean) / series
    return found
