"""The error tree of cellion.

Every error a user can cause is a `CellionError`; the command line turns it into a message and an
exit code, never a traceback::

    CellionError                 2
    ├── ScenarioError            2   the scenario file is wrong
    ├── RatesError               2   atomistic input is wrong
    ├── MaterialError            2   a material or library entry is wrong
    ├── MicrostructureError      2   the geometry cannot be made as asked
    ├── MeshError                2   a mesh cannot be read, made or used
    ├── SetupError               2   this machine lacks something (compiler, library)
    ├── ResultsError             2   a result folder cannot be read or written
    ├── StudyError               2   a parameter study cannot be run as asked
    └── ConvergenceError         3   the solver did not reach its tolerance

A message says where, what was found, what is allowed, the nearest known name, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "CellionError",
    "ConvergenceError",
    "MaterialError",
    "MeshError",
    "MicrostructureError",
    "RatesError",
    "ResultsError",
    "ScenarioError",
    "SetupError",
    "StudyError",
    "nearest",
]


class CellionError(Exception):
    """Base of all errors that are answered with a message instead of a traceback."""

    exit_code: ClassVar[int] = 2


class ScenarioError(CellionError):
    """The scenario file cannot be read or does not follow the contract."""


class RatesError(CellionError):
    """Atomistic input (sites, hops, frequencies, mechanisms) is inconsistent."""


class MaterialError(CellionError):
    """A material is unknown, incomplete or physically meaningless."""


class MicrostructureError(CellionError):
    """The requested geometry cannot be made."""


class MeshError(CellionError):
    """A mesh cannot be generated, read or used."""


class SetupError(CellionError):
    """This machine lacks something that the run needs."""


class ResultsError(CellionError):
    """A result folder cannot be written or read."""


class StudyError(CellionError):
    """A parameter study cannot be run as asked."""


class ConvergenceError(CellionError):
    """An iterative solve ended before it reached its tolerance."""

    exit_code: ClassVar[int] = 3


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known name closest to ``name``, or nothing."""
    names = [str(k) for k in known]
    folded = {k.casefold(): k for k in names}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" (did you mean '{folded[match[0]]}'?)" if match else ""
