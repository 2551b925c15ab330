"""Result folders: files appear whole or not at all, ``results.json`` last.

The order is the protocol. `open_folder` removes an old ``results.json`` before anything else in the
folder changes; the other files follow; `save_result` writes ``results.json`` when they are done. A
folder with a ``results.json`` is therefore complete, whenever the run was killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from cellion.errors import ResultsError
from cellion.results.codec import Json, decode, encode_record
from cellion.results.infinities import restore_infinities
from cellion.results.record import SCHEMA_VERSION, RunResult

__all__ = [
    "REPORT_FILE",
    "RESULTS_FILE",
    "is_complete",
    "load_result",
    "open_folder",
    "read_json",
    "remove_old",
    "replacing",
    "save_result",
]

RESULTS_FILE = "results.json"
REPORT_FILE = "report.html"
"""What `cellion report` writes; it does not outlive the answers it tells of."""

_FORMAT = "cellion results"
_PARTIAL = ".partial"


def open_folder(folder: Path) -> Path:
    """Make a folder ready for a new run: create it and take away the mark of completeness.

    Half-written files of a run that was killed are removed too.

    Args:
        folder: The folder of the run. Under MPI, one rank calls this, before any rank writes.

    Returns:
        The folder.

    Raises:
        ResultsError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS_FILE).unlink(missing_ok=True)
        for partial in folder.glob(f".*{_PARTIAL}"):
            partial.unlink(missing_ok=True)
        _sync_folder(folder)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return folder


def remove_old(folder: Path, patterns: Iterable[str]) -> None:
    """Remove files of an earlier run, so that none is taken for one of the next.

    Args:
        folder: The folder of the run.
        patterns: Their names, in which ``*`` stands for anything.

    Raises:
        ResultsError: One of them cannot be removed.
    """
    for pattern in patterns:
        for old in folder.glob(pattern):
            try:
                old.unlink(missing_ok=True)
            except OSError as error:
                raise _cannot_write(old, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside `path` and put it in its place when the block ends without error.

    Args:
        path: The file to make or replace.

    Yields:
        The path to write to, in the same folder.

    Raises:
        ResultsError: The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        yield partial
        _sync(partial)
        os.replace(partial, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def save_result(result: RunResult, folder: str | Path) -> Path:
    """Write ``results.json``, the last file of a run.

    Args:
        result: The record.
        folder: The folder of the run, see `open_folder`.

    Returns:
        The path of the file.

    Raises:
        ResultsError: The folder cannot be written.
    """
    path = Path(folder) / RESULTS_FILE
    head: dict[str, Json] = {"format": _FORMAT, "schema_version": result.schema_version}
    document = head | encode_record(result)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    return path


def is_complete(folder: Path) -> bool:
    """Whether a run in this folder came to its end."""
    return (folder / RESULTS_FILE).is_file()


def load_result(path: str | Path) -> RunResult:
    """Read a run's record; DOLFINx is not needed.

    Args:
        path: The folder of a run, or its ``results.json``.

    Returns:
        The record, checked key by key.

    Raises:
        ResultsError: The file is missing, cut short, not one of cellion's, of a newer layout, or
            a key is missing, unknown or of the wrong type.
    """
    place = Path(path)
    file = place / RESULTS_FILE if place.is_dir() else place
    document = read_json(file)
    if not isinstance(document, dict) or document.pop("format", None) != _FORMAT:
        raise ResultsError(
            f'{file}: this is not a results file of cellion (it lacks "format": "{_FORMAT}"); '
            "name the folder of a run, or its results.json"
        )
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultsError(
            f"{file}: schema_version: found {version!r}; this cellion reads {SCHEMA_VERSION}; "
            "use the cellion that wrote the file, or run the scenario again"
        )
    try:
        return restore_infinities(decode(RunResult, document, str(file)))
    except ResultsError as error:
        if str(error).startswith(str(file)):
            raise
        raise ResultsError(f"{file}: {error}") from error


def read_json(file: Path) -> object:
    """Read strict JSON, in which every number is finite.

    Args:
        file: A file that was written whole.

    Raises:
        ResultsError: It is missing, cut short, or no such JSON.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise ResultsError(
            f"{file}: there is no such file; a run that was interrupted leaves none: run it again"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file}: cannot be read ({error})") from error
    except json.JSONDecodeError as error:
        raise ResultsError(
            f"{file}: line {error.lineno}: not complete JSON ({error.msg}); "
            "the file was cut or edited: run the scenario again"
        ) from error
    except ResultsError as error:
        raise ResultsError(f"{file}: {error}") from error


def _refuse_constant(token: str) -> NoReturn:
    raise ResultsError(f"found the token {token}, which is not JSON; allowed: numbers and null")


def _cannot_write(path: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{path}: cannot be written ({error.strerror or error}); "
        "choose another folder with -o, or free some space"
    )


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
