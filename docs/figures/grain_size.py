"""Draw conductivity over grain size for blocking and fast boundaries of one polycrystal.

python docs/figures/grain_size.py docs/figures/grain_size.png

The mesh is made once. Conductivities depend on the grain size d and the law of the boundaries only
through R sigma_g / d, or G / (sigma_g d): a smaller grain is the same mesh with a larger R or G.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cellion.parallel  # noqa: F401

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpi4py import MPI

from cellion.homogenise.brick_layer import brick_layer
from cellion.pipeline.mesh_cache import MeshCache
from cellion.pipeline.run import run
from cellion.scenario.load import build_scenario

GRAIN = 0.1
POLYCRYSTAL = {
    "name": "grain_size",
    "materials": {"G": {"ion": {"conductivity": f"{GRAIN} S/m"}}},
    "microstructure": {
        "polycrystal": {
            "box": ["1 um", "1 um", "1 um"],
            "seed": 29,
            "material": "G",
            "size": {"lognormal": {"median": "0.28 um", "sigma": 0.25}},
        }
    },
    "transport": {"carriers": ["ion"], "boundary": "periodic"},
    "mesh": {"size": "0.12 um"},
}
SIZES = np.geomspace(0.01, 1000.0, 11)
"""Grain size over the length of the law, R sigma_g or G / sigma_g."""


def conductivity(law: dict[str, str], cache: MeshCache) -> tuple[float, float]:
    """Conductivity over that of the grains, and the edge of bricks of the same boundary area."""
    interface = {"between": ["G", "G"], **law}
    scenario = build_scenario({**POLYCRYSTAL, "interfaces": [interface]})
    ion = run(scenario, MPI.COMM_SELF, cache=cache).carrier("ion")
    assert ion.brick_layer is not None
    return ion.mean_conductivity / GRAIN, ion.brick_layer.edge


def main(path: Path) -> None:
    """Compute and draw."""
    cache = MeshCache(None)
    edge = conductivity({"area_resistance": "1e-6 Ohm m^2"}, cache)[1]
    blocking = [
        conductivity({"area_resistance": f"{edge / GRAIN / x} Ohm m^2"}, cache)[0] for x in SIZES
    ]
    fast = [conductivity({"sheet_conductance": f"{edge * GRAIN / x} S"}, cache)[0] for x in SIZES]
    fine = np.geomspace(SIZES[0], SIZES[-1], 200)
    figure = Figure(figsize=(5.8, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    blue, red = "#0072B2", "#D55E00"
    axes.plot(fine, brick_layer(1.0, fine, area_resistance=1.0), "-", color=blue, lw=1.2)
    axes.plot(fine, brick_layer(1.0, fine, sheet_conductance=1.0), "-", color=red, lw=1.2)
    small = fine[fine < 4.0]
    axes.plot(small, small, ls=(0, (1, 2)), color=blue, lw=1.0)
    axes.plot(small, 2.0 / small, ls=(0, (1, 2)), color=red, lw=1.0)
    axes.plot(SIZES, blocking, "o", ms=6, color=blue, label="blocking, length $R\\,\\sigma_g$")
    axes.plot(SIZES, fast, "s", ms=6, color=red, label="fast, length $G/\\sigma_g$")
    axes.plot([], [], "-", color="#404040", lw=1.2, label="bricks of the same boundary area")
    axes.plot([], [], ls=(0, (1, 2)), color="#404040", lw=1.0, label="boundaries alone")
    axes.axhline(1.0, color="#808080", lw=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(6e-3, 4e2)
    axes.set_xlabel("grain size over the length of the boundaries' law")
    axes.set_ylabel("effective conductivity over that of the grains")
    axes.grid(alpha=0.25, lw=0.6)
    axes.legend(frameon=False, fontsize=9, loc="upper right")
    figure.savefig(path, dpi=200)
    for row in zip(SIZES, blocking, fast, strict=True):
        print("{:9.3g} {:9.4g} {:9.4g}".format(*row))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
