"""Draw the shipped series beside published measurements.

cellion study scenarios/se_fraction.yaml -o results/demo      (or: make demo)
python docs/figures/measurements.py results/demo docs/figures/measurements.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from cellion.export.diagrams import write_figure
from cellion.export.measured import composites_beside
from cellion.export.plots import series_figure
from cellion.export.series import arrange
from cellion.study.result import load_study


def main(arguments: list[str]) -> None:
    """Draw the table of a study folder to a file."""
    folder, path = map(Path, arguments)
    study = load_study(folder)
    beside = composites_beside(study.scenario)
    published = [each for each in beside if each.name.startswith("Minnmann")]
    series = arrange(study.answered, study.columns)
    write_figure(path, lambda: series_figure(series, published))


if __name__ == "__main__":
    main(sys.argv[1:])
