"""How far stated errors can be believed: the stated error of sigma_eff against the true one.

    python benchmarks/calibration.py                          # both sets
    python benchmarks/calibration.py tuning --only packing chain

Every problem of `calibration_set.py` is run as a user would, on a coarse mesh and without bracket.
The stated error is what results.json says of discretisation and geometry together, the true one
|sigma / exact - 1|, both per direction; for media of which only the determinant is known, of its
root. Errors below a hundredth of a percent count as that. Numbers whose reference is uncertain by
more than half of the true error are not judged, but counted. The goal: at most a factor 3 apart
in 95 % of all, nowhere below a tenth of the true error, withdrawn in at most 10 % of the problems.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
from calibration_references import FILE
from calibration_set import SETS, Problem, problems
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.errors import CellionError
from cellion.pipeline.run import run
from cellion.results.record import CarrierResult
from cellion.scenario.load import build_scenario

FLOOR = 1e-4
"""Errors below this count as this [-]."""

FACTOR, WORST = 3.0, 10.0
"""How far apart stated and true error may be in general, and how far below at worst."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One number: what was stated of its error, and what is true.

    Attributes:
        problem: Name of the problem.
        family: Its family.
        quantity: Direction, or ``det``.
        true: Signed error, relative to the exact value.
        unsure: What the exact value is uncertain by, relative.
        mesh: Stated error by the mesh, relative; NaN where it is withdrawn.
        geometry: Stated error by the geometry, relative.
    """

    problem: str
    family: str
    quantity: str
    true: float
    unsure: float
    mesh: float
    geometry: float

    @property
    def ratio(self) -> float:
        """Stated over true error; NaN where it is withdrawn."""
        return max(self.mesh + self.geometry, FLOOR) / max(abs(self.true), FLOOR)

    @property
    def judged(self) -> bool:
        """Whether the reference is sharp enough."""
        return self.unsure <= max(abs(self.true) / 2.0, FLOOR)


def outcomes(
    problem: Problem, carrier: CarrierResult, known: dict[str, list[float]]
) -> list[Outcome]:
    """Compare what was stated with what is true."""
    sigma = carrier.effective_conductivity
    stated, geometry = carrier.discretisation_error_estimate, carrier.geometry_error_estimate
    exact = {name: [value, 0.0] for name, value in problem.exact.items()} or known
    found = []
    for name, (value, unsure) in exact.items():
        if name == "det":
            reported = math.sqrt(float(np.linalg.det(sigma[:2, :2])))
            # Errors of the root of a product are the means of its factors'.
            mesh = math.prod(1.0 + stated[k] for k in "xy") ** 0.5 - 1.0
            faceted = 0.5 * sum(geometry.get(k, 0.0) for k in "xy")
        else:
            k = "xyz".index(name)
            reported, mesh = float(sigma[k, k]), stated[name]
            faceted = geometry.get(name, 0.0)
        found.append(
            Outcome(
                problem=problem.name,
                family=problem.family,
                quantity=name,
                true=reported / value - 1.0,
                unsure=unsure / value,
                mesh=mesh,
                geometry=faceted,
            )
        )
    return found


def ratios(found: list[Outcome]) -> NDArray[np.float64]:
    """Stated over true errors of what is stated and can be judged."""
    return np.array([each.ratio for each in found if each.judged and not math.isnan(each.ratio)])


def table(found: list[Outcome]) -> list[str]:
    """Markdown rows per family, and of all."""
    head = "family | problems | numbers | not judged | withdrawn | within 3"
    head += " | lowest | median | highest"
    lines = [f"| {head} |", "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for family in [*dict.fromkeys(each.family for each in found), "all"]:
        mine = [each for each in found if family in (each.family, "all")]
        stated = ratios(mine)
        withdrawn = {each.problem for each in mine if math.isnan(each.ratio)}
        inside = float(np.mean((stated < FACTOR) & (stated > 1.0 / FACTOR))) if len(stated) else 1.0
        spread = [f"{f(stated):.2f}" if len(stated) else "-" for f in (np.min, np.median, np.max)]
        count = len({each.problem for each in mine})
        lines.append(
            f"| {family.replace('_', ' ')} | {count} | {len(mine)} | "
            f"{sum(not each.judged for each in mine)} | {len(withdrawn)} | "
            f"{100 * inside:.0f} % | {' | '.join(spread)} |"
        )
    return lines


def met(found: list[Outcome]) -> bool:
    """Whether the goal is met."""
    stated = ratios(found)
    names = {each.problem for each in found}
    withdrawn = {each.problem for each in found if math.isnan(each.ratio)}
    inside = float(np.mean((stated < FACTOR) & (stated > 1.0 / FACTOR)))
    return inside >= 0.95 and stated.min() > 1.0 / WORST and len(withdrawn) <= 0.1 * len(names)


def main() -> None:
    """Run all problems and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--only", nargs="*", default=[], help="families or problems")
    parser.add_argument("--keep", type=Path, help="file for all numbers; those in it are not rerun")
    asked = parser.parse_args()
    references = json.loads(FILE.read_text())
    kept = json.loads(asked.keep.read_text()) if asked.keep and asked.keep.exists() else {}
    good = True
    for which in asked.sets:
        found = []
        for problem in problems(which):
            known = references[which].get(problem.name, {})
            wanted = not asked.only or {problem.name, problem.family} & set(asked.only)
            if not wanted or not (problem.exact or known):
                continue
            name = f"{which} {problem.name}"
            if name not in kept:
                start = time.process_time()
                try:
                    result = run(build_scenario(problem.document), MPI.COMM_SELF, fields=False)
                except CellionError as error:
                    print(f"{name}: {error}", file=sys.stderr, flush=True)
                    continue
                mine = outcomes(problem, result.carrier("ion"), known)
                kept[name] = [vars(each) for each in mine]
                seconds = time.process_time() - start
                ratios = ", ".join(f"{each.ratio:.2f}" for each in mine)
                print(f"{name}: {ratios} ({seconds:.1f} s)", file=sys.stderr, flush=True)
                if asked.keep:
                    asked.keep.write_text(json.dumps(kept))
            found += [Outcome(**each) for each in kept[name]]
        print(f"\n{which}\n")
        print("\n".join(table(found)), flush=True)
        good = good and met(found)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
