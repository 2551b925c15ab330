"""What ``cellion rates`` asks: the tensors of a scenario, a library material or a crystal family.

A family is named ``olivine`` or, for one of its materials, ``olivine/LiMgPO4``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from cellion.errors import MaterialError, ScenarioError, nearest
from cellion.export.rates import rates_table, screening_table, write_rates, write_screening
from cellion.material.catalogue import library_names
from cellion.material.families import family_of_spec, missing_energies
from cellion.material.material import CARRIERS, Material, build_material, build_materials
from cellion.material.over_temperature import TensorTable, conductivity_table, diffusivity_table
from cellion.material.screening import screen
from cellion.quantities import to_si
from cellion.rates.family import family_network, missing_parameters, places_per_cell
from cellion.rates.family_data import family_names
from cellion.rates.jump_network import diffusivity
from cellion.scenario.faults import FaultsError
from cellion.scenario.load import build_scenario, load_scenario, with_values
from cellion.scenario.materials import IonSpec, MaterialSpec
from cellion.scenario.yaml_text import parse_yaml

__all__ = [
    "DEFAULT_TEMPERATURES",
    "answer_rates",
    "answer_screening",
    "rate_tables",
    "temperatures_of",
]

type Floats = NDArray[np.float64]

DEFAULT_TEMPERATURES = "250K:600K:50K"
_MOST = 1000
_NAME = "M"


def answer_rates(
    target: str | None, temperatures: str, folder: Path | None, overrides: Sequence[str]
) -> tuple[list[Table], tuple[Path, ...]]:
    """Compute and write the tensors of a target.

    Args:
        target: As for `rate_tables`.
        temperatures: As for `temperatures_of`.
        folder: Where files go; None takes ``results/rates/<target>``.
        overrides: As for `rate_tables`.

    Returns:
        Tables for the console, and the files written.

    Raises:
        CellionError: Something is wrong with the question, or a file cannot be written.
    """
    if target is None:
        raise ScenarioError(
            "rates: name a scenario file, a material of the library or a crystal family "
            f"({', '.join(family_names())}), or ask for --screen"
        )
    tables = rate_tables(target, temperatures_of(temperatures), overrides)
    name = Path(target).stem if Path(target).is_file() else target.replace("/", "_")
    place = folder or Path("results") / "rates" / name
    return [rates_table(table) for table in tables], write_rates(tables, place)


def answer_screening(
    target: str | None, temperature: str, deviation: str, folder: Path | None
) -> tuple[list[Table], tuple[Path, ...]]:
    """Rank all materials and write the ranking.

    Args:
        target: Nothing; a ranking is of all materials.
        temperature: One temperature, with its unit.
        deviation: Standard deviation of the barriers, with its unit.
        folder: Where the file goes; None takes ``results/rates``.

    Returns:
        Table for the console, and the file written.

    Raises:
        CellionError: Something is wrong with the question, or the file cannot be written.
    """
    if target is not None:
        raise ScenarioError(f"rates: --screen ranks all materials; remove '{target}'")
    found = screen(_quantity("--at", temperature, "temperature"), _spread(deviation))
    return [screening_table(found)], write_screening(found, folder or Path("results") / "rates")


def _spread(text: str) -> float:
    value = _quantity("--deviation", text, "energy")
    if value < 0.0:
        raise ScenarioError(f"--deviation: found '{text}'; it must not be negative")
    return value


def temperatures_of(text: str) -> Floats:
    """Read temperatures: ``300K``, a list ``273K,298K``, or a range ``250K:600K:50K``.

    Args:
        text: What the user wrote; the step of a range is a difference in K.

    Returns:
        Temperatures [K], ascending, shape (n,).

    Raises:
        ScenarioError: It is not of that kind, or holds no temperature above 0 K.
    """
    parts = text.split(":")
    if len(parts) not in (1, 3):
        raise ScenarioError(
            f"--temperatures: found '{text}'; a range such as '{DEFAULT_TEMPERATURES}' (first, "
            "last, step), a list '273K,298K' or one temperature is needed"
        )
    if len(parts) == 1:
        found = sorted({_kelvin(entry) for entry in text.split(",")})
        return np.array(found)
    first, last, step = (_kelvin(part) for part in parts)
    if last < first or (last - first) / step > _MOST:
        raise ScenarioError(
            f"--temperatures: found '{text}'; the last is not below the first, and there are at "
            f"most {_MOST} steps"
        )
    return np.asarray(first + step * np.arange(int((last - first) / step + 1e-9) + 1))


def _kelvin(text: str) -> float:
    value = _quantity("--temperatures", text, "temperature")
    if value <= 0.0:
        raise ScenarioError(f"--temperatures: found '{text}'; it must be above 0 K")
    return value


def _quantity(option: str, text: str, dimension: str) -> float:
    try:
        return to_si(text, dimension)
    except ScenarioError as error:
        raise ScenarioError(f"{option}: {error}") from error


def rate_tables(
    target: str, temperature: Floats, overrides: Sequence[str] = ()
) -> tuple[TensorTable, ...]:
    """Return the tensors of all that conducts in a target.

    Args:
        target: A scenario file, a material of the library, or a family with or without material.
        temperature: Temperatures [K], shape (n,).
        overrides: ``key=value``; of a scenario its keys, of a family those of an ion, such as
            ``carrier_share=1 %`` or ``energies.channel=0.3 eV``.

    Raises:
        CellionError: The target is unknown, wrong, or conducts nothing.
    """
    if Path(target).is_file() or target.endswith((".yaml", ".yml")):
        built = build_materials(load_scenario(target, overrides))
        tables = [table for m in built.values() for table in _conducting(m, temperature)]
    elif target.partition("/")[0] in family_names():
        tables = [_family_table(target, temperature, overrides)]
    else:
        tables = _conducting(_library_material(target, overrides), temperature)
    if not tables:
        raise MaterialError(f"rates: {target} holds nothing that conducts")
    return tuple(tables)


def _library_material(name: str, overrides: Sequence[str]) -> Material:
    known = [*library_names(), *family_names()]
    try:
        built = build_material(name, MaterialSpec(library=name), 298.15)
    except MaterialError:
        raise MaterialError(
            f"rates: '{name}' is no scenario file, material of the library or crystal family"
            f"{nearest(name, known)}; the library holds {', '.join(library_names())}; families "
            f"are {', '.join(family_names())}"
        ) from None
    if overrides:
        raise ScenarioError(
            f"--set {overrides[0]}: a library material has nothing to set; name a scenario or a "
            "family"
        )
    return built


def _conducting(material: Material, temperature: Floats) -> list[TensorTable]:
    """Return a table for each carrier that moves."""
    moving = [c for c in CARRIERS if material.conductivity(c, float(temperature[0])).any()]
    return [conductivity_table(material, carrier, temperature) for carrier in moving]


def _family_table(target: str, temperature: Floats, overrides: Sequence[str]) -> TensorTable:
    """Return the conductivity of a family, or the diffusivity of a carrier where none is free."""
    ion = _family_ion(target, overrides)
    spec = MaterialSpec(ion=ion)
    by_formula = not any((ion.carrier_share, ion.carrier_density, ion.carriers))
    try:
        family = family_of_spec(ion)
    except FaultsError as error:
        raise MaterialError(f"{target}: {error}") from error
    full = family.ions_per_cell + family.blocked_per_cell >= places_per_cell(family) * (1 - 1e-9)
    lacking = missing_parameters(family, ion.energies)
    if lacking:
        example = f"--set energies.{lacking[0].name}='0.3 eV'"
        raise MaterialError(f"{target}: {missing_energies(family, lacking)}, here: {example}")
    if not (full and by_formula):
        return conductivity_table(build_material(target, spec, 298.15), "ion", temperature)
    network = family_network(family, ion.energies, prefactor=ion.attempt_frequency)
    note = (
        "the ions fill all places, so only the diffusivity of one carrier is known; for a "
        "conductivity give its number, for example --set carrier_share='1 %'"
    )
    return diffusivity_table(target, diffusivity(network, temperature), (note,))


def _family_ion(target: str, overrides: Sequence[str]) -> IonSpec:
    """Return what a scenario would say of the family, overrides applied."""
    name, _, variant = target.partition("/")
    ion: dict[str, Any] = {"family": name} | ({"variant": variant} if variant else {})
    document: dict[str, Any] = {
        "name": "rates",
        "materials": {_NAME: {"ion": ion}},
        "microstructure": {
            "layers": {
                "box": ["1 um", "1 um"],
                "axis": "x",
                "materials": [_NAME],
                "thicknesses": ["1 um"],
            }
        },
    }
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise ScenarioError(
                f"--set {override}: it is not of the form key=value, for example "
                "carrier_share='1 %'"
            )
        value = parse_yaml(text, f"--set {override}")
        if value.faults:
            raise ScenarioError(f"--set {override}: {value.faults[0].message}")
        document = with_values(document, {f"materials.{_NAME}.ion.{key.strip()}": value.value})
    found = build_scenario(document).materials[_NAME].ion
    if found is None:
        raise ScenarioError(f"rates: {target} says nothing of an ion")
    return found
