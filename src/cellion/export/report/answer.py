"""The answer in sentences: of a run, and of a study along its axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from cellion.cell.response import CellResponse
from cellion.export.cell_plots import resistance
from cellion.export.estimate import Estimate
from cellion.export.formatting import (
    AREA_RESISTANCE,
    CONDUCTIVITY,
    conductivity,
    digits,
    listed,
    percent,
    with_spread,
)
from cellion.export.groups import Group
from cellion.export.report.places import label, place, span
from cellion.export.report.statistics import box_answer, sampled_answer
from cellion.export.report.subject import Subject
from cellion.export.series import Series, default_material
from cellion.export.sweep import activation_energy
from cellion.homogenise.properties import DIRECTIONS
from cellion.quantities import ELECTRON_VOLT
from cellion.results.record import CarrierResult, RunResult

__all__ = ["answer"]

_ISOTROPIC = 0.02
_MOST_CURVES = 6


def answer(subject: Subject, series: Series | None) -> list[str]:
    """What the folder answers, one sentence each.

    Args:
        subject: What is reported.
        series: Its answers along an axis; None when there is none.
    """
    if series is None:
        return ["No run has an answer; the reasons are in the table of all runs."]
    if subject.sampled:
        return sampled_answer(subject)
    if len(series.groups) == 1:
        return list(_of_group(series.groups[0], subject))
    return list(_of_series(series, subject))


# --- one composition -----------------------------------------------------------------------------


def _of_group(group: Group, subject: Subject) -> Iterator[str]:
    first = group.members[0].result
    if first.cell is not None:
        yield from _of_cells(group)
        return
    for name in subject.carriers:
        if group.carriers(name):
            yield _of_carrier(group, name, first)


def _of_carrier(group: Group, name: str, run: RunResult) -> str:
    found = group.carriers(name)
    first, sigma, many = found[0], group.conductivity(name), len(found)
    names = listed(first.conducting)
    if not first.conducting:
        return f"No material here conducts {name}s: their conductivity is 0."
    conducting = sum(value > 0 for value in sigma.values)
    if not conducting:
        why = f" ({first.reason})" if first.reason and many == 1 else ""
        none = "in none of the realisations" if many > 1 else "here"
        return (
            f"{name.capitalize()}s find no way through {none}{why}: their conductivity is 0 and "
            f"their tortuosity factor infinite, although {names} {_fills(first, names)}."
        )
    start = f"{_composition(group, run)}{name}s see {conductivity(sigma.mean, sigma.deviation)}"
    parts = [start + (f" (mean and standard deviation of {many} realisations" if many > 1 else "")]
    parts[0] += f"; {many - conducting} of them do not percolate" if 0 < conducting < many else ""
    parts[0] += ")" if many > 1 else _directions(first)
    parts.append(_against_bulk(group, name, sigma.mean))
    parts.append(_in_contacts(found))
    return f"{', '.join(filter(None, parts))}{_certainty(group, name)}."


def _fills(carrier: CarrierResult, names: str) -> str:
    fill = "fill" if " and " in names else "fills"
    return f"{fill} {percent(carrier.conducting_fraction)} of the volume"


def _composition(group: Group, run: RunResult) -> str:
    """``At 30 % SE by volume (16 % by weight) and 25 °C``, unless one material fills the box."""
    celsius = f"{digits(run.temperature - 273.15, 3)} °C"
    material = default_material([run])
    volume = group.fraction(material)
    several = next(iter(run.carriers.values())).conducting if run.carriers else ()
    if len(several) > 1:
        shares = [f"{percent(group.fraction(name))} {name}" for name in several]
        return f"At {listed(shares)} by volume and {celsius}, "
    weight = group.fraction(material, "weight_fraction")
    if math.isnan(volume) or volume > 1 - 1e-6:
        return f"At {celsius} "
    by_weight = "" if math.isnan(weight) else f" ({percent(weight)} of the solid by weight)"
    return f"At {percent(volume)} {material} by volume{by_weight} and {celsius}, "


def _directions(carrier: CarrierResult) -> str:
    """Values of the directions, where they differ or only some were asked for."""
    diagonal = {d: carrier.effective_conductivity[i, i] for i, d in enumerate(DIRECTIONS)}
    asked = {d: float(diagonal[d]) for d in carrier.directions}
    values = list(asked.values())
    if len(values) == 1:
        return f" in direction {next(iter(asked))}"
    if max(values) - min(values) <= _ISOTROPIC * max(values):
        return ""
    told = ", ".join(f"{d} {digits(CONDUCTIVITY * value)}" for d, value in asked.items())
    blocked = [direction for direction, value in asked.items() if value == 0]
    note = f"; nothing passes in direction {listed(blocked)}" if blocked else ""
    return f" ({told}; mean of the directions{note})"


def _against_bulk(group: Group, name: str, mean: float) -> str:
    bulk = group.mean(name, "bulk_conductivity")
    tau = group.tortuosity(name).mean
    several = group.carriers(name)[0].conductors
    of = f" (the mean of {listed(list(several))} over their volume)" if several else ""
    return (
        f"{percent(mean / bulk)} of the {conductivity(bulk)} of the bulk{of}: tortuosity factor "
        f"τ = {digits(tau)}"
    )


def _in_contacts(found: Sequence[CarrierResult]) -> str:
    known = [each.mean_dissipation for each in found if each.dissipation]
    if not known:
        return ""
    shares = np.mean(known, axis=0)
    told = [
        f"{what} take {percent(float(share))} of the dissipation"
        for what, share in zip(("resistive contacts", "conducting sheets"), shares[1:], strict=True)
        if share > 0
    ]
    return "; ".join(told)


def _certainty(group: Group, name: str) -> str:
    sigma = group.conductivity(name)
    if math.isfinite(sigma.lower):
        low, high = CONDUCTIVITY * sigma.lower, CONDUCTIVITY * sigma.upper
        return (
            f". It is guaranteed to lie between {digits(low, 4)} and {digits(high, 4)} mS/cm for "
            "the meshed geometry"
        )
    if math.isfinite(sigma.mesh):
        return f". The mesh is estimated to put it off by {percent(sigma.mesh, 2)}"
    return ""


# --- cells ---------------------------------------------------------------------------------------


def _of_cells(group: Group) -> Iterator[str]:
    cells, connected = group.cells, group.connected
    yield from _taking_part(cells)
    if not connected:
        yield f"No current can flow through the cell: {cells[0].reason or 'nothing connects'}."
        return
    total = _resistance(connected, lambda cell: cell.area_specific_resistance)
    alone = _resistance(connected, lambda cell: cell.cathode_resistance)
    shares = {
        name: float(np.mean([c.parts.get(name, 0) / c.area_specific_resistance for c in connected]))
        for name in connected[0].parts
    }
    largest = sorted(shares, key=lambda name: -shares[name])[:2]
    most = listed([f"{name.replace('_', ' ')} ({percent(shares[name], 2)})" for name in largest])
    blocked = len(cells) - len(connected)
    note = f" ({blocked} of {len(cells)} realisations carry no current)" if blocked else ""
    yield (
        f"The cell has an area-specific resistance of {total}, of which {alone} belong to the "
        f"cathode without its layers{note}; its largest parts are {most}."
    )


def _taking_part(cells: Sequence[CellResponse]) -> Iterator[str]:
    """How much of the active material and of the reaction area is reached."""
    area = Estimate.of([cell.reaction_utilisation for cell in cells]).mean
    for name in cells[0].active:
        share = Estimate.of([cell.active[name].connected for cell in cells]).mean
        yield f"{percent(share)} of {name} is connected to both ions and electrons."
    if not math.isnan(area):
        yield f"So is {percent(area)} of the area at which the reaction can take place."
    backwards = [c.reversed_share for c in cells if c.connects and not math.isnan(c.reversed_share)]
    if backwards:
        reverse = percent(Estimate.of(backwards).mean, 2)
        yield f"{reverse} of the reaction current runs against that of the cell."


def _resistance(cells: Sequence[CellResponse], of: Callable[[CellResponse], float]) -> str:
    found = Estimate.of([AREA_RESISTANCE * of(cell) for cell in cells])
    return with_spread(found.mean, found.deviation, "Ω cm²")


# --- a series ------------------------------------------------------------------------------------


def _of_series(series: Series, subject: Subject) -> Iterator[str]:
    if any(run.cell is not None for run in subject.runs):
        yield from _least_resistance(series)
        return
    many = len(series.curves) > _MOST_CURVES
    curves = {"": tuple(series.groups)} if many else series.curves
    for name in subject.carriers:
        for curve, groups in curves.items():
            own = [group for group in groups if group.carriers(name)]
            if own:
                yield _trend(series, own, name, f"{curve}: " if curve else "", mixed=many)
    yield from box_answer(subject)


def _trend(series: Series, groups: Sequence[Group], name: str, start: str, *, mixed: bool) -> str:
    """What a carrier does along one curve."""
    conducting = [group for group in groups if group.conductivity(name).mean > 0]
    if not conducting:
        return _sentence(f"{start}{name}s find no way through in any run: their conductivity is 0.")
    values = [group.conductivity(name).mean for group in conducting]
    if len(conducting) == 1:
        told = f"{start}{name}s see {_value(conducting[0], name)} at {place(series, conducting[0])}"
    else:
        order = _descending(series, conducting)
        steps = np.diff([group.conductivity(name).mean for group in order])
        if not mixed and ((steps <= 0).all() or (steps >= 0).all()):
            verb = "falls" if (steps <= 0).all() else "rises"
            first, last = order[0], order[-1]
            told = (
                f"{start}{span(series, first, last)} the conductivity of {name}s {verb} from "
                f"{_value(first, name)} to {_value(last, name)}, {_taus(first, last, name)}"
                f"{_midway(series, order, name)}"
            )
        else:
            low, high = (conducting[int(i(values))] for i in (np.argmin, np.argmax))
            at = [(label if mixed else place)(series, group) for group in (low, high)]
            told = (
                f"{start}the conductivity of {name}s lies between {_value(low, name)} at "
                f"{at[0]} and {_value(high, name)} at {at[1]}, "
                f"{_taus(low, high, name)}"
            )
    told += _activation(series, conducting, name)
    told += _contacts(series, _descending(series, conducting), name)
    return _sentence(f"{told}.{_blocked(series, groups, name)}")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _descending(series: Series, groups: Sequence[Group]) -> list[Group]:
    """Along the axis; from cold to warm, from much to little electrolyte."""
    order = sorted(groups, key=lambda group: group.x)
    return order[::-1] if series.axis.kind in ("temperature", "composition") else order


def _value(group: Group, name: str) -> str:
    sigma = group.conductivity(name)
    return conductivity(sigma.mean, sigma.deviation)


def _tau(group: Group, name: str) -> str:
    return digits(group.tortuosity(name).mean)


def _taus(first: Group, last: Group, name: str) -> str:
    start, end = _tau(first, name), _tau(last, name)
    if start == end:
        return f"tortuosity factor τ = {start}"
    return f"tortuosity factor τ from {start} to {end}"


def _midway(series: Series, order: Sequence[Group], name: str) -> str:
    """The point in the middle, where ends alone say little."""
    if len(order) < 3 or series.axis.kind in ("temperature", "name"):
        return ""
    middle = order[len(order) // 2]
    return f"; at {place(series, middle)} it is {_value(middle, name)}, τ = {_tau(middle, name)}"


def _blocked(series: Series, groups: Sequence[Group], name: str) -> str:
    """Where a carrier finds no way, in all or some of the realisations."""
    none = [group for group in groups if group.conductivity(name).mean == 0]
    some = [
        group
        for group in groups
        if group not in none and any(value == 0 for value in group.conductivity(name).values)
    ]
    told = ""
    if none:
        told += f" No {name}s pass at {listed([place(series, group) for group in none])}."
    for group in some:
        values = group.conductivity(name).values
        told += (
            f" At {place(series, group)} {name}s pass in {sum(v > 0 for v in values)} of "
            f"{len(values)} realisations only."
        )
    return told


def _activation(series: Series, groups: Sequence[Group], name: str) -> str:
    """The activation energy of sigma T along a temperature axis."""
    if series.axis.kind != "temperature" or len(groups) < 2:
        return ""
    sigma = np.array([group.conductivity(name).mean for group in groups])
    energy = activation_energy(np.array([1000.0 / group.x for group in groups]), sigma)
    return (
        "" if math.isnan(energy) else f"; activation energy of σT {energy / ELECTRON_VOLT:.3f} eV"
    )


def _contacts(series: Series, order: Sequence[Group], name: str) -> str:
    """What resistive contacts take at both ends."""
    shares = [group.carriers(name)[0].mean_dissipation[1] for group in (order[0], order[-1])]
    if len(order) < 2 or not max(shares) > 0:
        return ""
    return (
        f"; resistive contacts take {percent(shares[0], 2)} of the dissipation at "
        f"{place(series, order[0])}, {percent(shares[1], 2)} at {place(series, order[-1])}"
    )


def _least_resistance(series: Series) -> Iterator[str]:
    """Where the resistance of a cell is least, and largest."""
    open_ones = [group for group in series.groups if group.connected]
    if not open_ones:
        yield "No current can flow through any of the cells."
        return

    def mean(group: Group) -> float:
        return resistance(group).mean

    def told(group: Group) -> str:
        value = _resistance(group.connected, lambda cell: cell.cathode_resistance)
        return f"{value} at {label(series, group)}"

    least, most = min(open_ones, key=mean), max(open_ones, key=mean)
    yield f"Without its layers, the cathode has its least area-specific resistance, {told(least)}."
    if most is not least:
        yield f"The largest is {told(most)}."
    closed = [place(series, group) for group in series.groups if not group.connected]
    if closed:
        yield f"No current can flow at {listed(closed)}."
    yield from _least_utilisation(series)


def _least_utilisation(series: Series) -> Iterator[str]:
    """Where the least of the active material is connected, and the most."""
    shares = [
        (share, group)
        for group in series.groups
        if not math.isnan(share := Estimate.of([cell.utilisation for cell in group.cells]).mean)
    ]
    if not shares:
        return
    (least, low), (most, high) = (choose(shares, key=lambda pair: pair[0]) for choose in (min, max))
    told = f"{percent(least)} of the active material is connected to both ions and electrons"
    if low is high:
        yield f"{told}."
    else:
        yield f"{told} at {place(series, low)}, {percent(most)} at {place(series, high)}."
