"""What a preconditioner needs to know about unknowns that may jump, besides the matrix."""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellion.transport.agglomerate import Ties
from cellion.transport.discretise import Discretisation
from cellion.transport.problem import TransportProblem
from cellion.transport.spaces import dof_labels

__all__ = ["Jumps", "find_jumps"]

type Numbers = NDArray[np.int64]

_ANISOTROPY = 10.0
"""Ratio of principal conductivities above which multigrid finds a nearly floating label hard."""


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """Unknowns of a problem with resistive interfaces.

    Attributes:
        index_map: Numbers of the unknowns.
        entity: Vertex of each owned unknown, shape (n_owned,).
        label: Label of each owned unknown, shape (n_owned,).
        ties: Interface conductances between the unknowns of a vertex, lumped.
        share: What of these is on the diagonal of the matrix, 2 / (d + 1).
        block: Number that labels have in common if they share unknowns, shape (n_labels,).
        anisotropic: Whether each block has strong anisotropy, shape (n_blocks,).
    """

    index_map: cpp.common.IndexMap
    entity: Numbers
    label: NDArray[np.int32]
    ties: Ties
    share: float
    block: Numbers
    anisotropic: NDArray[np.bool_]


def find_jumps(problem: TransportProblem, discrete: Discretisation, unit: float) -> Jumps | None:
    """Collect the unknowns at resistive interfaces (collective).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        unit: Unit of the matrix [S m^(d-2)].

    Returns:
        Them, or None when no rank has a resistive facet.
    """
    mesh, dofs = problem.mesh, discrete.dofs
    if discrete.interfaces is None:
        return None
    facets, d = discrete.interfaces.resistive, mesh.dimension
    if not mesh.comm.allreduce(len(facets.areas)):
        return None
    pairs = facets.dofs.transpose(0, 2, 1).reshape(-1, 2)
    block = _blocks(problem, discrete)
    values = np.linalg.eigvalsh(problem.label_conductivity)
    strong = values[:, -1] > _ANISOTROPY * values[:, 0]
    return Jumps(
        index_map=dofs.index_map,
        entity=dofs.entity[: dofs.index_map.size_local],
        label=dof_labels(mesh, dofs, discrete.group),
        ties=_added_up(pairs, np.repeat(facets.conductance * facets.areas / (d * unit), d)),
        share=2.0 / (d + 1),
        block=block,
        anisotropic=np.bincount(block, weights=strong) > 0.0,
    )


def _added_up(pairs: Numbers, conductance: NDArray[np.float64]) -> Ties:
    """Add up what several facets contribute to the same pair of unknowns."""
    pairs = np.sort(pairs, axis=1)
    pairs, number = np.unique(pairs, axis=0, return_inverse=True)
    total = np.bincount(number.reshape(-1), weights=conductance, minlength=len(pairs))
    return Ties(pairs=pairs, conductance=total)


def _blocks(problem: TransportProblem, discrete: Discretisation) -> Numbers:
    """Join labels that share unknowns, over all ranks (collective)."""
    mesh, dofs = problem.mesh, discrete.dofs
    count = len(mesh.label_material)
    cells = np.flatnonzero(discrete.group >= 0)
    own = mesh.cell_labels[cells].astype(np.int64)
    some = np.zeros(len(dofs.group), dtype=np.int64)
    for column in dofs.of_cell[cells].T:
        some[column] = own
    links = [np.unique(own * count + some[column]) for column in dofs.of_cell[cells].T]
    found = mesh.comm.allgather(np.unique(np.concatenate(links)))
    one, other = np.divmod(np.unique(np.concatenate(found)), count)
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    _, block = connected_components(graph, directed=False)
    return np.asarray(block, dtype=np.int64)
