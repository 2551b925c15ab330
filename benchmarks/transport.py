"""Time and memory of a transport solve, stage by stage.

    python benchmarks/transport.py --unknowns 1e5 1e6 --ranks 1 2

Each size is run in its own processes, so that the peak memory is that of the size. The box holds
random spheres, labelled by cell midpoint, on a structured mesh made by NumPy; making it is not
part of the times, but its arrays are part of the memory of rank 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

_STAGES = ("distribute", "discretise", "assemble", "setup", "solve", "homogenise")


def measure(unknowns: int, contrast: float, boundary: str) -> None:
    """Run one case on the ranks of this process and print its record on rank 0."""
    from cellion.parallel import Stopwatch, peak_memory

    import numpy as np
    from boxes import sphere_box
    from mpi4py import MPI

    from cellion.homogenise.effective import homogenise
    from cellion.mesh.distribute import distribute
    from cellion.transport.primal.drive import DRIVES
    from cellion.transport.primal.problem import TransportProblem
    from cellion.transport.primal.solve import solve

    comm, watch = MPI.COMM_WORLD, Stopwatch()
    data = None
    if comm.rank == 0:
        data = sphere_box(round(unknowns ** (1 / 3)) - 1, spheres=20, fraction=0.3, seed=7)
    comm.Barrier()
    with watch.stage("distribute"):
        mesh = distribute(data, comm)
        comm.Barrier()
    del data
    problem = TransportProblem(
        mesh=mesh,
        conductivity=np.array([np.eye(3), contrast * np.eye(3)]),
        drive=DRIVES[boundary],
        directions=("x", "y", "z"),
    )
    solution = solve(problem, watch)
    effective = homogenise("ion", solution, watch)
    memory = comm.allgather(peak_memory())
    seconds = watch.slowest(comm)
    if comm.rank == 0:
        record = {
            "unknowns": solution.report.unknowns,
            "ranks": comm.size,
            "cells": mesh.global_cells,
            "seconds": seconds,
            "memory": sum(memory),
            "iterations": list(solution.report.iterations.values()),
            "conductivity": np.diagonal(effective.effective_conductivity).tolist(),
        }
        sys.stdout.write(json.dumps(record) + "\n")


def main() -> None:
    """Run the cases asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unknowns", type=float, nargs="+", default=[1e5, 3e5, 1e6])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--boundary", choices=("periodic", "electrodes"), default="periodic")
    parser.add_argument("--contrast", type=float, default=1e-3, help="spheres over matrix")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(int(given.unknowns[0]), given.contrast, given.boundary)
        return
    heads = ("unknowns", "cells", "ranks", *_STAGES, "total/s", "GB", "GB/M", "iterations")
    sys.stdout.write(" ".join(f"{head:>10}" for head in heads) + "\n")
    for unknowns in given.unknowns:
        for ranks in given.ranks:
            record = _run(unknowns, ranks, given.boundary, given.contrast)
            sys.stdout.write(_row(record) + "\n")
            sys.stdout.flush()


def _run(unknowns: float, ranks: int, boundary: str, contrast: float) -> dict:
    """Start one case under mpirun and read its record."""
    command = [str(Path(sys.executable).with_name("mpirun")), "-n", str(ranks), sys.executable]
    command += [__file__, "--one", "--unknowns", str(unknowns), "--boundary", boundary]
    command += ["--contrast", str(contrast)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _row(record: dict) -> str:
    """Format one record."""
    seconds = [record["seconds"].get(stage, 0.0) for stage in _STAGES]
    memory = record["memory"] / 1e9
    numbers = [*seconds, sum(seconds), memory, memory / (record["unknowns"] / 1e6)]
    start = f"{record['unknowns']:>10} {record['cells']:>10} {record['ranks']:>10}"
    iterations = "/".join(str(count) for count in record["iterations"])
    return start + " " + " ".join(f"{n:>10.2f}" for n in numbers) + f" {iterations:>10}"


if __name__ == "__main__":
    main()
