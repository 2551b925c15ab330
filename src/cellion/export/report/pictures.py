"""Pictures of chosen runs, as data URIs."""

from __future__ import annotations

import base64
from pathlib import Path

from cellion.errors import ResultsError
from cellion.export.groups import Answered
from cellion.export.report.model import Picture, Section
from cellion.export.report.subject import Subject

__all__ = ["pictures"]

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE = slice(16, 24)
_MOST_PICTURES = 12
_PICTURES = {
    "microstructure": "Microstructure",
    "potential": "Potential",
    "current_density": "Current density",
}


def pictures(subject: Subject) -> Section:
    """Pictures of the runs that have some.

    Raises:
        ResultsError: One cannot be read.
    """
    found = [
        (each, path)
        for each in subject.answered
        for path in sorted(each.folder.glob("*.png"), key=_order)
        if path.stem.startswith(tuple(_PICTURES)) and _is_png(path)
    ][:_MOST_PICTURES]
    shown = [_picture(each, path, subject) for each, path in found]
    return Section(name="pictures", title="Pictures", pictures=shown)


def _is_png(path: Path) -> bool:
    """Whether a file is a picture, and no device, pipe or damaged file."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(_PNG)) == _PNG
    except OSError:
        return False


def _order(path: Path) -> tuple[bool, bool, str]:
    return path.stem != "microstructure", "ion" not in path.stem, path.stem


def _picture(each: Answered, path: Path, subject: Subject) -> Picture:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror or error})") from error
    size = data[_PNG_SIZE]
    varied = ", ".join(f"{column.label} {column.text(each.entries)}" for column in subject.columns)
    where = f", run {each.name} ({varied})" if subject.study else ""
    what = _picture_title(path.stem)
    return Picture(
        source="data:image/png;base64," + base64.b64encode(data).decode("ascii"),
        alt=f"{what} of {subject.name}{where}",
        caption=f"{what}{where}",
        width=int.from_bytes(size[:4], "big"),
        height=int.from_bytes(size[4:], "big"),
    )


def _picture_title(stem: str) -> str:
    """``current_density_ion_x`` as people read it."""
    for start, title in _PICTURES.items():
        if stem.startswith(start):
            carrier, _, direction = stem.removeprefix(start).lstrip("_").partition("_")
            about = f" of {carrier}s" if carrier else ""
            return title + about + (f", mean field along {direction}" if direction else "")
    return stem.replace("_", " ").capitalize()
