"""Rows of the material library as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from cellion.material.catalogue import (
    CarrierEntry,
    LibraryEntry,
    LibraryMeasurement,
    Sourced,
    library_entry,
    library_names,
)

__all__ = ["MATERIAL_COLUMNS", "library_rows"]

MATERIAL_COLUMNS = ("material", "property", "value", "conditions", "status", "source")
"""Headings of the columns of `library_rows`."""

type Row = tuple[str, str, str, str, str, str]


def library_rows(name: str | None = None) -> list[Row]:
    """Rows of the library in the order of `MATERIAL_COLUMNS`; values carry units.

    Args:
        name: A material, for all its measurements, reasons and notes; without it the default
            values of every material.

    Raises:
        MaterialError: There is no such material.
    """
    if name is not None:
        return list(_full(library_entry(name)))
    return [row for known in library_names() for row in _summary(library_entry(known))]


def _summary(entry: LibraryEntry) -> Iterator[Row]:
    title = f"{entry.name} ({', '.join(entry.aliases)})" if entry.aliases else entry.name
    for carrier, section in entry.carriers.items():
        if section.conducts:
            yield _conductivity(title, carrier, section.default)
        else:
            yield _insulating(title, carrier, section)
    yield _number(title, "density", entry.density)


def _full(entry: LibraryEntry) -> Iterator[Row]:
    yield (entry.name, "kind", entry.kind, "", "", "")
    if entry.aliases:
        yield (entry.name, "also called", ", ".join(entry.aliases), "", "", "")
    for carrier, section in entry.carriers.items():
        if not section.conducts:
            yield _insulating(entry.name, carrier, section)
            continue
        yield _conductivity(entry.name, carrier, section.default)
        yield (entry.name, f"{carrier}: why this value", section.reason, "", "", "")
        for measurement in section.measurements[1:]:
            yield _conductivity(entry.name, f"{carrier} (alternative)", measurement)
    yield _number(entry.name, "density", entry.density)
    for diffusivity in entry.diffusivity:
        yield _number(entry.name, "Li diffusivity", diffusivity)
    for note in entry.notes:
        yield (entry.name, "note", note, "", "", "")


def _conductivity(title: str, label: str, measurement: LibraryMeasurement) -> Row:
    value = measurement.text
    source = measurement.source
    if measurement.activation_energy_text:
        law = "" if measurement.convention == "unknown" else f" ({measurement.convention})"
        value += f", activation energy {measurement.activation_energy_text}{law}"
        source += f"; activation energy: {measurement.activation_energy_source}"
    conditions = f"{measurement.temperature:.2f} K, {measurement.sample}"
    return (title, f"{label} conductivity", value, conditions, measurement.status, source)


def _insulating(title: str, carrier: str, section: CarrierEntry) -> Row:
    return (title, f"{carrier} conductivity", "insulator", "", "", section.reason)


def _number(title: str, label: str, number: Sourced) -> Row:
    at = "" if number.temperature is None else f"{number.temperature:.2f} K, "
    return (title, label, number.text, at + number.sample, number.status, number.source)
