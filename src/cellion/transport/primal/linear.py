"""Linear solves of one problem: iterations, checks of the answers, and their record."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from cellion.parallel import Stopwatch

import dolfinx.fem
import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.errors import ConvergenceError
from cellion.mesh.periodicity import AXES
from cellion.transport.matrices import product
from cellion.transport.preconditioner.interface_preconditioner import precondition
from cellion.transport.preconditioner.solver_options import ENERGY_TOLERANCE, PREFIX, options_set
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.interface_couplings import find_couplings
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.report import SolverReport
from cellion.transport.primal.system import field_energy, scale_of

__all__ = [
    "Run",
    "configure",
    "keep_corrector",
    "new_solver",
    "solve_corrector",
    "solve_flux",
    "solve_potential",
]

type Array = NDArray[np.float64]

_RESIDUAL_LIMIT = 1e-5
"""A true residual above this contradicts the stopping test: the preconditioner is not definite."""

_SLACK = 10.0
"""Factor on the tolerance that the last residual, which is not the one tested, may have."""

_SMALLEST_SHARE = 1e-5
"""Smallest sigma_eff over the volume mean of sigma for which the solve is sharpened."""

_MORE_ITERATIONS = 10
"""Iterations that a sharpened solve may take beyond those of the first, which gains more digits."""

_FIRST_TOLERANCE = 1e-3
"""Error of the first solve for a uniform current, which finds out how much it dissipates."""


@dataclass(kw_only=True)
class Run:
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


def new_solver(run: Run, matrix: PETSc.Mat, stack: ExitStack) -> PETSc.KSP:
    """Create the solver of a matrix; it and its options are gone with the stack."""
    solver = PETSc.KSP().create(run.problem.mesh.comm)
    stack.callback(solver.destroy)
    solver.setOptionsPrefix(PREFIX)
    stack.enter_context(options_set(run.options))
    solver.setOperators(matrix)
    configure(solver, run.problem, run.discrete)
    return solver


def configure(solver: PETSc.KSP, problem: TransportProblem, discrete: Discretisation) -> None:
    """Choose method and preconditioner of a solver that has its matrix: those of the options.

    Args:
        solver: Solver.
        problem: Transport problem.
        discrete: Its unknowns.
    """
    solver.setFromOptions()
    couplings = find_couplings(problem, discrete)
    if couplings is not None:
        precondition(solver, couplings)


def solve_corrector(run: Run, solver: PETSc.KSP, load: PETSc.Vec, direction: str) -> None:
    """Solve for the corrector of a mean field and keep it.

    The first tolerance is relative to the dissipation of the uniform field. When the answer turns
    out to be a small share of that (series of good and bad conductors), the currents need more;
    this may go down to rounding errors, where the reason has no meaning, and takes hardly
    more iterations than the first.

    Raises:
        ConvergenceError: The solve did not reach its tolerance.
    """
    uniform = field_energy(run.problem, run.discrete, AXES.index(direction))
    energy = float(np.sqrt(uniform))
    solution = _zero(load)
    _iterate(run, solver, load, solution, direction, ENERGY_TOLERANCE * energy)
    reason, made = run.reason[direction], run.iterations[direction]
    share = (uniform - float(load.dot(solution))) / uniform
    if reason.startswith("CONVERGED") and share < 0.5:
        tolerance = ENERGY_TOLERANCE * energy * max(share, _SMALLEST_SHARE)
        most = made + _MORE_ITERATIONS
        _iterate(run, solver, load, solution, direction, tolerance, most)
        run.reason[direction] = reason
    values = _checked(run, solver, load, solution, direction, energy)
    keep_corrector(run, direction, values * scale_of(run.problem).length)


def keep_corrector(run: Run, direction: str, values: Array) -> None:
    """Keep a corrector given by its values at the owned unknowns [m] (collective)."""
    corrector = dolfinx.fem.Function(run.discrete.space, name=f"corrector_{direction}")
    corrector.x.array[: len(values)] = values
    corrector.x.scatter_forward()
    run.correctors[direction] = corrector


def solve_flux(run: Run, solver: PETSc.KSP, load: PETSc.Vec, direction: str) -> Array:
    """Solve for the potential of a uniform current through the boundary.

    Its dissipation is not known beforehand, but is no less than that of the volume mean of the
    conductivity.

    Returns:
        Minus the potential of 1 A/m^2 at the owned unknowns, over L / s (see `Scale`).

    Raises:
        ConvergenceError: The solve did not reach its tolerance.
    """
    axis, scale = AXES.index(direction), scale_of(run.problem)
    volume = run.problem.mesh.volume / scale.length**run.problem.mesh.dimension
    least = volume**2 / field_energy(run.problem, run.discrete, axis)
    solution = _zero(load)
    _iterate(run, solver, load, solution, direction, _FIRST_TOLERANCE * float(np.sqrt(least)))
    energy = float(np.sqrt(max(load.dot(solution), least)))
    _iterate(run, solver, load, solution, direction, ENERGY_TOLERANCE * energy)
    return _checked(run, solver, load, solution, direction, energy)


def solve_potential(
    run: Run,
    solver: PETSc.KSP,
    load: PETSc.Vec,
    between: tuple[PETSc.Mat, PETSc.Vec],
    direction: str,
) -> Array:
    """Solve for the potential between two terminals.

    The dissipation, to which errors are relative, is at most that of any other potential with the
    same terminals (Dirichlet's principle); each round bounds it closer.

    Args:
        run: The problem.
        solver: Solver of the matrix in which the terminals are fixed.
        load: Load of the terminals, 0 at fixed nodes.
        between: Matrix without fixed nodes, and the potential of the terminals, 0 elsewhere.
        direction: Direction from the lower to the upper terminal.

    Returns:
        Potential of the owned unknowns that are not fixed, 0 at those that are.

    Raises:
        ConvergenceError: The solve did not reach its tolerance.
    """
    (free, terminals), comm = between, run.problem.mesh.comm
    solution, energy = _zero(load), 0.0
    for tolerance in (_FIRST_TOLERANCE, ENERGY_TOLERANCE, ENERGY_TOLERANCE):
        potential = terminals.array + solution.array
        energy = float(np.sqrt(comm.allreduce(float(potential @ product(free, potential)))))
        _iterate(run, solver, load, solution, direction, tolerance * energy)
    return _checked(run, solver, load, solution, direction, energy)


def _zero(load: PETSc.Vec) -> PETSc.Vec:
    """Solution to start from."""
    solution = load.duplicate()
    solution.set(0.0)
    return solution


def _iterate(
    run: Run,
    solver: PETSc.KSP,
    load: PETSc.Vec,
    solution: PETSc.Vec,
    direction: str,
    tolerance: float,
    most: int | None = None,
) -> None:
    """Continue from a solution until the natural norm is below a tolerance; record how it ended."""
    limit = solver.getTolerances()[3]
    solver.setTolerances(rtol=0.0, atol=tolerance, max_it=limit if most is None else most)
    solver.setInitialGuessNonzero(True)
    solver.solve(load, solution)
    solver.setTolerances(max_it=limit)
    made = run.iterations.get(direction, 0) + int(solver.getIterationNumber())
    run.reason[direction] = _reason_name(solver.getConvergedReason())
    run.iterations[direction] = made


def _checked(
    run: Run,
    solver: PETSc.KSP,
    load: PETSc.Vec,
    solution: PETSc.Vec,
    direction: str,
    energy: float,
) -> Array:
    """Values of a solution, which is destroyed; its errors are recorded.

    Raises:
        ConvergenceError: PETSc says so, or the true residual contradicts it.
    """
    residual = load.duplicate()
    solver.getOperators()[0].mult(solution, residual)
    residual.aypx(-1.0, load)
    load_norm = max(float(load.norm()), ENERGY_TOLERANCE * energy)
    run.residual[direction] = float(residual.norm()) / load_norm
    run.energy_error[direction] = float(solver.getResidualNorm()) / energy
    values: Array = np.array(solution.array)
    residual.destroy()
    solution.destroy()
    reason = run.reason[direction]
    sharp = run.energy_error[direction] <= _SLACK * ENERGY_TOLERANCE
    if reason.startswith("CONVERGED") and sharp and run.residual[direction] <= _RESIDUAL_LIMIT:
        return values
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
