"""What a fit answers: the frozen record behind ``fit.json``, in SI units.

``null`` under ``lower`` or ``upper`` means that there is no limit on this side: the measurement
agrees within its uncertainty with every value down to 0, or up to infinity.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cellion.results.codec import Json, encode_record
from cellion.results.files import replacing

__all__ = ["FIT_FILE", "Fit", "save_fits"]

FIT_FILE = "fit.json"
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The value that explains one measured sample, or why there is none.

    Attributes:
        label: The sample.
        where: What differs from the scenario, by key path, as the user wrote it.
        measured: Measured conductivity [S/m].
        uncertainty: Its uncertainty [S/m]; NaN when it is not given.
        value: The fitted value, in the unit of the record; NaN without an answer.
        lower: Smallest value that the measurement allows; NaN when there is none.
        upper: Largest value that the measurement allows; NaN when there is none.
        sensitivity: Relative change of the conductivity by that of the value; NaN when unknown.
        mesh_deviation: Relative error of the value by the estimated error of the mesh [-].
        reachable: Smallest and largest conductivity within the range that was searched [S/m].
        trail: Values that were tried and the conductivity of each [S/m], by ascending value.
        numbers: Plain numbers about the sample at the last value tried.
        failure: Why there is no answer; None when there is one.
    """

    label: str
    where: Mapping[str, Any]
    measured: float
    uncertainty: float = math.nan
    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    sensitivity: float = math.nan
    mesh_deviation: float = math.nan
    reachable: tuple[float, float] = (math.nan, math.nan)
    trail: tuple[tuple[float, float], ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    failure: str | None = None


def save_fits(
    fits: Sequence[Fit], folder: Path, *, path: str, unit: str, scenario: Mapping[str, Any]
) -> Path:
    """Write the record; it appears whole or not at all.

    Args:
        fits: Answers, one for each sample.
        folder: Where it goes.
        path: Key path of the fitted value.
        unit: Its unit.
        scenario: The scenario.

    Raises:
        ResultsError: It cannot be written.
    """
    document: dict[str, Json] = {
        "format": "cellion fit",
        "schema_version": _VERSION,
        "vary": path,
        "unit": unit,
        "samples": [encode_record(fit) for fit in fits],
        "scenario": json.loads(json.dumps(scenario)),
    }
    with replacing(folder / FIT_FILE) as partial:
        partial.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return folder / FIT_FILE
