"""Published measurements, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from cellion.export.formatting import CONDUCTIVITY
from cellion.export.measured import Measured, polycrystals_beside
from cellion.export.report.entries import number
from cellion.export.report.model import Cell, Head, Section, Table
from cellion.export.report.subject import Subject

__all__ = ["publications"]


def publications(subject: Subject, measured: Sequence[Measured]) -> Section:
    """Published measurements with their conditions and sources.

    Args:
        subject: What is reported.
        measured: Published composites.
    """
    heads = [Head(text="publication", number=False), Head(text="electrolyte", unit="vol %")]
    heads += [Head(text="σ_eff ions", unit="mS/cm"), Head(text="τ ions")]
    heads += [Head(text="σ_eff electrons", unit="mS/cm"), Head(text="τ electrons")]
    rows = [
        [
            Cell(text=each.name),
            number(100 * point.volume_fraction, 3),
            *(
                number(factor * point.value(carrier, quantity), 3)
                for carrier in ("ion", "electron")
                for quantity, factor in (("conductivity", CONDUCTIVITY), ("tortuosity", 1.0))
            ),
        ]
        for each in measured
        for point in each.points
    ]
    note = (
        "Nothing is fitted to these. The diagrams show tortuosity factors of all, conductivities "
        "of those with the electrolyte of this scenario. Secondary: read where somebody quotes the "
        "paper."
    )
    notes = [
        f"{each.name}: {each.source} ({each.status}; {each.accuracy}). {each.sample}; "
        f"{each.conditions}; pores {each.pores}."
        for each in measured
    ]
    made = [Table(caption="Published composites", heads=heads, rows=rows, note=note)]
    ceramics = polycrystals_beside(subject.scenario)
    if ceramics:
        heads = [Head(text="material", number=False), Head(text="grains", unit="mS/cm")]
        heads += [Head(text="whole", unit="mS/cm"), Head(text="whole / grains")]
        heads += [Head(text="source", number=False)]
        rows = [
            [
                Cell(text=each.formula),
                *(number(CONDUCTIVITY * v, 3) for v in (each.bulk, each.total)),
                number(each.total / each.bulk, 2),
                Cell(text=each.source),
            ]
            for each in ceramics
        ]
        note = "By impedance at room temperature, as listed in the OBELiX data set; no grain sizes."
        made.append(Table(caption="Published ceramics", heads=heads, rows=rows, note=note))
    return Section(name="experiments", title="Published measurements", tables=made, notes=notes)
