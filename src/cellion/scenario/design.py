"""Runs of a study and of a fit: their values, and the document of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.quantities import describe
from cellion.scenario.arithmetic import derived_value
from cellion.scenario.edit import assign, changed, resolved
from cellion.scenario.faults import Fault
from cellion.scenario.fit import FitSpec
from cellion.scenario.paths import KeyPath, format_path, parse_path
from cellion.scenario.study import SampleSpec, StudySpec

__all__ = [
    "Combination",
    "combinations",
    "document_of",
    "fit_faults",
    "sample_document",
    "sample_probabilities",
    "study_faults",
]

_MOST_TOLD = 3

type _Group = tuple[tuple[str, Any, KeyPath], ...]
type Validate = Callable[[dict[str, Any]], list[Fault]]


@dataclass(frozen=True, kw_only=True)
class Combination:
    """Values of the varied keys that belong together.

    Attributes:
        values: Key path to value, as a user would write it.
        places: Key path to where this value was written in the scenario.
        row: Number of the sample, from 0; None when nothing is sampled.
    """

    values: Mapping[str, Any]
    places: Mapping[str, KeyPath]
    row: int | None = None


def combinations(study: StudySpec) -> Iterator[Combination]:
    """List the combinations of a study: the last varied key fastest, then `zip`, then samples.

    Args:
        study: The section.
    """
    grids: list[list[_Group]] = [
        [((key, value, ("study", "vary", key, i)),) for i, value in enumerate(values)]
        for key, values in study.vary.items()
    ]
    together: list[_Group] = [
        tuple((key, values[i], ("study", "zip", key, i)) for key, values in study.zip.items())
        for i in range(len(next(iter(study.zip.values()), ())))
    ]
    samples = [()] if study.sample is None else _samples(study.sample)
    for groups in product(*grids, together or [()]):
        chosen = [entry for group in groups for entry in group]
        for row, sampled in enumerate(samples):
            entries = (*chosen, *sampled)
            yield Combination(
                values={key: value for key, value, _ in entries},
                places={key: place for key, _, place in entries},
                row=None if study.sample is None else row,
            )


def _samples(sample: SampleSpec) -> list[_Group]:
    """Return the drawn values, one row per point."""
    probabilities = sample_probabilities(sample)
    columns: list[list[tuple[str, Any, KeyPath]]] = [
        [(key, value, ("study", "sample", "values", key)) for value in law.values(probabilities[i])]
        for i, (key, law) in enumerate(sample.values.items())
    ]
    return list(zip(*columns, strict=True))


def sample_probabilities(sample: SampleSpec) -> NDArray[np.float64]:
    """Return the sampled points in the unit cube, shape (keys, runs).

    For ``saltelli`` the columns are the points of the matrix A, of B, and then of A with the row of
    one key after the other taken from B.

    Source:
        A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, section 3.
    """
    return _probabilities(sample.method, sample.points, sample.seed, len(sample.values))


@lru_cache(maxsize=4)
def _probabilities(method: str, points: int, seed: int, keys: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # takes half a second to import

    rng = np.random.default_rng(seed)
    if method == "latin_hypercube":
        return np.asarray(qmc.LatinHypercube(keys, rng=rng).random(points).T)
    if method == "sobol":
        return np.asarray(qmc.Sobol(keys, rng=rng).random(points).T)
    both = qmc.Sobol(2 * keys, rng=rng).random(points).T
    first, second = both[:keys], both[keys:]
    mixed = np.tile(first, (keys, 1, 1))
    mixed[np.arange(keys), np.arange(keys)] = second
    return np.concatenate([first, second, *mixed], axis=1)


def document_of(
    document: Mapping[str, Any], values: Mapping[str, Any], derive: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any], list[Fault]]:
    """Return a document with other values and with what follows from them.

    Args:
        document: A plain scenario document without its study.
        values: Value by key path.
        derive: Formula by key path, computed in order.

    Returns:
        The document, the derived values by key path, and what is wrong with paths and formulas.
    """
    other, faults = changed(document, values)
    found: dict[str, Any] = {}
    for key, formula in derive.items():
        try:
            found[key] = derived_value(formula, other)
            assign(other, resolved(other, key), found[key])
        except ValueError as error:
            faults.append(Fault(path=("study", "derive", key), message=str(error)))
    return other, found, faults


def study_faults(document: Mapping[str, Any], study: StudySpec, validate: Validate) -> list[Fault]:
    """Build every run of a study and return what goes wrong, each fault where it was written.

    Args:
        document: The plain document of the scenario.
        study: Its study.
        validate: Returns the faults of a document.
    """
    base = {key: value for key, value in document.items() if key != "study"}
    lost = [
        Fault(path=place, message=fault.message)
        for key, place in study.keys.items()
        for fault in changed(base, {key: None})[1]
    ]
    if lost:
        return lost
    tried: list[Combination] = []
    told: dict[tuple[KeyPath, str], list[int]] = {}
    for combination in combinations(study):
        plain, _, faults = document_of(base, combination.values, study.derive)
        for fault in faults or validate(plain):
            told.setdefault((fault.path, fault.message), []).append(len(tried))
        tried.append(combination)
    return [
        fault
        for (path, message), where in told.items()
        for fault in _placed(
            path, message, [tried[i] for i in where], _guilty(path, where, tried, study)
        )
    ]


def _placed(
    path: KeyPath, message: str, where: Sequence[Combination], guilty: str | None
) -> list[Fault]:
    """Say one fault of some runs at the value that brings it, as far as that can be told."""
    values = where[0].values
    if path[:1] == ("study",):
        return [Fault(path=path, message=f"{_named(values)}: {message}")]
    said = f"{format_path(path)}: {message}"
    if guilty is not None and guilty in values:
        places = {each.places[guilty]: each.values[guilty] for each in where}
        return [
            Fault(path=place, message=f"with {describe(value)}: {said}")
            for place, value in list(places.items())[:_MOST_TOLD]
        ]
    more = f" (and in {len(where) - 1} more runs)" if len(where) > 1 else ""
    place: KeyPath = ("study",) if guilty is None else ("study", "derive", guilty)
    return [Fault(path=place, message=f"{_named(values)}: {said}{more}")]


def _guilty(
    path: KeyPath, where: Sequence[int], tried: Sequence[Combination], study: StudySpec
) -> str | None:
    """Return the key whose value is wrong or, alone, brings a fault elsewhere."""
    keys = list(tried[0].values)
    for key in (*keys, *study.derive):
        own = parse_path(key)
        shorter = min(len(own), len(path))
        if tuple(map(str, own[:shorter])) == tuple(map(str, path[:shorter])):
            return key
    if len(keys) == 1:
        return keys[0]
    faulty = set(where)
    for key in keys:
        bad = {tried[index].places[key] for index in where}
        having = {index for index, each in enumerate(tried) if each.places[key] in bad}
        if having == faulty and len(faulty) < len(tried):
            return key
    return None


def _named(values: Mapping[str, Any]) -> str:
    return "with " + ", ".join(f"{key} = {value}" for key, value in values.items())


def sample_document(
    document: Mapping[str, Any], fit: FitSpec, index: int, value: float
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the plain scenario of a sample at a value, and the faults of its key paths.

    Args:
        document: The plain scenario with its ``fit`` section.
        fit: The section.
        index: Which sample.
        value: Value of what is fitted, in its SI unit.
    """
    plain = {key: entry for key, entry in document.items() if key not in ("fit", "study")}
    written = f"{value!r} {fit.unit}"
    return changed(plain, {**fit.measured[index].where, fit.vary: written})


def fit_faults(document: Mapping[str, Any], fit: FitSpec, validate: Validate) -> list[Fault]:
    """Return what is wrong with the scenario of the first faulty sample.

    Args:
        document: The plain scenario.
        fit: Its ``fit`` section.
        validate: Returns the faults of a plain scenario.
    """
    for index in range(len(fit.measured)):
        plain, faults = sample_document(document, fit, index, fit.bracket[0])
        faults = faults or validate(plain)
        if faults:
            other = bool(fit.measured[index].where)
            at: KeyPath = ("fit", "measured", index, "where") if other else ("fit", "vary")
            return [Fault(path=at, message=_told(fault)) for fault in faults]
    return []


def _told(fault: Fault) -> str:
    """A fault with its key path."""
    return ": ".join(part for part in (format_path(fault.path), fault.message) if part)
