"""Conductivity over temperature, with grains and boundaries apart, in tables and Arrhenius plots.

The shares b and r of bulk and boundaries in the dissipation divide the resistivity into parts in
series, so that sigma / b and sigma / r are what the grains and the boundaries alone would show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.export.columns import Column
from cellion.export.diagrams import (
    INK,
    PALETTE,
    PageFigure,
    add_celsius,
    legend_above,
    logarithmic,
    new_figure,
    tidy,
    write_figure,
)
from cellion.export.formatting import CONDUCTIVITY
from cellion.export.groups import Answered, Group
from cellion.export.series import arrange
from cellion.export.tables import Entry
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT

__all__ = ["Sweep", "activation_energy", "plot_sweeps", "sweep_figure", "sweep_rows", "sweeps"]

type Floats = NDArray[np.float64]

_SAME = 1e-6
"""Relative difference below which temperatures are one."""
_TOTAL, _GRAINS, _BOUNDARIES, _BRICKS = "total", "grains", "boundaries", "brick layer"
_LOOKS = {
    _GRAINS: ("#0072B2", "s", "-"),
    _BOUNDARIES: ("#D55E00", "^", "-"),
    _TOTAL: (INK, "o", "-"),
    _BRICKS: ("#909090", "", "--"),
}
_ANY_CURVE = {_GRAINS: ":", _BOUNDARIES: "-.", _TOTAL: "-", _BRICKS: "--"}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Conductivities of one carrier over temperature, means over realisations.

    Attributes:
        carrier: ``ion`` or ``electron``.
        curve: What else is varied, in words; empty when there is nothing else.
        entries: The same, by column header.
        temperature: Ascending, shape (n,) [K].
        conductivity: By part, shapes (n,) [S/m]; NaN where a part takes no share.
        shares: Shares of bulk and resistive boundaries in the dissipation, shape (n, 2) [-].
    """

    carrier: str
    curve: str = ""
    entries: Mapping[str, Entry]
    temperature: Floats
    conductivity: Mapping[str, Floats]
    shares: Floats

    @property
    def activation_energies(self) -> dict[str, float]:
        """Of sigma T, by part, from a straight line through all temperatures [J]."""
        return {
            part: activation_energy(self.temperature, sigma)
            for part, sigma in self.conductivity.items()
            if (sigma > 0.0).all()
        }

    @property
    def summary(self) -> str:
        """The activation energies in a sentence."""
        told = [f"{p} {e / ELECTRON_VOLT:.3f} eV" for p, e in self.activation_energies.items()]
        where = f" ({self.curve})" if self.curve else ""
        return f"activation energies of sigma T, {self.carrier}s{where}: {', '.join(told)}"


def activation_energy(temperature: Floats, conductivity: Floats) -> float:
    """Slope of ln(sigma T) over -1/kT [J]; NaN for a single temperature.

    Args:
        temperature: Temperatures, shape (n,) [K].
        conductivity: Conductivities above zero, shape (n,) [S/m].
    """
    if np.ptp(temperature) < _SAME * temperature.max():
        return math.nan
    inverse = 1.0 / (BOLTZMANN * temperature)
    return -float(np.polyfit(inverse, np.log(conductivity * temperature), 1)[0])


def sweeps(answered: Sequence[Answered], columns: Sequence[Column], carrier: str) -> list[Sweep]:
    """Collect the runs over temperature, for each combination of what else is varied.

    Args:
        answered: Runs of one study.
        columns: Its varied values.
        carrier: ``ion`` or ``electron``.

    Returns:
        Those with two temperatures or more at which the carrier moves; none of sampled values.
    """
    own = [a for a in answered if (c := a.result.carriers.get(carrier)) and c.mean_conductivity > 0]
    along = next((column.header for column in columns if column.key == "temperature"), None)
    if along is None or not own or own[0].sample is not None:
        return []
    series = arrange(own, columns, along=along)
    return [
        _sweep(groups, carrier, [column.header for column in series.others])
        for groups in series.curves.values()
        if len(groups) > 1
    ]


def _sweep(curve: Sequence[Group], carrier: str, others: Sequence[str]) -> Sweep:
    groups = sorted(curve, key=_temperature)
    total = np.array([group.conductivity(carrier).mean for group in groups])
    shares = np.array(
        [np.mean([c.mean_dissipation[:2] for c in g.carriers(carrier)], axis=0) for g in groups]
    )
    conductivity = {_TOTAL: total}
    if (shares[:, 1] > 0.0).any():
        of = np.where(shares > 0.0, shares, math.nan)
        parts = total[:, None] / of
        conductivity = {_GRAINS: parts[:, 0], _BOUNDARIES: parts[:, 1], _TOTAL: total}
    estimates = [[each.brick_layer for each in group.carriers(carrier)] for group in groups]
    known = [[e.mean_conductivity for e in own if e is not None] for own in estimates]
    if all(known):
        conductivity[_BRICKS] = np.array([np.mean(values) for values in known])
    return Sweep(
        carrier=carrier,
        curve=groups[0].curve,
        entries={header: groups[0].entries[header] for header in others},
        temperature=np.array([_temperature(group) for group in groups]),
        conductivity=conductivity,
        shares=shares,
    )


def _temperature(group: Group) -> float:
    return group.members[0].result.temperature


def sweep_rows(sweep: Sweep, name: str) -> list[dict[str, Entry]]:
    """One row per temperature, each with the activation energies.

    Args:
        sweep: The sweep.
        name: Name of the scenario.
    """
    energies: dict[str, Entry] = {
        f"activation_energy_{part.replace(' ', '_')} [eV]": energy / ELECTRON_VOLT
        for part, energy in sweep.activation_energies.items()
    }
    rows: list[dict[str, Entry]] = []
    for index, temperature in enumerate(sweep.temperature):
        row: dict[str, Entry] = {"name": name, **sweep.entries}
        row["temperature [K]"] = float(temperature)
        for part, sigma in sweep.conductivity.items():
            row[f"sigma_{part.replace(' ', '_')} [S/m]"] = _known(float(sigma[index]))
        bulk, boundaries = map(_known, sweep.shares[index].tolist())
        row |= {"share_bulk [-]": bulk, "share_boundaries [-]": boundaries}
        rows.append(row | energies)
    return rows


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def plot_sweeps(found: Sequence[Sweep], path: Path) -> Path:
    """Draw `sweep_figure` to a file, which appears whole or not at all.

    Args:
        found: Sweeps of one carrier.
        path: The file; its ending says whether PNG, SVG or PDF.
    """
    return write_figure(path, lambda: sweep_figure(found))


def sweep_figure(found: Sequence[Sweep]) -> PageFigure:
    """The Arrhenius plot of grains, boundaries and the whole, a colour for each combination.

    Args:
        found: Sweeps of one carrier.
    """
    several = len(found) > 1
    entries = sum(len(sweep.conductivity) for sweep in found)
    figure, (axes,) = new_figure(height=4.2 + 0.2 * entries, width=5.4)
    for number, sweep in enumerate(found):
        energies = sweep.activation_energies
        for part, sigma in sweep.conductivity.items():
            colour, marker, line = _LOOKS[part]
            if several:
                colour, line = PALETTE[number % len(PALETTE)], _ANY_CURVE[part]
            energy = f"{energies[part] / ELECTRON_VOLT:.3f} eV" if part in energies else ""
            alone = bool(sweep.curve) and len(sweep.conductivity) == 1
            style: dict[str, Any] = {"color": colour, "marker": marker, "ls": line}
            product = CONDUCTIVITY * sigma * sweep.temperature
            label = ", ".join(filter(None, [sweep.curve, "" if alone else part, energy]))
            axes.plot(1000.0 / sweep.temperature, product, ms=5, lw=1.3, label=label, **style)
    tidy(axes)
    logarithmic(axes)
    axes.set_xlabel("1000 / T [1/K]")
    axes.set_ylabel("conductivity times temperature [mS K/cm]")
    legend_above(figure, title=f"{found[0].carrier}s", columns=2)
    add_celsius(axes, np.concatenate([sweep.temperature for sweep in found]))
    return figure
