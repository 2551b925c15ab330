"""What a narrow bracket costs: meshes refined where it matters, against meshes of one size.

    python benchmarks/bracket.py --contrast 100 --tolerance 2 --uniform 1.2 0.8 0.6

A packing of 60 % by volume in a matrix; its particles conduct better by the contrast. Each line is
a run in a process of its own, so that the peak memory is that of the line. The last line says what
meshes of one size would need for the tolerance, by the order of convergence of the last two.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

_COARSE = 1.6


def scenario(contrast: float, size: float, accuracy: dict[str, Any]) -> dict[str, Any]:
    """Spheres of 5 um in a box of 10 um; cells of one size, in micrometres."""
    sizes = {"size": f"{size!r} um", "surface_size": f"{size!r} um", "gap_cells": 1}
    return {
        "name": "bracket",
        "materials": {
            "matrix": {"ion": {"conductivity": "1 S/m"}},
            "particle": {"ion": {"conductivity": f"{contrast!r} S/m"}},
        },
        "microstructure": {
            "packing": {
                "box": ["10 um"] * 3,
                "periodic": True,
                "seed": 7,
                "matrix": "matrix",
                "overlap": 0.06,
                "particles": [{"material": "particle", "volume_fraction": 0.6, "diameter": "4 um"}],
            }
        },
        "transport": {"carriers": ["ion"]},
        "mesh": sizes,
        "accuracy": accuracy,
    }


def measure(contrast: float, size: float, tolerance: float | None) -> None:
    """Run once and print what it took."""
    import cellion.parallel  # noqa: F401 - before mpi4py

    from mpi4py import MPI

    from cellion.pipeline.run import run
    from cellion.scenario.load import build_scenario

    accuracy = {"bracket": True} if tolerance is None else {"tolerance": tolerance / 100.0}
    start, used = time.perf_counter(), time.process_time()
    result = run(build_scenario(scenario(contrast, size, accuracy)), MPI.COMM_SELF)
    found = result.accuracy
    assert found is not None
    last = found.history[-1]
    record = {
        "cells": last.cells,
        "unknowns": last.unknowns,
        "width": found.width,
        "geometry": found.geometry_error,
        "passes": len(found.history),
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - used,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "stages": dict(result.provenance.wall_time),
        "history": [(each.cells, each.unknowns) for each in found.history],
    }
    sys.stdout.write(json.dumps(record))


def started(contrast: float, size: float, tolerance: float | None) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--measure", json.dumps([contrast, size, tolerance])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def line(name: str, record: dict[str, Any]) -> str:
    """One line of the table."""
    return (
        f"| {name} | {record['passes']} | {record['cells']:,} | {record['unknowns']:,} | "
        f"{100 * record['width']:.2f} % | {100 * record['geometry']:.2f} % | "
        f"{record['seconds']:.0f} | {record['cpu']:.0f} | {record['memory'] / 1e9:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contrast", type=float, default=100.0)
    parser.add_argument("--tolerance", type=float, default=2.0, help="in percent")
    parser.add_argument("--uniform", type=float, nargs="+", default=[1.2, 0.8, 0.6])
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(*json.loads(asked.measure))
        return
    head = "mesh | passes | cells | unknowns | width | geometry error | s | CPU s | memory GB"
    print(f"| {head} |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    alike = []
    for size in asked.uniform:
        alike.append(started(asked.contrast, size, None))
        print(line(f"one size, {size:g} µm", alike[-1]), flush=True)
    adaptive = started(asked.contrast, _COARSE, asked.tolerance)
    print(line(f"refined to {asked.tolerance:g} %", adaptive), flush=True)
    width, cells, cpu = (np.array([each[k] for each in alike]) for k in ("width", "cells", "cpu"))
    order = float(np.log(width[-2] / width[-1]) / np.log(cells[-1] / cells[-2]))
    factor = float(width[-1] / (asked.tolerance / 100.0)) ** (1.0 / order)
    print(
        f"width ~ cells^-{order:.2f}: one size would need about {factor * cells[-1]:.2g} cells and "
        f"{factor * cpu[-1]:.0f} CPU s"
    )


if __name__ == "__main__":
    main()
