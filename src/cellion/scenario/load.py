"""Loader of scenario files, with overrides; it reports all faults at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from cellion.quantities import describe
from cellion.scenario.design import fit_faults, study_faults
from cellion.scenario.edit import assign, resolved, with_values
from cellion.scenario.faults import Fault, Positions, faults_of, scenario_error
from cellion.scenario.paths import KeyPath
from cellion.scenario.references import undefined_materials
from cellion.scenario.scenario import Scenario
from cellion.scenario.schema import keys_at
from cellion.scenario.yaml_text import parse_yaml, read_text

__all__ = ["build_scenario", "load_scenario", "vary", "with_values"]


def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario file.

    Args:
        path: The YAML file.
        overrides: Replacements such as ``mesh.size=0.5 um``; the value is read as YAML.

    Returns:
        The scenario, with SI values; it remembers its document and its file.

    Raises:
        ScenarioError: The file cannot be read, or says something wrong; all faults in one message.
    """
    file = Path(path)
    text = parse_yaml(read_text(file), str(file))
    positions: dict[KeyPath, int | str] = dict(text.lines)
    faults = list(text.faults)
    document = text.value
    if not isinstance(document, dict):
        message = f"found {describe(document)}; a mapping with the keys name, materials, "
        message += "microstructure, ... is needed"
        raise scenario_error([Fault(path=(), message=message)], source=str(file))
    for override in overrides:
        document, more = _overridden(document, override, positions)
        faults += more
    return _built(document, path=file, positions=positions, faults=faults, unread=text.unread)


def build_scenario(
    document: Mapping[str, Any],
    path: str | Path | None = None,
    positions: Positions | None = None,
) -> Scenario:
    """Check a plain document and return the scenario.

    Args:
        document: What a scenario file holds, as plain mappings, lists, text and numbers.
        path: The file it came from; names of other files are relative to its folder.
        positions: Lines of the key paths, for messages.

    Raises:
        ScenarioError: Something is wrong; all faults in one message.
    """
    if not isinstance(document, dict):
        fault = Fault(path=(), message=f"found {describe(document)}; a mapping is needed")
        raise scenario_error([fault], source=str(path or "scenario"), positions=positions)
    file = None if path is None else Path(path)
    return _built(document, path=file, positions=positions or {})


def vary(scenario: Scenario, values: Mapping[str, Any] | None = None, **others: Any) -> Scenario:
    """Return the scenario with a study: the same with other values, in place of one it has.

    Args:
        scenario: The scenario.
        values: Key path to the values it takes, a sequence or a range; all combinations are run.
        others: Further keys of the ``study`` section: ``zip``, ``sample``, ``derive``,
            ``replicates``, ``error``.

    Raises:
        ScenarioError: A run of the study would be wrong; all faults in one message.
    """
    study = others if values is None else {"vary": values, **others}
    return build_scenario({**scenario.source, "study": _plain(study)}, path=scenario.path)


def _plain(value: Any) -> Any:
    """Return arrays, tuples and numbers of NumPy as a scenario file would hold them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    return value


def _overridden(
    document: dict[str, Any], override: str, positions: dict[KeyPath, int | str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the document with one ``key=value`` applied, and the faults of the override."""
    override = override.encode("utf-8", "replace").decode()
    origin = f"--set {override}"
    unplaced: KeyPath = (origin,)
    key, equals, written = override.partition("=")
    if not equals or not key.strip():
        positions[unplaced] = origin
        message = "it is not of the form key=value, for example mesh.size='0.5 um'"
        return document, [Fault(path=(), message=message, at=unplaced)]
    value = parse_yaml(written, origin)
    try:
        path = resolved(document, key.strip())
    except ValueError as error:
        positions[unplaced] = origin
        return document, [Fault(path=(), message=str(error), at=unplaced)]
    for below in [known for known in positions if known[: len(path)] == path]:
        del positions[below]
    positions[path] = origin
    if value.faults:
        return document, [Fault(path=path, message=fault.message) for fault in value.faults]
    changed = copy.deepcopy(document)
    assign(changed, path, value.value)
    return changed, []


def _built(
    document: dict[str, Any],
    *,
    path: Path | None,
    positions: Positions,
    faults: Sequence[Fault] = (),
    unread: Set[KeyPath] = frozenset(),
) -> Scenario:
    """Build the scenario, or raise everything that is wrong with it."""
    scenario, more = _validated(document, path)
    faults = [*faults, *(fault for fault in more if fault.path not in unread)]
    if scenario is not None and scenario.study is not None and not faults:
        faults = study_faults(document, scenario.study, lambda plain: _validated(plain, path)[1])
    if scenario is not None and scenario.fit is not None and not faults:
        faults = fit_faults(document, scenario.fit, lambda plain: _validated(plain, path)[1])
    if faults or scenario is None:
        raise scenario_error(faults, source=str(path or "scenario"), positions=positions)
    return scenario.came_from(document, path, positions)


def _validated(document: dict[str, Any], path: Path | None) -> tuple[Scenario | None, list[Fault]]:
    """Return the scenario, or None and its faults."""
    empty = _empty_values(document, ())
    faults = [*empty, *undefined_materials(document)]
    context = {"folder": path.parent} if path is not None else {}
    scenario = None
    try:
        scenario = Scenario.model_validate(document, context=context)
    except ValidationError as error:
        told = {fault.path for fault in faults}
        faults += [fault for fault in faults_of(error, keys_at) if fault.path not in told]
    return (None if faults else scenario), faults


def _empty_values(value: Any, path: KeyPath) -> list[Fault]:
    """Return a fault for every value that was left empty."""
    if value is None:
        message = "found nothing; give a value, or remove the key to get the default"
        return [Fault(path=path, message=message)]
    if isinstance(value, dict):
        entries: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    else:
        return []
    return [f for key, entry in entries for f in _empty_values(entry, (*path, key))]
