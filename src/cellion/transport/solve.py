"""Parallel solution of a transport problem by conjugate gradients with algebraic multigrid.

One hierarchy serves all directions. Periodic: one singular matrix, several loads, the constants of
each component in its null space. Electrodes: the matrix differs by direction in the rows of the
fixed nodes only, so the interpolation is set up for the matrix without fixed nodes, and per
direction only the coarse matrices are computed anew. At high contrast that costs many iterations
(good conductors that end at an electrode), and each direction gets a hierarchy of its own.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from cellion.parallel import Stopwatch

import dolfinx.fem
import dolfinx.la
import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.errors import ConvergenceError
from cellion.mesh.facets import facet_vertices
from cellion.mesh.labelled import face_facets
from cellion.mesh.periodicity import AXES
from cellion.transport.discretise import Discretisation, discretise
from cellion.transport.problem import TransportProblem
from cellion.transport.report import Percolation, SolverReport, percolation_report
from cellion.transport.solution import Solution
from cellion.transport.solver_options import ENERGY_TOLERANCE, PREFIX, options_set, solver_options
from cellion.transport.system import assemble_load, assemble_operator, field_energy, scale_of

__all__ = ["solve"]

_RESIDUAL_LIMIT = 1e-5
"""A true residual above this contradicts the stopping test: the preconditioner is not definite."""

_SLACK = 10.0
"""Factor on the tolerance that the last residual, which is not the one tested, may have."""

_SMALLEST_SHARE = 1e-5
"""Smallest sigma_eff over the volume mean of sigma for which the solve is sharpened."""

_REUSE_CONTRAST = 1e3
"""Contrast up to which electrodes of different directions share their interpolation."""

_FIXED_DIAGONAL = 0.1
"""Diagonal of fixed nodes over the mean diagonal; larger values stiffen coarse nodes near them."""


@dataclass(kw_only=True)
class _Run:
    """A problem being solved and what its directions leave behind."""

    problem: TransportProblem
    discrete: Discretisation
    options: dict[str, str]
    watch: Stopwatch
    correctors: dict[str, dolfinx.fem.Function] = field(default_factory=dict)
    currents: dict[str, tuple[float, float]] = field(default_factory=dict)
    reason: dict[str, str] = field(default_factory=dict)
    iterations: dict[str, int] = field(default_factory=dict)
    residual: dict[str, float] = field(default_factory=dict)
    energy_error: dict[str, float] = field(default_factory=dict)

    def report(self) -> SolverReport:
        """Return how the solves ended so far."""
        return SolverReport(
            unknowns=self.discrete.unknowns,
            reason=self.reason,
            iterations=self.iterations,
            residual=self.residual,
            energy_error=self.energy_error,
            options=self.options if self.reason else {},
        )


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
    percolation = _percolation(problem, discrete)
    wanted = [name for name in problem.directions if percolation.percolates[name]]
    periodic = problem.boundary == "periodic"
    mild = _contrast(problem) <= _REUSE_CONTRAST
    options = solver_options(reuse=mild and not periodic and len(wanted) > 1)
    run = _Run(problem=problem, discrete=discrete, options=options, watch=watch)
    if wanted and periodic:
        _solve_periodic(run, wanted)
    elif wanted:
        _solve_electrodes(run, wanted)
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


def _percolation(problem: TransportProblem, discrete: Discretisation) -> Percolation:
    """Summarise the components."""
    components = discrete.components
    return percolation_report(
        components.volumes / problem.mesh.volume,
        components.percolates,
        components.touches if problem.boundary == "electrodes" else None,
        problem.mesh.materials,
        dict(zip(problem.directions, problem.axes, strict=True)),
    )


def _new_solver(run: _Run, stack: ExitStack) -> PETSc.KSP:
    """Create the solver with its options; it is destroyed with the stack."""
    solver = PETSc.KSP().create(run.problem.mesh.comm)
    stack.callback(solver.destroy)
    solver.setOptionsPrefix(PREFIX)
    stack.enter_context(options_set(run.options))
    return solver


def _solve_periodic(run: _Run, wanted: list[str]) -> None:
    """Solve one singular system for several mean fields."""
    with ExitStack() as stack:
        with run.watch.stage("assemble"):
            matrix = assemble_operator(run.problem, run.discrete)
            stack.callback(matrix.destroy)
            constants = _constants(run.discrete, matrix, stack)
            matrix.setNullSpace(constants)
        with run.watch.stage("setup"):
            solver = _new_solver(run, stack)
            solver.setOperators(matrix)
            solver.setFromOptions()
            solver.setUp()
        for direction in wanted:
            with run.watch.stage("assemble"):
                load = matrix.createVecLeft()
                stack.callback(load.destroy)
                load.array[:] = assemble_load(run.problem, run.discrete, AXES.index(direction))
                constants.remove(load)
            with run.watch.stage("solve"):
                _solve_one(run, solver, load, direction)


def _constants(discrete: Discretisation, matrix: PETSc.Mat, stack: ExitStack) -> PETSc.NullSpace:
    """Null space of the periodic matrix: a constant on each solved component."""
    group = discrete.dofs.group[: discrete.dofs.index_map.size_local]
    comm = discrete.dofs.index_map.comm
    names = sorted(set().union(*comm.allgather(np.unique(group).tolist())))
    if len(names) == 1:
        space = PETSc.NullSpace().create(constant=True, comm=comm)
        stack.callback(space.destroy)
        return space
    vectors = []
    for name in names:
        vector = matrix.createVecRight()
        stack.callback(vector.destroy)
        vector.array[:] = group == name
        vector.normalize()
        vectors.append(vector)
    space = PETSc.NullSpace().create(constant=False, vectors=vectors, comm=comm)
    stack.callback(space.destroy)
    return space


def _solve_electrodes(run: _Run, wanted: list[str]) -> None:
    """Solve with two equipotential faces, in each direction anew."""
    with ExitStack() as stack:
        with run.watch.stage("assemble"):
            free = assemble_operator(run.problem, run.discrete)
            stack.callback(free.destroy)
            matrix = free.duplicate(copy=True)
            stack.callback(matrix.destroy)
        solver = _new_solver(run, stack)
        solver.setOperators(matrix)
        with run.watch.stage("setup"):
            solver.setFromOptions()
            if run.options.get("pc_gamg_reuse_interpolation") == "true":
                solver.setUp()
        for direction in wanted:
            axis = AXES.index(direction)
            with run.watch.stage("assemble"):
                load = free.createVecLeft()
                stack.callback(load.destroy)
                load.array[:] = assemble_load(run.problem, run.discrete, axis)
            with run.watch.stage("setup"):
                lower, upper, fixed = _fixed_nodes(run, axis)
                free.copy(matrix, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
                rows = np.flatnonzero(fixed) + matrix.getOwnershipRange()[0]
                matrix.zeroRowsColumns(rows.astype(PETSc.IntType), _mean_diagonal(free))
                solver.setOperators(matrix)
                solver.setUp()
            with run.watch.stage("solve"):
                applied = load.duplicate()
                stack.callback(applied.destroy)
                applied.array[:] = np.where(fixed, 0.0, load.array)
                _solve_one(run, solver, applied, direction)
                run.currents[direction] = _reactions(run, free, load, direction, (lower, upper))


def _mean_diagonal(matrix: PETSc.Mat) -> float:
    """Diagonal for fixed nodes."""
    diagonal = matrix.getDiagonal()
    mean = diagonal.sum() / matrix.getSize()[0]
    diagonal.destroy()
    return float(_FIXED_DIAGONAL * mean)


def _fixed_nodes(
    run: _Run, axis: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Owned unknowns on the lower and on the upper electrode, and all that are fixed.

    Unknowns of components that do not percolate in the direction are fixed as well.
    """
    mesh, dofs = run.problem.mesh, run.discrete.dofs
    through = np.append(run.discrete.components.percolates[:, axis], False)
    owned = dofs.index_map.size_local
    sides = []
    for side in (0, 1):
        facets = face_facets(mesh, axis, side)
        facets = facets[through[run.discrete.group[facets[:, 0]]]]
        flag = dolfinx.la.vector(dofs.index_map, 1)
        flag.array[:] = 0.0
        flag.array[facet_vertices(dofs.of_cell, facets).reshape(-1)] = 1.0
        flag.scatter_reverse(dolfinx.la.InsertMode.add)
        sides.append(flag.array[:owned] > 0.0)
    lower, upper = sides
    return lower, upper, lower | upper | ~through[dofs.group[:owned]]


def _solve_one(run: _Run, solver: PETSc.KSP, load: PETSc.Vec, direction: str) -> None:
    """Solve for one load, check the answer and keep the corrector in metres.

    The first tolerance is relative to the dissipation of the uniform field. When the answer turns
    out to be a small share of that (series of good and bad conductors), the currents need more;
    this may go down to rounding errors, where the reason has no meaning.
    """
    axis, scale = AXES.index(direction), scale_of(run.problem)
    uniform = field_energy(run.problem, run.discrete, axis)
    energy = float(np.sqrt(uniform))
    solution = load.duplicate()
    solution.set(0.0)
    iterations = _iterate(solver, load, solution, ENERGY_TOLERANCE * energy)
    reason = _reason_name(solver.getConvergedReason())
    share = (uniform - float(load.dot(solution))) / uniform
    if reason.startswith("CONVERGED") and share < 0.5:
        tolerance = ENERGY_TOLERANCE * energy * max(share, _SMALLEST_SHARE)
        iterations += _iterate(solver, load, solution, tolerance)
    residual = load.duplicate()
    solver.getOperators()[0].mult(solution, residual)
    residual.aypx(-1.0, load)
    run.reason[direction] = reason
    run.iterations[direction] = iterations
    run.energy_error[direction] = float(solver.getResidualNorm()) / energy
    load_norm = float(load.norm())
    run.residual[direction] = float(residual.norm()) / max(load_norm, ENERGY_TOLERANCE * energy)
    corrector = dolfinx.fem.Function(run.discrete.space, name=f"corrector_{direction}")
    corrector.x.array[: load.getLocalSize()] = solution.array * scale.length
    corrector.x.scatter_forward()
    run.correctors[direction] = corrector
    solution.destroy()
    residual.destroy()
    _check(run, direction)


def _iterate(solver: PETSc.KSP, load: PETSc.Vec, solution: PETSc.Vec, tolerance: float) -> int:
    """Continue from a solution until the natural norm is below a tolerance; count iterations."""
    solver.setTolerances(rtol=0.0, atol=tolerance)
    solver.setInitialGuessNonzero(True)
    solver.solve(load, solution)
    return int(solver.getIterationNumber())


def _check(run: _Run, direction: str) -> None:
    """Refuse an answer that did not converge.

    Raises:
        ConvergenceError: PETSc says so, or the true residual contradicts it.
    """
    reason = run.reason[direction]
    sharp = run.energy_error[direction] <= _SLACK * ENERGY_TOLERANCE
    if reason.startswith("CONVERGED") and sharp and run.residual[direction] <= _RESIDUAL_LIMIT:
        return
    error = ConvergenceError(
        f"direction {direction}: {reason} after {run.iterations[direction]} iterations with "
        f"{run.discrete.unknowns} unknowns; true residual {run.residual[direction]:.2g} (allowed "
        f"{_RESIDUAL_LIMIT:.0e}), energy error {run.energy_error[direction]:.2g} (allowed "
        f"{ENERGY_TOLERANCE:.0e}); check the mesh quality and the contrast of the conductivities"
    )
    error.report = run.report()  # type: ignore[attr-defined]
    raise error


def _reason_name(reason: int) -> str:
    """Name of a PETSc converged reason."""
    names: dict[int, str] = {
        value: name
        for name, value in vars(PETSc.KSP.ConvergedReason).items()
        if isinstance(value, int) and name.startswith(("CONVERGED_", "DIVERGED_"))
    }
    return names.get(reason, str(reason))


def _reactions(
    run: _Run,
    free: PETSc.Mat,
    load: PETSc.Vec,
    direction: str,
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[float, float]:
    """Currents through the lower and the upper electrode [A], from a(w, v) - b(v) at their nodes.

    Both count along the direction, so that they are equal but for errors of the solve.
    """
    corrector, scale = run.correctors[direction], scale_of(run.problem)
    w, reaction = load.duplicate(), load.duplicate()
    w.array[:] = corrector.x.array[: load.getLocalSize()] / scale.length
    free.mult(w, reaction)
    reaction.axpy(-1.0, load)
    lower, upper = (float(reaction.array[side].sum()) * scale.load for side in sides)
    w.destroy()
    reaction.destroy()
    total = run.problem.mesh.comm.allreduce(np.array([-lower, upper]))
    return float(total[0]), float(total[1])
