"""Compare the contacts of meshes with those of their geometry, on random packings.

    python benchmarks/contacts.py --packings 200 --factors 1 2

Particles, their periodic images and walls are apart or overlap by 1e-6 to 1e-1 radii; a quarter of
the packings each in two and three dimensions, periodic and between walls. Cells have the default
sizes of packings, times a factor.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

from helpers.contact_graphs import chain_of_particles, compared


def main() -> None:
    """Print a row for each factor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--packings", type=int, default=200)
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 2.0])
    parser.add_argument("--first", type=int, default=100, help="first seed")
    asked = parser.parse_args()
    print("| cells | packings | contacts | missed or false | median | 95 % | worst | CPU [s] |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for factor in asked.factors:
        start, wrong, errors = time.process_time(), 0, []
        for k in range(asked.packings):
            geometry = chain_of_particles(asked.first + k, 2 + k % 2, periodic=bool(k // 2 % 2))
            differ, found = compared(geometry, factor)
            wrong += len(differ)
            errors += found
        size = np.abs(errors)
        print(
            f"| {factor:g} x default | {asked.packings} | {len(size)} | {wrong} | "
            f"{100 * np.median(size):.2g} % | {100 * np.percentile(size, 95):.2g} % | "
            f"{100 * size.max():.2g} % | {time.process_time() - start:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
