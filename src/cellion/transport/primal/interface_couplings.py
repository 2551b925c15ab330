"""Couplings of unknowns at resistive interfaces, for the preconditioner."""

from __future__ import annotations

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.transport.index_maps import connected_sets
from cellion.transport.preconditioner.agglomerate import InterfaceCouplings
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.spaces import dof_labels
from cellion.transport.primal.system import scale_of

__all__ = ["find_couplings"]

type Numbers = NDArray[np.int64]

_ANISOTROPY = 10.0
"""Ratio of principal conductivities above which multigrid finds a nearly floating label hard."""


def find_couplings(
    problem: TransportProblem, discrete: Discretisation
) -> InterfaceCouplings | None:
    """Collect the unknowns at resistive interfaces (collective).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.

    Returns:
        Their couplings, or None when no rank has a resistive facet.
    """
    mesh, dofs = problem.mesh, discrete.dofs
    if discrete.interfaces is None:
        return None
    facets, d = discrete.interfaces.resistive, mesh.dimension
    if not mesh.comm.allreduce(len(facets.areas)):
        return None
    block = _blocks(problem, discrete)
    values = np.linalg.eigvalsh(problem.label_conductivity)
    strong = values[:, -1] > _ANISOTROPY * values[:, 0]
    # Several facets contribute to the same pair of unknowns.
    pairs = np.sort(facets.dofs.transpose(0, 2, 1).reshape(-1, 2), axis=1)
    pairs, number = np.unique(pairs, axis=0, return_inverse=True)
    each = np.repeat(facets.conductance * facets.areas / (d * scale_of(problem).matrix), d)
    return InterfaceCouplings(
        index_map=dofs.index_map,
        entity=dofs.entity[: dofs.index_map.size_local],
        label=dof_labels(mesh, dofs, discrete.group),
        pairs=pairs,
        conductance=np.bincount(number.reshape(-1), weights=each, minlength=len(pairs)),
        share=2.0 / (d + 1),
        block=block,
        anisotropic=np.bincount(block, weights=strong) > 0.0,
    )


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
    _, block = connected_sets(count, one, other)
    return np.asarray(block, dtype=np.int64)
