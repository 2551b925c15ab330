"""A polycrystal over temperature: grains and boundaries apart, in a table and an Arrhenius plot.

The shares b and r of bulk and boundaries in the dissipation divide the resistivity into parts in
series, so that sigma / b and sigma / r are what the grains and the boundaries alone would show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cellion.export.scales import logarithmic
from cellion.export.tables import Entry
from cellion.export.temperatures import add_celsius
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.results.files import replacing
from cellion.results.record import RunResult

__all__ = ["Sweep", "plot_sweep", "sweep_figure", "sweep_of", "sweep_rows"]

type Floats = NDArray[np.float64]

_FEWEST = 3
_TOTAL, _GRAINS, _BOUNDARIES, _BRICKS = "total", "grains", "boundaries", "brick layer"
_STYLES = {
    _GRAINS: ("#0072B2", "s", "-"),
    _BOUNDARIES: ("#D55E00", "^", "-"),
    _TOTAL: ("#202020", "o", "-"),
    _BRICKS: ("#909090", "", "--"),
}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Conductivities of one carrier over temperature.

    Attributes:
        carrier: ``ion`` or ``electron``.
        temperature: Ascending, shape (n,) [K].
        conductivity: By part, shapes (n,) [S/m]; NaN where a part takes no share.
        shares: Shares of bulk and resistive boundaries in the dissipation, shape (n, 2) [-].
    """

    carrier: str
    temperature: Floats
    conductivity: Mapping[str, Floats]
    shares: Floats

    @property
    def activation_energies(self) -> dict[str, float]:
        """Of sigma T, by part, from a straight line through all temperatures [J]."""
        inverse = 1.0 / (BOLTZMANN * self.temperature)
        return {
            part: -float(np.polyfit(inverse, np.log(sigma * self.temperature), 1)[0])
            for part, sigma in self.conductivity.items()
            if np.isfinite(sigma).all()
        }

    @property
    def summary(self) -> str:
        """The activation energies in a sentence."""
        told = [f"{p} {e / ELECTRON_VOLT:.3f} eV" for p, e in self.activation_energies.items()]
        return f"activation energies of sigma T, {self.carrier}s: {', '.join(told)}"


def sweep_of(results: Sequence[RunResult], carrier: str) -> Sweep | None:
    """Collect runs that differ in temperature alone.

    Args:
        results: Runs of one study.
        carrier: ``ion`` or ``electron``.

    Returns:
        The sweep; None where fewer than three temperatures were run, or several runs at one, or
        no resistance sits in boundaries.
    """
    runs = sorted((r for r in results if carrier in r.carriers), key=lambda run: run.temperature)
    temperature = np.array([run.temperature for run in runs])
    if len(runs) < _FEWEST or len(np.unique(temperature)) < len(runs):
        return None
    found = [run.carriers[carrier] for run in runs]
    shares = np.array([each.mean_dissipation[:2] for each in found])
    if not (shares[:, 1] > 0.0).any():
        return None
    total = np.array([each.mean_conductivity for each in found])
    parts = np.where(shares > 0.0, total[:, None] / np.where(shares > 0.0, shares, 1.0), math.nan)
    conductivity = {_GRAINS: parts[:, 0], _BOUNDARIES: parts[:, 1], _TOTAL: total}
    estimates = [each.brick_layer for each in found]
    if all(estimate is not None for estimate in estimates):
        conductivity[_BRICKS] = np.array([e.mean_conductivity for e in estimates if e is not None])
    return Sweep(carrier=carrier, temperature=temperature, conductivity=conductivity, shares=shares)


def sweep_rows(sweep: Sweep, name: str) -> list[dict[str, Entry]]:
    """One row per temperature, and one with the activation energies.

    Args:
        sweep: The sweep.
        name: Name of the scenario.
    """
    rows: list[dict[str, Entry]] = []
    for index, temperature in enumerate(sweep.temperature):
        row: dict[str, Entry] = {"name": name, "temperature [K]": float(temperature)}
        for part, sigma in sweep.conductivity.items():
            row[f"sigma_{part.replace(' ', '_')} [S/m]"] = _known(float(sigma[index]))
        row["share_bulk [-]"], row["share_boundaries [-]"] = sweep.shares[index].tolist()
        rows.append(row)
    energies: dict[str, Entry] = {
        f"activation_energy_{part.replace(' ', '_')} [eV]": energy / ELECTRON_VOLT
        for part, energy in sweep.activation_energies.items()
    }
    return [row | energies for row in rows]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def plot_sweep(sweep: Sweep, path: Path) -> Path:
    """Draw `sweep_figure` to a file, which appears whole or not at all.

    Args:
        sweep: The sweep.
        path: The file; its ending says whether PNG, SVG or PDF.

    Returns:
        The path.
    """
    with replacing(path) as partial:
        sweep_figure(sweep).savefig(partial, format=path.suffix[1:], dpi=220)
    return path


def sweep_figure(sweep: Sweep) -> Figure:
    """The Arrhenius plot of grains, boundaries and the whole.

    Args:
        sweep: The sweep.
    """
    figure = Figure(figsize=(5.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    inverse, energies = 1000.0 / sweep.temperature, sweep.activation_energies
    for part, sigma in sweep.conductivity.items():
        colour, marker, line = _STYLES[part]
        energy = f", {energies[part] / ELECTRON_VOLT:.3f} eV" if part in energies else ""
        # 1 S/m = 10 mS/cm
        product = 10 * sigma * sweep.temperature
        label = f"{part}{energy}"
        axes.plot(inverse, product, color=colour, marker=marker, ls=line, ms=5, lw=1.3, label=label)
    logarithmic(axes)
    axes.set_xlabel("1000 / T [1/K]")
    axes.set_ylabel("conductivity times temperature [mS K/cm]")
    axes.grid(alpha=0.25, lw=0.6)
    axes.legend(frameon=False, fontsize=9, title=f"{sweep.carrier}s")
    add_celsius(axes, sweep.temperature)
    return figure
