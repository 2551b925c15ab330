"""Materials of a scenario: conductivity tensors over temperature, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cellion.arrays import FloatArray
from cellion.errors import MaterialError, nearest
from cellion.material.catalogue import LibraryMeasurement, library_entry
from cellion.material.conductivity_laws import INSULATOR, ArrheniusLaw, ConductivityLaw, ConstantLaw
from cellion.material.hopping_law import HoppingLaw, hopping_law
from cellion.material.tabulated import TableLaw, table_law
from cellion.scenario.faults import FaultsError
from cellion.scenario.materials import CarrierSpec, IonSpec, MaterialSpec
from cellion.scenario.paths import KeyPath, format_path
from cellion.scenario.scenario import Scenario

__all__ = ["CARRIERS", "MARGIN", "Material", "build_material", "build_materials"]

CARRIERS = ("ion", "electron")

MARGIN = 30.0
"""How far outside a measured range a temperature may lie before it is worth a note [K]."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """One material of a scenario.

    Attributes:
        name: Its name in the scenario.
        carriers: Conductivity law of ``ion`` and ``electron``; a carrier that is missing does not
            move.
        density: Mass density [kg/m^3]; None when it is unknown.
        sources: Sources of its values, one sentence each.
        notes: Remarks on them, one sentence each.
        ranges: Lowest and highest temperature of the data behind a carrier [K]; missing where the
            law knows no bounds.
    """

    name: str
    carriers: Mapping[str, ConductivityLaw]
    density: float | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def conductivity(self, carrier: str, temperature: float) -> FloatArray:
        """Conductivity tensor of a carrier in crystal axes at a temperature [K].

        Symmetric, shape (3, 3) [S/m]; zeros if the carrier does not move.

        Raises:
            MaterialError: The carrier is unknown or the temperature not above 0 K.
        """
        if carrier not in CARRIERS:
            raise MaterialError(
                f"material '{self.name}': carrier '{carrier}' is unknown"
                f"{nearest(carrier, CARRIERS)}; known are {' and '.join(CARRIERS)}"
            )
        return self.carriers.get(carrier, INSULATOR).conductivity(temperature)


def build_materials(scenario: Scenario) -> dict[str, Material]:
    """Build every material of a scenario, by name, with notes for its temperature.

    Raises:
        MaterialError: Names of the library, of families or lattices are unknown, barriers are
            missing or hops make no crystal; the message has a line for each fault.
    """
    built: dict[str, Material] = {}
    faults: list[tuple[KeyPath, str]] = []
    for name, spec in scenario.materials.items():
        try:
            built[name] = _material(name, spec, scenario.temperature)
        except MaterialError as error:
            faults.append((("materials", name), str(error)))
        except FaultsError as error:
            faults += [(("materials", name, *path), text) for path, text in error.faults]
    if faults:
        raise MaterialError(scenario.told(faults))
    return built


def build_material(name: str, spec: MaterialSpec, temperature: float) -> Material:
    """Build one material; values of the scenario replace those of the library.

    Args:
        name: Its name in the scenario.
        spec: Its section of the scenario.
        temperature: Temperature for which notes are written [K].

    Raises:
        MaterialError: The library name is unknown, or hops and barriers make no crystal.
    """
    try:
        return _material(name, spec, temperature)
    except FaultsError as error:
        lines = [f"{format_path(path)}: {message}" for path, message in error.faults]
        raise MaterialError("\n".join(lines)) from error


def _material(name: str, spec: MaterialSpec, temperature: float) -> Material:
    entry = None if spec.library is None else library_entry(spec.library)
    carriers: dict[str, ConductivityLaw] = {}
    sources: list[str] = []
    notes: list[str] = []
    ranges: dict[str, tuple[float, float]] = {}
    for carrier in CARRIERS:
        given: CarrierSpec | None = getattr(spec, carrier)
        if given is not None:
            carriers[carrier] = _law_of_spec(given)
            if given.conducts:
                sources.append(f"{carrier} conductivity: {_source_of_spec(carriers[carrier])}")
            if given.at is not None:
                ranges[carrier] = (given.at, given.at)
            law = carriers[carrier]
            if isinstance(law, TableLaw):
                ranges[carrier] = law.temperature_range
            notes += _notes_of_law(name, carrier, law, temperature)
        elif entry is not None and entry.carriers[carrier].conducts:
            measurement = entry.carriers[carrier].default
            carriers[carrier] = _law_of_measurement(measurement)
            ranges[carrier] = measurement.temperature_range or (measurement.temperature,) * 2
            sources += _sources_of(carrier, measurement)
            notes += _notes_of(name, carrier, measurement, temperature)
        else:
            carriers[carrier] = INSULATOR
    density = spec.density
    if entry is not None and density is None:
        density = entry.density.value
        sources.append(f"density: {entry.density.source} [{entry.density.status}]")
    return Material(
        name=name,
        carriers=carriers,
        density=density,
        sources=tuple(sources),
        notes=tuple(notes),
        ranges=ranges,
    )


def _source_of_spec(law: ConductivityLaw) -> str:
    if isinstance(law, HoppingLaw):
        return f"hops, {law.conductor.network.source}"
    if isinstance(law, TableLaw):
        return f"table of the scenario; {law.told}"
    return "the scenario"


def _notes_of_law(name: str, carrier: str, law: ConductivityLaw, temperature: float) -> list[str]:
    """Remarks on a computed or fitted value at this temperature."""
    notes: list[str] = []
    where = f"material '{name}', {carrier}"
    if isinstance(law, TableLaw):
        notes += [f"{where}: {note}" for note in law.notes]
        low, high = law.temperature_range
        if not low - MARGIN <= temperature <= high + MARGIN:
            notes.append(
                f"{where}: {temperature:.2f} K is far outside the table ({low:.2f} to "
                f"{high:.2f} K); the conductivity is extrapolated"
            )
    if isinstance(law, HoppingLaw):
        notes += [f"{where}: {text}" for text in law.notes(temperature)]
    if isinstance(law, HoppingLaw | TableLaw):
        spread = law.spread(np.array([temperature]))
        if spread is not None and spread.high[0] > 1.05 * spread.low[0]:
            further = "; vary the barrier in a study to carry that further"
            notes.append(
                f"{where}: at {temperature:.2f} K 68 % of the conductivities (mean of the "
                f"principal values) lie between {spread.low[0]:.3g} and {spread.high[0]:.3g} S/m, "
                f"their median is {spread.median[0]:.3g} S/m ({spread.cause})"
                + (further if isinstance(law, HoppingLaw) and not law.conductor.monte_carlo else "")
            )
    return notes


def _law_of_spec(spec: CarrierSpec) -> ConductivityLaw:
    if isinstance(spec, IonSpec) and spec.conductivity is None:
        at = ("ion", "table") if spec.table is not None else ("ion",)
        try:
            return hopping_law(spec) if spec.table is None else table_law(spec.table)
        except FaultsError as error:
            raise FaultsError(*(((*at, *path), text) for path, text in error.faults)) from error
    if not spec.conducts:
        return INSULATOR
    tensor = np.array(spec.conductivity, dtype=np.float64)
    if spec.activation_energy is None or spec.at is None:
        return ConstantLaw(reference=tensor)
    return ArrheniusLaw(
        reference=tensor,
        reference_temperature=spec.at,
        activation_energy=spec.activation_energy,
        convention=spec.prefactor_convention,
    )


def _law_of_measurement(measurement: LibraryMeasurement) -> ConductivityLaw:
    """The law of a library value; an energy of unknown convention is read as sigma T."""
    if measurement.activation_energy is None:
        return ConstantLaw(reference=measurement.conductivity)
    return ArrheniusLaw(
        reference=measurement.conductivity,
        reference_temperature=measurement.temperature,
        activation_energy=measurement.activation_energy,
        convention="sigma" if measurement.convention == "sigma" else "sigmaT",
    )


def _sources_of(carrier: str, measurement: LibraryMeasurement) -> list[str]:
    sources = [f"{carrier} conductivity: {measurement.source} [{measurement.status}]"]
    if measurement.activation_energy is not None:
        sources.append(f"{carrier} activation energy: {measurement.activation_energy_source}")
    return sources


def _notes_of(
    name: str, carrier: str, measurement: LibraryMeasurement, temperature: float
) -> list[str]:
    """Doubts about a library value at this temperature."""
    notes: list[str] = []
    where = f"material '{name}', {carrier}"
    if measurement.status == "unverified":
        notes.append(
            f"{where}: {measurement.text} is not verified ({measurement.sample}); give your own "
            "value where it matters"
        )
    away = abs(temperature - measurement.temperature)
    if measurement.activation_energy is None and away > MARGIN / 3.0:
        notes.append(
            f"{where}: {measurement.text} was measured at {measurement.temperature:.2f} K and has "
            f"no activation energy; it is used unchanged at {temperature:.2f} K"
        )
        return notes
    low, high = measurement.temperature_range or (measurement.temperature,) * 2
    if not low - MARGIN <= temperature <= high + MARGIN:
        measured = f"{low:.2f} K" if low == high else f"{low:.2f} to {high:.2f} K"
        notes.append(
            f"{where}: {temperature:.2f} K is far outside the measurement ({measured}); the "
            "conductivity is extrapolated"
        )
    if measurement.convention == "unknown" and measurement.activation_energy and away > 1.0:
        notes.append(
            f"{where}: the source does not say whether {measurement.activation_energy_text} "
            "belongs to sigma or to sigma T; sigma T is assumed"
        )
    return notes
