"""Iterations, time and memory of polycrystals with resistive grain boundaries, over R.

    python benchmarks/interfaces.py --unknowns 1e5 --grains 100 --resistance 1e-6 1e-2 1 1e2 1e6
    python benchmarks/interfaces.py --unknowns 1e5 --grains 100 --anisotropy 1e4 --contrast 1e6
    python benchmarks/polycrystal.py --edges 0.2 --save grains.npz
    python benchmarks/interfaces.py --mesh grains.npz --resistance 1e-3 1 1e3 --anisotropy 10

The box holds Voronoi cells of random points, labelled by cell midpoint on a structured mesh, with
random orientations. Grains are of one of two materials; the principal conductivities of the first
are 1, a^-1/2 and 1/a with the anisotropy a, those of the second are smaller by the contrast. With
`--mesh` the grains are those of a file that `benchmarks/polycrystal.py` saved, all of one material.
Resistances are in units of grain size over the largest conductivity; with a spread, each boundary
has its own, log-normal with that standard deviation in decades. Each case is run in its own
processes, so that the peak memory is that of the case.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

_STAGES = ("discretise", "assemble", "setup", "solve")
_LENGTH = 1e-5


def grain_box(unknowns: float, grains: int, seed: int, *, periodic: bool):
    """Return a cube with Voronoi grains whose mesh has about that many unknowns, on rank 0."""
    import numpy as np
    from boxes import kuhn_box
    from scipy.spatial import KDTree
    from scipy.spatial.transform import Rotation

    from cellion.mesh.data import MeshData

    # Vertices on grain boundaries have several unknowns: n^3 (1 + 4.5 g^(1/3) / n) in all.
    sizes = np.arange(4, 400)
    n = int(sizes[np.searchsorted(sizes**3 + 4.5 * grains ** (1 / 3) * sizes**2, unknowns)])
    points, cells = kuhn_box((n, n, n), np.full(3, _LENGTH))
    rng = np.random.default_rng(seed)
    tree = KDTree(rng.random((grains, 3)), boxsize=1.0 if periodic else None)
    labels = np.empty(len(cells), dtype=np.int32)
    for start in range(0, len(cells), 1 << 20):
        middle = points[cells[start : start + (1 << 20)]].mean(axis=1) / _LENGTH
        labels[start : start + (1 << 20)] = tree.query(middle)[1]
    return MeshData(
        points=points,
        cells=cells,
        labels=labels,
        label_material=rng.integers(0, 2, grains).astype(np.int32),
        materials=("first", "second"),
        box=np.full(3, _LENGTH),
        periodic=np.full(3, periodic),
        orientations=Rotation.random(grains, rng=rng).as_matrix(),
    )


def saved_box(path: Path, *, periodic: bool):
    """Return the mesh of a file, on rank 0."""
    import numpy as np

    from cellion.mesh.data import MeshData

    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["periodic"] = np.full(3, periodic)
    return MeshData(materials=("first",), **arrays)


def problem_of(mesh, given: argparse.Namespace, resistance: float):
    """Return the transport problem of a mesh with grains."""
    import numpy as np

    from cellion.transport.primal.contacts import Contacts
    from cellion.transport.primal.drive import DRIVES
    from cellion.transport.primal.problem import TransportProblem

    def factor(labels):
        spread = np.sin(labels @ np.array([12.9898, 78.233])) * 43758.5453
        return 10.0 ** (given.spread * 1.7320508 * (2.0 * (spread % 1.0) - 1.0))

    sigma = np.diag([1.0, given.anisotropy**-0.5, 1.0 / given.anisotropy])
    count = len(mesh.materials)
    size = float(mesh.box[0]) * len(mesh.label_material) ** (-1.0 / 3.0)
    return TransportProblem(
        mesh=mesh,
        conductivity=np.array([sigma, sigma / given.contrast])[:count],
        drive=DRIVES[given.boundary],
        directions=tuple(given.directions),
        contacts=Contacts(
            label_material=mesh.label_material,
            pair_resistance=np.full((count, count), resistance * size),
            pair_sheet_conductance=np.zeros((count, count)),
            factor=factor if given.spread else None,
        ),
    )


def measure(given: argparse.Namespace) -> None:
    """Run cases on the ranks of this process and print a record of each on rank 0."""
    from cellion.parallel import Stopwatch, peak_memory

    from mpi4py import MPI

    from cellion.errors import ConvergenceError
    from cellion.mesh.distribute import distribute
    from cellion.transport.primal.solve import solve

    comm, data = MPI.COMM_WORLD, None
    if comm.rank == 0:
        periodic = given.boundary == "periodic"
        if given.mesh:
            data = saved_box(given.mesh, periodic=periodic)
        else:
            data = grain_box(given.unknowns[0], given.grains[0], given.seed, periodic=periodic)
    mesh = distribute(data, comm)
    del data
    for resistance in given.resistance:
        watch = Stopwatch()
        try:
            report = solve(problem_of(mesh, given, resistance), watch).report
        except ConvergenceError as error:
            report = error.report
        memory, seconds = comm.allgather(peak_memory()), watch.slowest(comm)
        if comm.rank == 0:
            record = {
                "unknowns": report.unknowns,
                "grains": len(mesh.label_material),
                "resistance": resistance,
                "seconds": seconds,
                "memory": sum(memory),
                "iterations": list(report.iterations.values()),
                "reason": sorted(set(report.reason.values())),
            }
            sys.stdout.write(json.dumps(record) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Run the cases asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unknowns", type=float, nargs="+", default=[3e4, 1e5])
    parser.add_argument("--grains", type=int, nargs="+", default=[64])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1])
    scale = [1e-6, 1e-4, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e4, 1e6]
    parser.add_argument("--resistance", type=float, nargs="+", default=scale)
    parser.add_argument("--anisotropy", type=float, default=1.0)
    parser.add_argument("--contrast", type=float, default=1.0)
    parser.add_argument("--spread", type=float, default=0.0, help="of resistances, in decades")
    parser.add_argument("--boundary", choices=("periodic", "electrodes"), default="periodic")
    parser.add_argument("--directions", nargs="+", default=["x", "y", "z"])
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--mesh", type=Path, help="file of benchmarks/polycrystal.py (.npz)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given)
        return
    heads = ("unknowns", "grains", "ranks", "R", *_STAGES, "total/s", "GB", "iterations")
    sys.stdout.write(" ".join(f"{head:>10}" for head in heads) + "\n")
    for unknowns in given.unknowns[: 1 if given.mesh else None]:
        for grains in given.grains[: 1 if given.mesh else None]:
            for ranks in given.ranks:
                _run(given, unknowns, grains, ranks)


def _run(given: argparse.Namespace, unknowns: float, grains: int, ranks: int) -> None:
    """Start the cases of one mesh under mpirun and print their records as they come."""
    command = [str(Path(sys.executable).with_name("mpirun")), "-n", str(ranks), sys.executable]
    command += [__file__, "--one", "--unknowns", str(unknowns), "--grains", str(grains)]
    for name in ("anisotropy", "contrast", "spread", "boundary", "seed"):
        command += [f"--{name}", str(getattr(given, name))]
    command += ["--directions", *given.directions]
    command += ["--mesh", str(given.mesh)] if given.mesh else []
    command += ["--resistance", *map(str, given.resistance)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("{"):
                sys.stdout.write(_row(json.loads(line), ranks) + "\n")
                sys.stdout.flush()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")


def _row(record: dict, ranks: int) -> str:
    """Format one record."""
    seconds = [record["seconds"].get(stage, 0.0) for stage in _STAGES]
    numbers = [*seconds, sum(seconds), record["memory"] / 1e9]
    start = f"{record['unknowns']:>10} {record['grains']:>10} {ranks:>10} "
    start += f"{record['resistance']:>10.0e} "
    iterations = "/".join(str(count) for count in record["iterations"])
    failed = [name for name in record["reason"] if not name.startswith("CONVERGED")]
    return (
        start + " ".join(f"{n:>10.2f}" for n in numbers) + f" {iterations:>10} " + "".join(failed)
    )


if __name__ == "__main__":
    main()
