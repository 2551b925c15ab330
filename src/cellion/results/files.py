"""Result folders: files appear whole or not at all, the answer before what shows it.

The order is the protocol. `open_folder` removes an old ``results.json`` before anything else in the
folder changes, `reserve_result` takes the room of the next, and `save_result` writes it as soon as
the numbers are known. A folder with a ``results.json`` therefore holds a complete answer, whenever
the run was killed and however full the disk is; fields and pictures follow, and a note tells which
are missing.
"""

from __future__ import annotations

import json
import os
import stat
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
    "remove_partial",
    "replacing",
    "reserve_result",
    "save_result",
]

RESULTS_FILE = "results.json"
REPORT_FILE = "report.html"
"""What `cellion report` writes; it does not outlive the answers it tells of."""

_FORMAT = "cellion results"
_PARTIAL = ".partial"
_RESERVED = (1 << 16, 1 << 15, 1 << 14, 1 << 13)
"""Room for a record on a disk that fills up during the run, as much as there is [bytes]."""

_LARGEST_FILE = 1 << 28
_DEEPEST = 64
_LARGEST_WHOLE = 1 << 64
_LARGEST = 1e100
"""Limits of the JSON that is read: size [bytes], nesting, whole numbers, numbers. Products of three
numbers are finite."""


def open_folder(folder: Path, key: str | None = None) -> Path:
    """Make a folder ready for a new run: create it and take away the mark of completeness.

    Half-written files of a run that was killed are removed too. An answer to the same question that
    lacks files, and says so, stays until the new one replaces it.

    Args:
        folder: The folder of the run. Under MPI, one rank calls this, before any rank writes.
        key: Hash of the question of the new run.

    Returns:
        The folder.

    Raises:
        ResultsError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _lacks_files(folder, key):
            (folder / RESULTS_FILE).unlink(missing_ok=True)
        remove_partial(folder)
        _sync_folder(folder)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return folder


def _lacks_files(folder: Path, key: str | None) -> bool:
    """Whether a folder holds an answer to a question, without all of its files."""
    try:
        found = load_result(folder)
    except ResultsError:
        return False
    return key is not None and found.key == key and bool(found.unwritten)


def reserve_result(folder: Path) -> None:
    """Take the room of a record now, before a disk can fill up; `save_result` uses it.

    Raises:
        ResultsError: There is none.
    """
    partial = _partial(folder / RESULTS_FILE)
    for size in _RESERVED:
        try:
            with partial.open("wb") as stream:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            partial.unlink(missing_ok=True)
            if size == _RESERVED[-1]:
                raise _cannot_write(folder, error) from error
        else:
            return


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


def remove_partial(folder: Path) -> None:
    """Remove what was reserved or half-written in a folder.

    Raises:
        OSError: A file cannot be removed.
    """
    for partial in folder.glob(f".*{_PARTIAL}"):
        partial.unlink(missing_ok=True)


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
    partial = _partial(path)
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
    """Write ``results.json``, or replace it.

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
    with replacing(path) as partial, partial.open("r+b" if partial.exists() else "wb") as stream:
        stream.write(f"{text}\n".encode())  # into what was reserved
        stream.truncate()
    return path


def is_complete(folder: Path) -> bool:
    """Whether a run in this folder came to its answer."""
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
    return restore_infinities(decode(RunResult, document, str(file)))


def read_json(file: Path) -> object:
    """Read strict JSON of a size, a depth and numbers that cellion writes.

    Args:
        file: A file that was written whole.

    Raises:
        ResultsError: It is missing, cut short, or no such JSON.
    """
    try:
        _check_file(file)
        found = json.loads(
            file.read_text(encoding="utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_number,
            parse_int=_whole,
        )
        _check_plain(found)
    except FileNotFoundError:
        raise ResultsError(
            f"{file}: there is no such file; a run that was interrupted leaves none: run it again"
        ) from None
    except json.JSONDecodeError as error:
        raise ResultsError(
            f"{file}: line {error.lineno}: not complete JSON ({error.msg}); "
            "the file was cut or edited: run the scenario again"
        ) from error
    except RecursionError:
        raise _too_deep(file) from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{file}: cannot be read ({error})") from error
    except ResultsError as error:
        raise ResultsError(f"{file}: {error}") from error
    return found


def _check_file(file: Path) -> None:
    """Refuse what would never end or not fit, such as a device or a pipe.

    Raises:
        OSError: There is no such file.
        ResultsError: It is no plain file, or too large.
    """
    state = file.stat()
    if not stat.S_ISREG(state.st_mode):
        raise ResultsError("this is no plain file; a results file is")
    if state.st_size > _LARGEST_FILE:
        raise ResultsError(
            f"found {state.st_size:,} bytes; allowed: up to {_LARGEST_FILE:,}; no run writes more"
        )


def _check_plain(document: object) -> None:
    """Refuse what JSON can hold and a file of results cannot.

    Raises:
        ResultsError: Something is nested too deeply, or a text is not Unicode.
    """
    left: list[tuple[object, int]] = [(document, 0)]
    while left:
        value, depth = left.pop()
        if depth > _DEEPEST:
            raise _too_deep()
        if isinstance(value, dict):
            left += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            left += [(part, depth + 1) for part in value]
        elif isinstance(value, str):
            _check_text(value)


def _check_text(text: str) -> None:
    """Refuse halves of letters, which no file can hold.

    Raises:
        ResultsError: There is one.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ResultsError(f"found the text {ascii(text)[:60]}; allowed: Unicode text") from None


def _too_deep(file: Path | None = None) -> ResultsError:
    where = "" if file is None else f"{file}: "
    return ResultsError(
        f"{where}found brackets in each other more than {_DEEPEST} deep; no run writes such a "
        "file: run the scenario again"
    )


def _refuse_constant(token: str) -> NoReturn:
    raise ResultsError(f"found the token {token}, which is not JSON; allowed: numbers and null")


def _number(token: str) -> float:
    value = float(token)
    if abs(value) > _LARGEST:
        raise _too_large(token)
    return value


def _whole(token: str) -> int:
    # Python converts thousands of digits in quadratic time and refuses more.
    if len(token) > 21 or abs(int(token)) >= _LARGEST_WHOLE:
        raise _too_large(token)
    return int(token)


def _too_large(token: str) -> ResultsError:
    shown = token if len(token) <= 30 else f"{token[:20]}... of {len(token)} characters"
    return ResultsError(
        f"found the number {shown}; allowed: numbers up to 1e100, whole ones below 2^64"
    )


def _cannot_write(path: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{path}: cannot be written ({error.strerror or error}); "
        "choose another folder with -o, or free some space"
    )


def _partial(path: Path) -> Path:
    """Where a file is written before it takes its place."""
    return path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
