"""What ParaView opens: the files of a run, and the points of a study as one collection.

A collection is a file series of ParaView, a few lines of JSON that name the files of the points,
each with its value on an axis that ParaView takes for time. Nothing is copied, and the points may
have different meshes. What ParaView does not ask for is for people and for the views: ``axis`` says
what the values are, ``values`` lists all studied values of a point.

Source: Kitware, ParaView User's Guide, "Dealing with time varying data", JSON file series 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellion.export.tables import Entry
from cellion.results.files import replacing

__all__ = [
    "COLLECTION_FILES",
    "FIELDS_FILE",
    "INTERFACES_FILE",
    "PARAVIEW_FILES",
    "Member",
    "write_collection",
    "write_views",
]

FIELDS_FILE = "fields.vtkhdf"
INTERFACES_FILE = "interfaces.vtkhdf"
VIEWS_FILE = "paraview_views.py"
PARAVIEW_FILES = (FIELDS_FILE, INTERFACES_FILE, VIEWS_FILE)
"""What a run may leave for ParaView."""

COLLECTION_FILES = (f"{FIELDS_FILE}.series", f"{INTERFACES_FILE}.series", VIEWS_FILE)
"""What a study may leave for ParaView, besides the files of its points."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A point of a study that has fields.

    Attributes:
        folder: Name of its folder in that of the study.
        place: Its value on the axis.
        values: Studied values, by the headers that the table of the study has for them.
    """

    folder: str
    place: float
    values: Mapping[str, Entry]


def write_views(folder: Path) -> Path:
    """Write the script that sets up the views of what lies beside it.

    Raises:
        ResultsError: The file cannot be written.
    """
    path = folder / VIEWS_FILE
    with replacing(path) as partial:
        partial.write_bytes(Path(__file__).with_name(VIEWS_FILE).read_bytes())
    return path


def write_collection(folder: Path, axis: str, members: Sequence[Member]) -> None:
    """Write the collections of fields and interfaces, and the script that shows them.

    ParaView shows the last file before a value of the axis: interfaces become a collection only
    where every point has some, or those of another point would be shown.

    Args:
        folder: Folder of the study.
        axis: What the values on the axis are.
        members: Points that have fields, each at a place of its own.

    Raises:
        ResultsError: A file cannot be written.
    """
    in_order = sorted(members, key=lambda member: member.place)
    for name in (FIELDS_FILE, INTERFACES_FILE):
        if not all((folder / member.folder / name).is_file() for member in in_order) or not members:
            continue
        files = [
            {"name": f"{m.folder}/{name}", "time": m.place, "values": dict(m.values)}
            for m in in_order
        ]
        series = {"file-series-version": "1.0", "axis": axis, "files": files}
        with replacing(folder / f"{name}.series") as partial:
            partial.write_text(json.dumps(series, indent=2) + "\n", encoding="utf-8")
    if members:
        write_views(folder)
