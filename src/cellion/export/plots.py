"""Diagrams of a series of runs: effective conductivity and tortuosity factor over composition.

Drawn with matplotlib without its global state. Every realisation is a small hollow marker, their
mean a filled one; error bars join the standard deviation over realisations and the estimated error
by the mesh in quadrature. What does not percolate is marked at the edge of the axis, where the
logarithm puts it, and never left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from cellion.errors import ResultsError
from cellion.export.scales import logarithmic
from cellion.export.series import Cluster, Measurement, Sample, clusters, default_material, samples
from cellion.export.tables import Entry, table_row
from cellion.homogenise.bounds import hashin_shtrikman_bounds, wiener_bounds
from cellion.homogenise.effective_medium import bruggeman_power_law
from cellion.results.files import replacing
from cellion.results.record import RunResult

__all__ = ["plot_series", "series_figure"]

type Floats = NDArray[np.float64]

# Okabe and Ito's colours, told apart with any colour vision; the markers differ too.
_COLOUR = {"ion": "#0072B2", "electron": "#D55E00"}
_MARKER = {"ion": "o", "electron": "s"}
_EDGE = 0.025  # place of edge markers, share of the axis
_SUFFIXES = (".png", ".svg", ".pdf")
_CURVES: dict[str, tuple[Any, Callable[[Floats, Floats], Floats]]] = {
    "Wiener upper bound": (
        (0, (1, 1.5)),
        lambda phi, sigma: wiener_bounds(_two(phi), _with_insulator(sigma)).upper,
    ),
    "Hashin-Shtrikman upper bound": (
        "-",
        lambda phi, sigma: hashin_shtrikman_bounds(_two(phi), _with_insulator(sigma)).upper,
    ),
    "Bruggeman, exponent 1.5": (
        (0, (5, 2)),
        lambda phi, sigma: bruggeman_power_law(phi, sigma, 1.5),
    ),
}


@dataclass(frozen=True, kw_only=True)
class _Abscissa:
    """What is on a horizontal axis: an attribute of samples, its label, and whether curves fit."""

    attribute: str
    label: str
    composition: bool


def plot_series(
    runs: Sequence[RunResult | Mapping[str, Entry]],
    path: Path,
    *,
    material: str | None = None,
    measurements: Sequence[Measurement] = (),
) -> Path:
    """Draw `series_figure` to a file; the file appears whole or not at all.

    Args:
        runs: As for `series_figure`.
        path: The file; its ending says whether PNG, SVG or PDF.
        material: As for `series_figure`.
        measurements: As for `series_figure`.

    Returns:
        The path.

    Raises:
        ResultsError: There is nothing to draw, the material is unknown, or the file cannot be
            written.
    """
    if path.suffix not in _SUFFIXES:
        raise ResultsError(
            f"{path}: found the ending {path.suffix!r}; allowed: {', '.join(_SUFFIXES)}"
        )
    figure = series_figure(runs, material=material, measurements=measurements)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=220)
    return path


def series_figure(
    runs: Sequence[RunResult | Mapping[str, Entry]],
    *,
    material: str | None = None,
    measurements: Sequence[Measurement] = (),
) -> Figure:
    """Effective conductivity and tortuosity factor of a series of runs.

    The horizontal axis is the volume fraction of a material, in a second row its weight fraction
    where densities are known; for a series of one composition it is the temperature.

    Args:
        runs: Runs, or rows of a table.
        material: Material on the axis; by default the one that conducts ions.
        measurements: Published values to show besides.

    Raises:
        ResultsError: There is nothing to draw, or the material is unknown.
    """
    rows = [table_row(run) if isinstance(run, RunResult) else run for run in runs]
    material = material or default_material(rows)
    points = samples(runs, material)
    if not points:
        raise ResultsError("plot: no run holds an effective conductivity; there is nothing to draw")
    abscissas = _abscissas(points, material)
    figure = Figure(figsize=(8.2, 1.2 + 3.1 * len(abscissas)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(abscissas), 2, squeeze=False, sharey="col")
    for abscissa, (left, right) in zip(abscissas, grid, strict=True):
        for carrier in ("ion", "electron"):
            groups = clusters(points, carrier)
            if groups:
                _draw_carrier(left, right, groups, carrier, abscissa)
        for axes, attribute in ((left, "conductivity"), (right, "tortuosity_factor")):
            _draw_measurements(axes, measurements, abscissa, attribute)
            _finish_axes(axes, abscissa, attribute)
    figure.legend(
        handles=_legend(points, measurements, any(each.composition for each in abscissas)),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        fontsize=9,
    )
    return figure


def _abscissas(points: Sequence[Sample], material: str) -> list[_Abscissa]:
    fractions = [point.volume_fraction for point in points]
    temperatures = [point.temperature for point in points]
    if np.ptp(fractions) < 0.02 and np.ptp(temperatures) > 0:
        return [_Abscissa(attribute="temperature", label="temperature [K]", composition=False)]
    chosen = [
        _Abscissa(
            attribute="volume_fraction",
            label=f"volume fraction of {material} [-]",
            composition=True,
        )
    ]
    if not any(math.isnan(point.weight_fraction) for point in points):
        chosen.append(
            _Abscissa(
                attribute="weight_fraction",
                label=f"weight fraction of {material} in the solid [-]",
                composition=True,
            )
        )
    return chosen


def _draw_carrier(
    left: Axes, right: Axes, groups: list[Cluster], carrier: str, abscissa: _Abscissa
) -> None:
    x = np.array([group.mean(abscissa.attribute) for group in groups])
    conducts = np.array([group.percolates for group in groups])
    sigma = np.array([group.mean("conductivity") for group in groups])
    tau = np.array([group.tortuosity_factor for group in groups])
    error = np.array([group.relative_error for group in groups])
    for axes, mean, attribute, edge in (
        (left, sigma, "conductivity", _EDGE),
        (right, tau, "tortuosity_factor", 1 - _EDGE),
    ):
        axes.errorbar(
            x[conducts],
            mean[conducts],
            yerr=_bars(mean[conducts], error[conducts]),
            fmt=_MARKER[carrier],
            color=_COLOUR[carrier],
            markersize=6,
            capsize=3,
            linewidth=1.2,
            zorder=3,
        )
        _draw_realisations(axes, groups, abscissa.attribute, attribute, edge)
    if abscissa.composition and len(groups) > 1:
        _draw_curves(left, right, groups, x, carrier)


def _bars(mean: Floats, relative: Floats) -> Floats:
    """Lower and upper lengths of error bars; a bar never reaches 0 on a logarithmic axis."""
    return np.array([mean * np.minimum(relative, 0.9), mean * relative])


def _draw_realisations(
    axes: Axes, groups: Sequence[Cluster], abscissa: str, attribute: str, edge: float
) -> None:
    """Small hollow markers; triangles at the edge of the axis for what does not percolate.

    All of a carrier are one line without strokes: thousands of lines take minutes to draw.
    """
    members = [(member, len(group.members) > 1) for group in groups for member in group.members]
    carrier = groups[0].members[0].carrier
    style: dict[str, Any] = {"markerfacecolor": "none", "color": _COLOUR[carrier], "ls": "none"}
    conducting = [member for member, several in members if several and member.conductivity > 0]
    if conducting:
        axes.plot(
            [getattr(member, abscissa) for member in conducting],
            [getattr(member, attribute) for member in conducting],
            marker=_MARKER[carrier],
            markersize=3.5,
            markeredgewidth=0.7,
            alpha=0.8,
            zorder=2,
            **style,
        )
    dead = [getattr(member, abscissa) for member, _ in members if member.conductivity == 0]
    if dead:
        axes.plot(
            dead,
            [edge] * len(dead),
            marker="v" if edge < 0.5 else "^",
            markersize=6,
            transform=axes.get_xaxis_transform(),
            gid=f"{carrier} does not percolate",
            zorder=4,
            **style,
        )


def _draw_curves(left: Axes, right: Axes, groups: list[Cluster], x: Floats, carrier: str) -> None:
    """Bounds and Bruggeman's law between the runs, the other phases taken as insulating."""
    order = np.argsort(x)
    fine = np.linspace(x.min(), x.max(), 80)
    phi = np.interp(fine, x[order], _means(groups, "conducting_fraction")[order])
    sigma = np.interp(fine, x[order], _means(groups, "bulk_conductivity")[order])
    if np.isnan(phi).any() or (phi <= 0).any() or (sigma <= 0).any():
        return
    for label, (dashes, law) in _CURVES.items():
        value = law(phi, sigma)
        style: dict[str, Any] = {
            "ls": dashes,
            "lw": 1.0,
            "color": _COLOUR[carrier],
            "alpha": 0.75,
            "zorder": 1,
            "gid": f"{carrier}: {label}",
        }
        left.plot(fine, value, **style)
        right.plot(fine, phi * sigma / value, **style)


def _means(groups: Sequence[Cluster], name: str) -> Floats:
    return np.array([group.mean(name) for group in groups])


def _two(phi: Floats) -> Floats:
    """Fractions of the conductor and of the rest, shape (..., 2)."""
    return np.stack([phi, 1 - phi], axis=-1)


def _with_insulator(sigma: Floats) -> Floats:
    return np.stack([sigma, np.zeros_like(sigma)], axis=-1)


def _draw_measurements(
    axes: Axes, measurements: Sequence[Measurement], abscissa: _Abscissa, attribute: str
) -> None:
    if not abscissa.composition:
        return
    for source, marker in _measurement_markers(measurements).items():
        for carrier, colour in _COLOUR.items():
            chosen = [m for m in measurements if m.source == source and m.carrier == carrier]
            x = [getattr(m, abscissa.attribute) for m in chosen]
            y = [getattr(m, attribute) for m in chosen]
            axes.plot(x, y, ls="none", marker=marker, color=colour, markersize=7, zorder=2)


def _measurement_markers(measurements: Sequence[Measurement]) -> dict[str, str]:
    sources = list(dict.fromkeys(m.source for m in measurements))
    return {source: "x+*D1234"[i % 8] for i, source in enumerate(sources)}


def _finish_axes(axes: Axes, abscissa: _Abscissa, attribute: str) -> None:
    logarithmic(axes)
    axes.set_xlabel(abscissa.label)
    names = {
        "conductivity": "effective conductivity [S/m]",
        "tortuosity_factor": "tortuosity factor [-]",
    }
    axes.set_ylabel(names[attribute])
    axes.grid(visible=True, which="major", color="#e3e3e3", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.margins(x=0.06, y=0.12)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if attribute == "tortuosity_factor":
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom=min(0.9, axes.get_ylim()[0] * 1.5))


def _legend(
    points: Sequence[Sample], measurements: Sequence[Measurement], with_curves: bool
) -> list[Line2D]:
    present = [c for c in _COLOUR if any(point.carrier == c for point in points)]
    handles = [
        Line2D([], [], marker=_MARKER[c], color=_COLOUR[c], ls="none", label=c) for c in present
    ]
    if any(point.conductivity == 0 for point in points):
        handles.append(
            Line2D(
                [],
                [],
                marker="v",
                mfc="none",
                color="#404040",
                ls="none",
                label="does not percolate",
            )
        )
    if with_curves:
        handles += [
            Line2D([], [], color="#404040", ls=dashes, lw=1.0, label=label)
            for label, (dashes, _) in _CURVES.items()
        ]
    handles += [
        Line2D([], [], marker=marker, color="#404040", ls="none", label=source)
        for source, marker in _measurement_markers(measurements).items()
    ]
    return handles
