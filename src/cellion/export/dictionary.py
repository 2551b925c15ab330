"""The data dictionary of a table: unit and meaning of each column; and the table as Parquet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cellion.export.tables import Entry, table_columns, write_table
from cellion.results.files import replacing

__all__ = ["data_dictionary", "write_dictionary", "write_parquet"]

_HEADER = re.compile(r"(?P<name>.*?) \[(?P<unit>[^\]]*)\](?P<rest>.*)", re.DOTALL)
_MEANINGS: Sequence[tuple[str, str]] = (
    (r"name", "name of the scenario"),
    (r"seed", "seed of the microstructure"),
    (r"temperature", "temperature"),
    (r"point", "folder of the run"),
    (r"realisation", "number of the realisation, from 1"),
    (r"sample", "number of the sample, from 0"),
    (r"runs", "runs with an answer"),
    (r"failure", "why there is no answer; empty where there is one"),
    (r"volume_fraction_(.+)_requested", "volume fraction of {0} that was asked for"),
    (r"volume_fraction_(.+)", "volume fraction of {0} in the mesh"),
    (r"weight_fraction_(.+)_requested", "weight fraction of {0} in the solid that was asked for"),
    (r"weight_fraction_(.+)", "weight fraction of {0} in the solid, in the mesh"),
    (r"sigma_(\w+?)_mean", "effective conductivity of {0}s, mean over the directions"),
    (r"sigma_(\w+?)_bulk", "conductivity of what conducts {0}s, of several the mean over volume"),
    (
        r"sigma_(\w+?)_([xyz]{2})_(lower|upper)",
        "{2} bound of component {1} of sigma_eff of {0}s; components off the diagonal have none: "
        "`lower` and `upper` in results.json bound forms e . sigma_eff e, not entries",
    ),
    (r"sigma_(\w+?)_(xx|yy|zz)", "component {1} of the effective conductivity of {0}s"),
    (
        r"sigma_(\w+?)_([xyz]{2})",
        "component {1} of the effective conductivity of {0}s; empty where it was not computed, as "
        "between electrodes",
    ),
    (r"conducting_fraction_(\w+)", "volume fraction of the materials that conduct {0}s"),
    (r"tortuosity_factor_(\w+)_(\w+)", "tortuosity factor of {0}s, {1}: phi sigma_bulk/sigma_eff"),
    (r"conductor_bulk_(\w+?)_(.+)", "conductivity of {1}, one of several conductors of {0}s"),
    (r"conductor_contribution_(\w+?)_(.+)", "current of {0}s in {1} over the box per mean field"),
    (
        r"conductor_tortuosity_(\w+?)_(.+)",
        "tortuosity factor of {0}s in {1}: phi sigma/contribution, all of {1} alone",
    ),
    (r"macmullin_number_(\w+)_(\w+)", "MacMullin number of {0}s, {1}: sigma_bulk/sigma_eff"),
    (r"bruggeman_exponent_(\w+)_(\w+)", "Bruggeman exponent of {0}s, {1}: tau = phi^(1-alpha)"),
    (r"relative_error_(\w+)_(\w+)", "estimated error of sigma_eff of {0}s by the mesh, {1}"),
    (
        r"geometry_error_(\w+)_(\w+)",
        "estimated error of sigma_eff of {0}s by the geometry, {1}",
    ),
    (r"utilisation", "volume of active material with ions and electrons, over all of it"),
    (r"reaction_utilisation", "reaction area with ions and electrons, over all of it"),
    (r"reversed_reaction_share", "part of the reaction current that runs backwards"),
    (r"specific_surface_(.+)", "area of {0} with other materials over the volume of the box"),
    (r"contact_area_(.+)", "area that {0} share over the volume of the box"),
    (r"dissipation_(\w+?)_(\w+)", "share of the energy of {1}s that goes into {0}"),
    (
        r"sensitivity_(\w+?)_((?:activation_energy|barrier).+)",
        "d ln of the mean sigma_eff of {0}s / d {1}",
    ),
    (r"sensitivity_(\w+?)_(.+)", "d ln of the mean sigma_eff of {0}s / d ln of {1}"),
    (r"unknowns_(\w+)", "unknowns of the linear system of {0}s"),
    (r"wall_time", "wall time of the run"),
)
_STATISTICS = {
    "mean": "mean over realisations",
    "std": "sample standard deviation over realisations",
    "ci95_low": "lower end of the 95 % confidence interval of the mean",
    "ci95_high": "upper end of the 95 % confidence interval of the mean",
}


def data_dictionary(columns: Sequence[str]) -> list[dict[str, Entry]]:
    """Return unit and meaning of each column.

    Args:
        columns: Headers such as ``sigma_ion_mean [S/m]``.

    Returns:
        One row per column: ``column``, ``unit`` (``-`` for plain numbers, empty for text),
        ``meaning``.
    """
    rows: list[dict[str, Entry]] = []
    for column in columns:
        match = _HEADER.fullmatch(column)
        name, unit = (match["name"], match["unit"]) if match else (column, "")
        meaning = _meaning(name)
        if match and (said := _STATISTICS.get(match["rest"].strip())):
            meaning = f"{meaning}: {said}"
        rows.append({"column": column, "unit": unit, "meaning": meaning})
    return rows


def _meaning(name: str) -> str:
    for pattern, meaning in _MEANINGS:
        match = re.fullmatch(pattern, name)
        if match:
            return meaning.format(*match.groups())
    return f"value of the scenario's key {name}" if "." in name else name.replace("_", " ")


def write_dictionary(columns: Sequence[str], path: Path) -> Path:
    """Write the data dictionary of a table as comma-separated values.

    Raises:
        ResultsError: The file cannot be written.
    """
    return write_table(data_dictionary(columns), path)


def write_parquet(rows: Sequence[Mapping[str, Entry]], path: Path) -> bool:
    """Write rows as Parquet, unit and meaning as metadata of each column.

    Args:
        rows: Rows of a table.
        path: The file, such as ``DIR/table.parquet``.

    Returns:
        Whether it was written: pyarrow, which writes it, may not be installed.

    Raises:
        ResultsError: The file cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return False
    columns = table_columns(rows)
    fields, arrays = [], []
    for about in data_dictionary(columns):
        values = [row.get(str(about["column"])) for row in rows]
        kind = _kind(pa, values)
        metadata = {key: str(about[key]) for key in ("unit", "meaning")}
        fields.append(pa.field(str(about["column"]), kind, metadata=metadata))
        text = kind == pa.string()
        arrays.append(
            pa.array([None if v is None else str(v) if text else v for v in values], kind)
        )
    with replacing(path) as partial:
        pq.write_table(pa.table(arrays, schema=pa.schema(fields)), partial)
    return True


def _kind(pa: Any, values: Sequence[Entry]) -> Any:
    """Type of a column: whole numbers, numbers, or text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int) for value in known):
        return pa.int64()
    if known and all(isinstance(value, int | float) for value in known):
        return pa.float64()
    return pa.string()
