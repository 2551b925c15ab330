"""The points of a study become one collection of ParaView, and the views lie beside it."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from cellion.export.collection import (
    COLLECTION_FILES,
    FIELDS_FILE,
    INTERFACES_FILE,
    PARAVIEW_FILES,
    Member,
    write_collection,
    write_views,
)

SCRIPT = "paraview_views.py"


def members(folder: Path, *, with_interfaces: tuple[str, ...]) -> list[Member]:
    """Three points in the order of the study, which is not that of the axis."""
    for name in ("point_000", "point_001", "point_002"):
        (folder / name).mkdir()
        (folder / name / FIELDS_FILE).write_bytes(b"")
        if name in with_interfaces:
            (folder / name / INTERFACES_FILE).write_bytes(b"")
    places = {"point_000": 320.0, "point_001": 280.0, "point_002": 300.0}
    return [
        Member(folder=name, place=place, values={"temperature [K]": place})
        for name, place in places.items()
    ]


def test_points_follow_one_another_along_the_axis(tmp_path):
    write_collection(tmp_path, "temperature [K]", members(tmp_path, with_interfaces=()))
    series = json.loads((tmp_path / f"{FIELDS_FILE}.series").read_text())
    assert series["file-series-version"] == "1.0"
    assert series["axis"] == "temperature [K]"
    assert [(file["name"], file["time"]) for file in series["files"]] == [
        (f"point_001/{FIELDS_FILE}", 280.0),
        (f"point_002/{FIELDS_FILE}", 300.0),
        (f"point_000/{FIELDS_FILE}", 320.0),
    ]
    assert series["files"][0]["values"] == {"temperature [K]": 280.0}


@pytest.mark.parametrize(
    ("having", "collected"),
    [
        ((), False),
        (("point_000", "point_002"), False),
        (("point_000", "point_001", "point_002"), True),
    ],
)
def test_interfaces_are_collected_where_every_point_has_some(tmp_path, having, collected):
    write_collection(tmp_path, "point", members(tmp_path, with_interfaces=having))
    assert (tmp_path / f"{INTERFACES_FILE}.series").is_file() == collected


def test_without_fields_there_is_no_collection(tmp_path):
    write_collection(tmp_path, "point", [])
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_known_to_be_removed(tmp_path):
    everyone = ("point_000", "point_001", "point_002")
    write_collection(tmp_path, "point", members(tmp_path, with_interfaces=everyone))
    written = {file.name for file in tmp_path.iterdir() if file.is_file()}
    assert written == set(COLLECTION_FILES)
    assert write_views(tmp_path).name in PARAVIEW_FILES


def test_the_script_is_one_that_the_python_of_paraview_reads(tmp_path):
    """ParaView 5.12 brings Python 3.10."""
    text = write_views(tmp_path).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 10))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    foreign = {name.partition(".")[0] for name in imported if name}
    assert foreign - sys.stdlib_module_names == {"paraview"}
