"""What an answer answers, as a hash: its question, the content of files, and the code.

The code counts by its meaning: comments, docstrings and the places of line breaks change nothing,
nor do the rooms that show answers or decide which are asked for.
"""

from __future__ import annotations

import hashlib
import json
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cellion.errors import ResultsError
from cellion.scenario.scenario import Scenario

__all__ = ["code_digest", "file_digest", "question_key"]

_PACKAGE = Path(__file__).resolve().parents[1]
_KINDS = (".py", ".yaml")
_APART = ("export", "study", "cli.py", "signals.py", "__main__.py", "__init__.py")
"""What shows answers or decides which are asked for, and not what they are."""

_UNASKED = ("name", "description", "study")
_LAYOUT = (tokenize.COMMENT, tokenize.NL)
_INDENTATION = {tokenize.INDENT: "indent", tokenize.DEDENT: "dedent"}


def question_key(scenario: Scenario) -> str:
    """Return the hash of what a run asks: its document, the files it names, the code that answers.

    Name and description are left out.

    Args:
        scenario: The scenario of the run.

    Raises:
        ResultsError: A file that it names cannot be read.
    """
    asked = {key: value for key, value in scenario.source.items() if key not in _UNASKED}
    parts = [
        _canonical(asked),
        *sorted(_digest_of(path) for path in _files(scenario)),
        code_digest(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _canonical(value: Any) -> str:
    """Return JSON that does not depend on the order of keys."""
    if isinstance(value, Mapping):
        entries = sorted((str(key), _canonical(item)) for key, item in value.items())
        return "{" + ",".join(f"{json.dumps(key)}:{item}" for key, item in entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    return json.dumps(value, default=str)


def _files(value: Any) -> Iterator[Path]:
    """Yield every file that a scenario names."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _files(getattr(value, name))
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _files(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _files(entry)


def _digest_of(path: Path) -> str:
    """Hash of a file's content, computed again when the file was written again."""
    try:
        return _digest(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise _cannot_read(path, error) from error


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int) -> str:
    """Hash of a file's content; ``changed`` makes a file that was written again another one."""
    return file_digest(path)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Args:
        path: The file.

    Raises:
        ResultsError: The file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _cannot_read(path, error) from error


@cache
def code_digest(*rooms: str, package: Path = _PACKAGE) -> str:
    """Return the hash of cellion's own sources and data, computed once in a process.

    A version names a release; of a checkout, which changes without a new version, only the sources
    say what it computes.

    Args:
        rooms: Folders and files of the package; without any, all that answers depend on.
        package: Folder of the package.

    Raises:
        ResultsError: A file cannot be read.
    """
    chosen = rooms or sorted(place.name for place in package.iterdir() if place.name not in _APART)
    digest = hashlib.sha256()
    for room in chosen:
        place = package / room
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.suffix in _KINDS:
                digest.update(f"{file.relative_to(package)} {_meaning(file)}\n".encode())
    return digest.hexdigest()


def _meaning(file: Path) -> str:
    """Hash of a source file without what changes no number."""
    try:
        lines = _statements(file) if file.suffix == ".py" else _entries(file)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
    except OSError as error:
        raise _cannot_read(file, error) from error


def _statements(file: Path) -> Iterator[str]:
    """Yield the statements of a Python file without comments, docstrings and line breaks."""
    statement: list[tokenize.TokenInfo] = []
    with tokenize.open(file) as stream:
        for token in tokenize.generate_tokens(stream.readline):
            if token.type in _INDENTATION:
                yield _INDENTATION[token.type]
            elif token.type == tokenize.NEWLINE:
                if any(each.type != tokenize.STRING for each in statement):
                    yield " ".join(each.string for each in statement)
                statement = []
            elif token.type not in _LAYOUT:
                statement.append(token)


def _entries(file: Path) -> Iterator[str]:
    """Yield the lines of a YAML file that are no comments."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line


def _cannot_read(path: Path, error: OSError) -> ResultsError:
    return ResultsError(f"{path}: cannot be read ({error.strerror or error})")
