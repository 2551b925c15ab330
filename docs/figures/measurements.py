"""Draw the shipped series beside published measurements.

cellion study scenarios/se_fraction.yaml -o results/demo      (or: make demo)
python docs/figures/measurements.py results/demo docs/figures/measurements.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cellion.export.plots import plot_series
from cellion.export.series import Measurement
from cellion.export.tables import read_table

REFERENCES = Path(__file__).parents[2] / "tests" / "references" / "references.json"


def minnmann() -> list[Measurement]:
    """NCM622 | Li6PS5Cl, Minnmann et al., J. Electrochem. Soc. 168 (2021) 040537."""
    entries = json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]
    found = []
    for entry in entries:
        if not entry["id"].startswith("exp-minnmann-"):
            continue
        share, values = entry["inputs"]["phi_SE_pct"] / 100, entry["expected"]
        found += [
            Measurement(
                carrier=carrier,
                volume_fraction=share,
                conductivity=100 * values[f"sigma_{short}_eff_S_cm"],  # S/cm -> S/m
                tortuosity_factor=values[f"tau2_{short}"],
                source="Minnmann et al. 2021 (NCM622)",
            )
            for carrier, short in (("ion", "ion"), ("electron", "el"))
        ]
    return found


def main(arguments: list[str]) -> None:
    """Draw the table of a study folder to a file."""
    folder, path = map(Path, arguments)
    rows = [row for row in read_table(folder / "table.csv") if not row.get("failure")]
    plot_series(rows, path, measurements=minnmann())


if __name__ == "__main__":
    main(sys.argv[1:])
