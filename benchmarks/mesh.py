"""Time and memory of packing and meshing a composite, stage by stage.

    python benchmarks/mesh.py --edges 1.2 0.8 0.6

Packs the particles of a cathode (60 % active material, 10 % pores, necks up to 8 % deep) and
meshes them at several cell sizes, each in its own process so that the peak memory is that of the
size. Generating runs on one process; dividing the mesh among ranks is part of transport.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

SCENARIO = Path(__file__).parent.parent / "scenarios" / "ncm811_li6ps5cl.yaml"


def measure(edge: float) -> None:
    """Pack and mesh with cells of `edge` micrometres at surfaces; print a record."""
    from cellion.parallel import peak_memory

    import numpy as np

    from cellion.material.material import build_materials
    from cellion.mesh.generate import generate_mesh
    from cellion.mesh.sizes import mesh_sizes
    from cellion.microstructure.generate import generate
    from cellion.scenario.load import load_scenario

    overrides = (f"mesh.size={2 * edge} um", f"mesh.surface_size={edge} um")
    scenario = load_scenario(SCENARIO, (*overrides, f"mesh.smallest_size={edge} um"))
    densities = {name: m.density for name, m in build_materials(scenario).items()}
    stages = [("packing", time.perf_counter())]
    micro = generate(scenario.microstructure, densities)
    data = generate_mesh(
        micro,
        mesh_sizes(scenario.mesh, micro),
        lambda stage: stages.append((stage, time.perf_counter())),
    )
    ends = [start for _, start in stages[1:]] + [time.perf_counter()]
    seconds = {name: end - start for (name, start), end in zip(stages, ends, strict=True)}
    record = {
        "cells": len(data.cells),
        "vertices": len(np.unique(data.cells)),
        "seconds": seconds,
        "memory": peak_memory(),
        "angle": data.quality["min_dihedral_degrees"],
    }
    sys.stdout.write(json.dumps(record) + "\n")


def main() -> None:
    """Run the sizes asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=float, nargs="+", default=[1.2, 0.8, 0.6], help="um")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.edges[0])
        return
    head: list[str] = []
    for edge in given.edges:
        command = [sys.executable, __file__, "--one", "--edges", str(edge)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        record = json.loads(done.stdout.splitlines()[-1])
        seconds = record["seconds"]
        if not head:
            head = ["edge/um", "cells", "vertices", *seconds, "s/M cells", "GB", "angle"]
            sys.stdout.write(" ".join(f"{name:>12}" for name in head) + "\n")
        meshing = sum(seconds.values()) - seconds["packing"]
        row = [edge, record["cells"], record["vertices"], *(round(s, 2) for s in seconds.values())]
        row += [round(1e6 * meshing / record["cells"], 1), round(record["memory"] / 1e9, 2)]
        row += [round(record["angle"], 1)]
        sys.stdout.write(" ".join(f"{value:>12}" for value in row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
