"""Draw the shipped series beside published measurements.

cellion study scenarios/se_fraction.yaml -o results/demo      (or: make demo)
python docs/figures/measurements.py results/demo docs/figures/measurements.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from cellion.export.measured import as_measurements, measured_composites
from cellion.export.plots import plot_series
from cellion.export.tables import read_table


def main(arguments: list[str]) -> None:
    """Draw the table of a study folder to a file."""
    folder, path = map(Path, arguments)
    rows = [row for row in read_table(folder / "table.csv") if not row.get("failure")]
    published = next(each for each in measured_composites() if each.name.startswith("Minnmann"))
    plot_series(rows, path, measurements=as_measurements(published))


if __name__ == "__main__":
    main(sys.argv[1:])
