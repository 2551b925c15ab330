"""Parallel solution of a transport problem by conjugate gradients with algebraic multigrid.

One hierarchy serves all directions. Periodic and uniform current: one singular matrix, several
loads, the constants of each component in its null space. Uniform gradient: one matrix with the
nodes of the boundary fixed. Electrodes: the matrix differs by direction in the rows of the fixed
nodes only, so the interpolation is set up for the matrix without fixed nodes, and per direction
only the coarse matrices are computed anew. At high contrast that costs many iterations (good
conductors that end at an electrode), and each direction gets a hierarchy of its own.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import assert_never

from cellion.parallel import Stopwatch

import dolfinx.la
import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.facets import facet_vertices
from cellion.mesh.labelled import face_facets
from cellion.mesh.periodicity import AXES
from cellion.transport.matrices import product
from cellion.transport.preconditioner.solver_options import solver_options
from cellion.transport.primal.constraints import constant_modes, fix_rows, owned_groups
from cellion.transport.primal.discretise import Discretisation, discretise
from cellion.transport.primal.drive import (
    Electrodes,
    Periodic,
    Terminals,
    UniformFlux,
    UniformGradient,
)
from cellion.transport.primal.linear import (
    Run,
    keep_corrector,
    new_solver,
    solve_corrector,
    solve_flux,
    solve_potential,
)
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.report import percolation_report
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.system import (
    assemble_flux,
    assemble_load,
    assemble_operator,
    scale_of,
)

__all__ = ["SMOOTHED_ANISOTROPY", "anisotropy", "solve"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

_REUSE_CONTRAST = 1e3
"""Contrast up to which electrodes of different directions share their interpolation."""

SMOOTHED_ANISOTROPY = 300.0
"""Ratio of principal conductivities of a material up to which Gauss-Seidel smooths well."""


def solve(problem: TransportProblem, watch: Stopwatch | None = None) -> Solution:
    """Solve for the corrector of each direction in which something percolates (collective).

    Args:
        problem: Transport problem.
        watch: Records the stages ``discretise``, ``assemble``, ``setup`` and ``solve``.

    Returns:
        The solution; directions in which nothing percolates are not solved for.

    Raises:
        ConvergenceError: A solve did not reach its tolerance; its attribute ``report`` tells more.
    """
    watch = watch or Stopwatch()
    with watch.stage("discretise"):
        discrete = discretise(problem)
    percolation = percolation_report(problem, discrete.components, discrete.carries)
    wanted = [name for name in problem.directions if percolation.percolates[name]]
    mild = _contrast(problem) <= _REUSE_CONTRAST and discrete.interfaces is None
    options = solver_options(
        reuse=not problem.drive.combines and mild and len(wanted) > 1,
        anisotropic=anisotropy(problem) > SMOOTHED_ANISOTROPY,
    )
    run = Run(problem=problem, discrete=discrete, options=options, watch=watch)
    if wanted:
        _solve(run, wanted)
    return Solution(
        problem=problem,
        discrete=discrete,
        correctors=run.correctors,
        currents=run.currents,
        report=run.report(),
        percolation=percolation,
    )


def _contrast(problem: TransportProblem) -> float:
    """Largest over smallest principal conductivity of the conducting materials."""
    values = np.linalg.eigvalsh(problem.conductivity[problem.conducts])
    return float(values.max() / values.min()) if values.size else 1.0


def anisotropy(problem: TransportProblem) -> float:
    """Largest ratio of principal conductivities of a conducting material."""
    values = np.linalg.eigvalsh(problem.conductivity[problem.conducts])
    return float((values[:, -1] / values[:, 0]).max()) if values.size else 1.0


def _solve(run: Run, wanted: list[str]) -> None:
    """Solve for the wanted directions, in the way of the drive."""
    match run.problem.drive:
        case Periodic():
            _solve_periodic(run, wanted)
        case UniformFlux():
            _solve_flux(run, wanted)
        case UniformGradient():
            _solve_held(run, [wanted])
        case Electrodes():
            _solve_held(run, [[direction] for direction in wanted])
        case Terminals():
            _solve_terminals(run, wanted[0])
        case _ as other:
            assert_never(other)


def _solve_periodic(run: Run, wanted: list[str]) -> None:
    """Solve one singular system for several mean fields."""
    with ExitStack() as stack:
        solver, constants = _singular_solver(run, stack)
        for direction in wanted:
            with run.watch.stage("assemble"):
                entries = assemble_load(run.problem, run.discrete, AXES.index(direction))
                load = _load(solver, entries, constants, stack)
            with run.watch.stage("solve"):
                solve_corrector(run, solver, load, direction)


def _solve_flux(run: Run, wanted: list[str]) -> None:
    """Solve one singular system for uniform currents, then combine them to unit mean fields.

    With the potentials u_j of unit currents, the mean field of u_k along j is

        rho_jk = 1/V int_boundary n_j u_k = 1/V b_j(u_k),

    and the current of a unit mean field along k is column k of sigma_eff, the inverse of rho.
    """
    problem, discrete = run.problem, run.discrete
    carries = discrete.carries.any(axis=0)
    axes = np.flatnonzero(carries).tolist()
    flows, loads = [], []
    with ExitStack() as stack:
        solver, constants = _singular_solver(run, stack)
        for axis in axes:
            with run.watch.stage("assemble"):
                loads.append(assemble_flux(problem, discrete, axis))
                load = _load(solver, loads[-1], constants, stack)
            with run.watch.stage("solve"):
                flows.append(solve_flux(run, solver, load, AXES[axis]))
    scale, flow = scale_of(problem), np.stack(flows, axis=1)
    volume = problem.mesh.volume / scale.length**problem.mesh.dimension
    resistivity = problem.mesh.comm.allreduce(np.stack(loads) @ flow) / volume
    currents = np.linalg.inv(0.5 * (resistivity + resistivity.T))
    places = _coordinates(discrete, problem)
    for direction in wanted:
        k = AXES.index(direction)
        potential = scale.length * (flow @ currents[:, axes.index(k)])
        keep_corrector(run, direction, potential - places[:, k])


def _coordinates(discrete: Discretisation, problem: TransportProblem) -> Array:
    """Coordinates of the owned unknowns from the lower corner of the box, shape (n, d) [m]."""
    mesh, dofs = problem.mesh, discrete.dofs
    places = np.empty((len(dofs.group), mesh.dimension))
    cells = np.flatnonzero(discrete.group >= 0)
    places[dofs.of_cell[cells]] = mesh.points[mesh.cells[cells]] - mesh.origin
    return places[: dofs.index_map.size_local]


def _singular_solver(run: Run, stack: ExitStack) -> tuple[PETSc.KSP, PETSc.NullSpace]:
    """Assemble the matrix without fixed nodes and set up its solver and its null space."""
    with run.watch.stage("assemble"):
        matrix = assemble_operator(run.problem, run.discrete)
        stack.callback(matrix.destroy)
        constants = constant_modes(owned_groups(run.discrete.dofs), matrix, stack)
        matrix.setNullSpace(constants)
    with run.watch.stage("setup"):
        solver = new_solver(run, matrix, stack)
        solver.setUp()
    return solver, constants


def _load(
    solver: PETSc.KSP, entries: Array, constants: PETSc.NullSpace, stack: ExitStack
) -> PETSc.Vec:
    """Make a load vector without what the null space holds of it."""
    load = solver.getOperators()[0].createVecLeft()
    stack.callback(load.destroy)
    load.array[:] = entries
    constants.remove(load)
    return load


def _solve_held(run: Run, groups: list[list[str]]) -> None:
    """Solve with the potential of a uniform field on faces.

    Args:
        run: The problem.
        groups: Directions that share the faces.
    """
    with ExitStack() as stack:
        with run.watch.stage("assemble"):
            free = assemble_operator(run.problem, run.discrete)
            stack.callback(free.destroy)
            matrix = free.duplicate(copy=True)
            stack.callback(matrix.destroy)
        with run.watch.stage("setup"):
            solver = new_solver(run, matrix, stack)
            if run.options.get("pc_gamg_reuse_interpolation") == "true":
                solver.setUp()
        for directions in groups:
            with run.watch.stage("setup"):
                faces, fixed = _held_nodes(run, AXES.index(directions[0]))
                free.copy(matrix, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
                fix_rows(matrix, fixed)
                solver.setOperators(matrix)
                solver.setUp()
            for direction in directions:
                with run.watch.stage("assemble"):
                    load = free.createVecLeft()
                    stack.callback(load.destroy)
                    load.array[:] = assemble_load(run.problem, run.discrete, AXES.index(direction))
                with run.watch.stage("solve"):
                    _solve_fixed(run, solver, load, fixed, direction)
                    reaction = _reactions(run, free, load, direction)
                    run.currents[direction] = _currents(run, reaction, faces)


def _solve_terminals(run: Run, direction: str) -> None:
    """Solve with the lower terminal at 1 and the upper one at 0, periodic along the others.

    The load is the current that enters while only the lower terminal is raised. Unlike the load
    of a uniform field it is not a small difference of large currents, whatever the contrast, if
    the better conductor is above.
    """
    axis = AXES.index(direction)
    height = float(run.problem.mesh.box[axis])
    with ExitStack() as stack:
        with run.watch.stage("assemble"):
            free = assemble_operator(run.problem, run.discrete)
            matrix = free.duplicate(copy=True)
            raised, load = free.createVecs()
            for made in (free, matrix, raised, load):
                stack.callback(made.destroy)
            faces, fixed = _held_nodes(run, axis)
            raised.array[:] = faces[0]
            load.array[:] = np.where(fixed, 0.0, -product(free, raised.array))
            fix_rows(matrix, fixed)
        with run.watch.stage("setup"):
            solver = new_solver(run, matrix, stack)
            solver.setUp()
        with run.watch.stage("solve"):
            raised.array[:] += solve_potential(run, solver, load, (free, raised), direction)
            reaction = -product(free, raised.array) * height / scale_of(run.problem).length
            run.currents[direction] = _currents(run, reaction, faces)
            places = _coordinates(run.discrete, run.problem)[:, axis]
            keep_corrector(run, direction, height * (1.0 - raised.array) - places)


def _solve_fixed(
    run: Run, solver: PETSc.KSP, load: PETSc.Vec, fixed: Flags, direction: str
) -> None:
    """Solve with the corrector 0 at fixed nodes."""
    applied = load.duplicate()
    applied.array[:] = np.where(fixed, 0.0, load.array)
    solve_corrector(run, solver, applied, direction)
    applied.destroy()


def _on_face(run: Run, axis: int, side: int, through: Flags) -> Flags:
    """Owned unknowns on a face of the box, of the given components (collective)."""
    dofs = run.discrete.dofs
    facets = face_facets(run.problem.mesh, axis, side)
    facets = facets[np.append(through, False)[run.discrete.group[facets[:, 0]]]]
    flag = dolfinx.la.vector(dofs.index_map, 1)
    flag.array[:] = 0.0
    flag.array[facet_vertices(dofs.of_cell, facets).reshape(-1)] = 1.0
    flag.scatter_reverse(dolfinx.la.InsertMode.add)
    on: Flags = flag.array[: dofs.index_map.size_local] > 0.0
    return on


def _held_nodes(run: Run, axis: int) -> tuple[list[Flags], Flags]:
    """Owned unknowns on each face at which the potential is given, and all that are fixed.

    Unknowns of components that carry no current in the direction are fixed as well.
    """
    dofs, problem = run.discrete.dofs, run.problem
    through = run.discrete.carries[:, axis]
    held = problem.drive.held(axis, problem.mesh.dimension)
    faces = [_on_face(run, normal, side, through) for normal in held for side in (0, 1)]
    apart = ~through[dofs.group[: dofs.index_map.size_local]]
    return faces, np.logical_or.reduce([*faces, apart])


def _reactions(run: Run, free: PETSc.Mat, load: PETSc.Vec, direction: str) -> Array:
    """Scaled current out of each owned node, a(w, v) - b(v)."""
    w = run.correctors[direction].x.array[: load.getLocalSize()] / scale_of(run.problem).length
    return np.asarray(product(free, w) - load.array)


def _currents(run: Run, reaction: Array, faces: list[Flags]) -> tuple[float, float]:
    """Currents into and out of the box [A], both counted as positive.

    They pass the lower and the upper of two faces, or nodes of all faces by the sign of their
    reaction, and are equal but for errors of the solve.
    """
    sides = faces
    if len(faces) > 2:
        held = np.logical_or.reduce(faces)
        sides = [held & (reaction < 0.0), held & (reaction > 0.0)]
    here = np.array([float(reaction[side].sum()) for side in sides])
    total = run.problem.mesh.comm.allreduce(here) * scale_of(run.problem).load
    return -float(total[0]), float(total[1])
