"""Time, memory and quality of growing and meshing polycrystals, stage by stage.

    python benchmarks/polycrystal.py --grains 1000 --edges 0.6 0.4
    python benchmarks/polycrystal.py --grains 1000 --edges 0.19 --save grains.npz

Grows a periodic polycrystal of grains of one mean size (equivalent diameter 1 um, log-normal with
sigma 0.25) and meshes it with cells of the given edges, each in its own process so that the peak
memory is that of the size. Edges are in units of the equivalent radius of a mean grain. Deviations
are those of the mesh from the tessellation: the area of all boundaries, the volume of a grain
(root mean square), and the area of contacts between grains that have none in the mesh. `--save`
keeps the last mesh for `benchmarks/interfaces.py --mesh`. Seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

_RADIUS = 0.5e-6


def grow(grains: int, seed: int):
    """Return a periodic polycrystal of about that many grains."""
    import numpy as np

    from cellion.microstructure.generate import generate
    from cellion.scenario.microstructure import MicrostructureSpec

    edge = f"{(grains * 4.0 * np.pi / 3.0) ** (1.0 / 3.0) * 0.5:.9f} um"
    sigma = 0.25
    # The volume of a mean grain is that of the radius: median^3 exp(4.5 sigma^2).
    median = f"{np.exp(-1.5 * sigma**2):.9f} um"
    request = {
        "box": [edge, edge, edge],
        "seed": seed,
        "material": "grain",
        "size": {"lognormal": {"median": median, "sigma": sigma}},
        "orientations": "random",
    }
    return generate(MicrostructureSpec.model_validate({"polycrystal": request}), {"grain": None})


def boundaries(mesh):
    """Return pairs of labels (f, 2) and areas (f,) [m^2] of the facets between grains."""
    import numpy as np
    from mpi4py import MPI

    from cellion.mesh.borders import find_borders
    from cellion.mesh.distribute import distribute
    from cellion.mesh.facets import facet_areas, facet_vertices

    whole = distribute(mesh, MPI.COMM_SELF)
    borders = find_borders(whole, periodic=True)
    areas = facet_areas(whole.points, facet_vertices(whole.cells, borders.near))
    return np.sort(borders.labels, axis=1), areas


def deviations(structure, mesh) -> dict[str, float]:
    """Compare a mesh with the tessellation that it divides."""
    import numpy as np

    from cellion.mesh.data import cell_volumes
    from cellion.microstructure.grain_statistics import grain_boundaries

    count = structure.geometry.count
    pairs, areas = boundaries(mesh)
    found = np.bincount(pairs @ np.array([count, 1]), areas, count**2)
    true, exact = grain_boundaries(structure.geometry)
    wanted = np.bincount(np.sort(true, axis=1) @ np.array([count, 1]), exact, count**2)
    volumes = np.bincount(mesh.labels, cell_volumes(mesh.points, mesh.cells), count)
    exact_volumes = structure.geometry.volumes
    error = (volumes - exact_volumes) / exact_volumes.mean()
    return {
        "area": float(found.sum() / wanted.sum() - 1.0),
        "volume": float(np.sqrt(np.mean(error**2))),
        "missed": float(wanted[found == 0.0].sum() / wanted.sum()),
    }


def measure(given: argparse.Namespace) -> None:
    """Grow and mesh with one edge; print a record."""
    from cellion.parallel import peak_memory

    import numpy as np

    from cellion.mesh.generate import generate_mesh
    from cellion.mesh.sizes import MeshSizes

    stages = [("growing", time.process_time())]
    structure = grow(given.grains, given.seed)
    size = given.edges[0] * _RADIUS
    mesh = generate_mesh(
        structure,
        MeshSizes(size=size, surface=size, smallest=size),
        lambda stage: stages.append((stage, time.process_time())),
    )
    ends = [start for _, start in stages[1:]] + [time.process_time()]
    record = {
        "grains": structure.geometry.count,
        "cells": len(mesh.cells),
        "vertices": len(mesh.points),
        "seconds": {n: end - start for (n, start), end in zip(stages, ends, strict=True)},
        "memory": peak_memory(),
        "angle": mesh.quality["min_dihedral_degrees"],
        "empty": mesh.quality["labels_without_cells"],
    }
    if given.save:
        names = ("points", "cells", "labels", "label_material", "box", "periodic", "orientations")
        np.savez(given.save, **{name: getattr(mesh, name) for name in names})
    sys.stdout.write(json.dumps(record | deviations(structure, mesh)) + "\n")


def main() -> None:
    """Run the sizes asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grains", type=int, default=1000, help="about that many")
    parser.add_argument("--edges", type=float, nargs="+", default=[0.6, 0.4])
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--save", type=Path, help="file for the last mesh (.npz)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given)
        return
    heads: list[str] = []
    for edge in given.edges:
        command = [sys.executable, __file__, "--one", "--edges", str(edge)]
        command += ["--grains", str(given.grains), "--seed", str(given.seed)]
        if given.save and edge == given.edges[-1]:
            command += ["--save", str(given.save)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        record = json.loads(done.stdout.splitlines()[-1])
        seconds = record["seconds"]
        if not heads:
            heads = ["edge", "grains", "cells", "vertices", *seconds, "s/M cells", "GB", "angle"]
            heads += ["area", "volume", "missed", "empty"]
            sys.stdout.write(" ".join(f"{name:>12}" for name in heads) + "\n")
        meshing = sum(seconds.values()) - seconds["growing"]
        row = [edge, record["grains"], record["cells"], record["vertices"]]
        row += [round(s, 2) for s in seconds.values()]
        row += [round(1e6 * meshing / record["cells"], 1), round(record["memory"] / 1e9, 2)]
        row += [round(record["angle"], 1)]
        row += [f"{record[name]:.1e}" for name in ("area", "volume", "missed")] + [record["empty"]]
        sys.stdout.write(" ".join(f"{value:>12}" for value in row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
