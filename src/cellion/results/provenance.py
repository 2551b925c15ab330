"""What made a result: versions, machine, source revision, seed, times, memory."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["Provenance", "collect_provenance", "git_commit", "question", "versions"]

_DISTRIBUTIONS = ("cellion", "numpy", "scipy", "mpi4py", "h5py", "dolfinx-solver-real")
# Parts of FEniCSx and PETSc come in bundles, so their own versions are asked from the modules,
# when the run has loaded them.
_MODULES = {"dolfinx": "dolfinx", "petsc": "petsc4py"}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made a result.

    Attributes:
        date: When the run ended, ISO 8601 in UTC.
        versions: Version per package, as far as known.
        git_commit: Revision of the source checkout cellion ran from; None for an installed one.
        seed: Seed of the microstructure; None when nothing was random.
        ranks: Number of MPI ranks.
        wall_time: Wall time per stage [s].
        peak_memory: Largest resident memory, summed over ranks [bytes].
        python: Version of the interpreter.
        platform: Operating system and architecture.
        scenario: The resolved scenario as plain document.
    """

    date: str
    versions: Mapping[str, str]
    ranks: int
    wall_time: Mapping[str, float]
    peak_memory: float
    python: str
    platform: str
    scenario: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    git_commit: str | None = None


def collect_provenance(
    *,
    scenario: Mapping[str, Any],
    seed: int | None,
    ranks: int,
    wall_time: Mapping[str, float],
    peak_memory: float,
) -> Provenance:
    """Gather what this process knows about its versions and source.

    Args:
        scenario: The resolved scenario, strings as the user wrote them.
        seed: Seed of the microstructure, None when nothing was random.
        ranks: Number of MPI ranks.
        wall_time: Wall time per stage [s].
        peak_memory: Resident memory summed over ranks [bytes]; see `cellion.parallel`.
    """
    return Provenance(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        git_commit=git_commit(),
        seed=seed,
        ranks=ranks,
        wall_time=dict(wall_time),
        peak_memory=peak_memory,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        scenario=dict(scenario),
    )


def question(scenario: Mapping[str, Any]) -> str:
    """What a scenario asks, without its seed, name and study: equal for its realisations.

    Args:
        scenario: A resolved scenario as plain document.
    """
    return json.dumps(_without(scenario), sort_keys=True, default=str)


def _without(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            str(key): _without(item)
            for key, item in value.items()
            if key not in ("seed", "name", "description", "study", "output")
        }
    if isinstance(value, list | tuple):
        return [_without(item) for item in value]
    return value


def versions() -> dict[str, str]:
    """Versions of cellion and what it computes with; nothing is imported for this."""
    found = {}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for name, module in _MODULES.items():
        version = getattr(sys.modules.get(module), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found


def git_commit(package: Path | None = None) -> str | None:
    """Revision of the checkout that holds this package, or None when it is installed elsewhere.

    The files of git are read directly: starting a process is unsafe under some MPI libraries.

    Args:
        package: Folder of the package; cellion's own by default.
    """
    package = package or Path(__file__).resolve().parents[1]
    # Only <checkout>/src/cellion counts: an environment inside somebody's repository does not.
    git = package.parents[1] / ".git"
    if package.parent.name != "src" or not git.exists():
        return None
    try:
        return _head(git)
    except (OSError, UnicodeDecodeError):
        return None


def _head(git: Path) -> str | None:
    if git.is_file():  # a linked work tree names its folder
        git = (git.parent / git.read_text().removeprefix("gitdir:").strip()).resolve()
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head
    reference = head.removeprefix("ref:").strip()
    common = git / "commondir"
    roots = [git, (git / common.read_text().strip()).resolve()] if common.exists() else [git]
    for root in roots:
        if (root / reference).is_file():
            return (root / reference).read_text().strip()
        packed = root / "packed-refs"
        for line in packed.read_text().splitlines() if packed.is_file() else ():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    return None
