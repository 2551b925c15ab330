"""What an answer depends on beside its question, as hashes: the content of files, and the code."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from cellion.errors import ResultsError

__all__ = ["code_digest", "file_digest"]

_PACKAGE = Path(__file__).resolve().parents[1]
_KINDS = (".py", ".yaml")
_APART = ("study", "cli.py", "__main__.py", "__init__.py")
"""What decides which answers are asked for, and not what they are."""


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
        raise ResultsError(f"{path}: cannot be read ({error.strerror or error})") from error


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
                digest.update(f"{file.relative_to(package)} {file_digest(file)}\n".encode())
    return digest.hexdigest()
