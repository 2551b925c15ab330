"""What a study asks is kept in its folder, and tells which of its runs are missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cellion.errors import ResultsError
from cellion.results.files import save_result
from cellion.results.outcome import Failure, save_failure
from cellion.results.record import RunResult
from cellion.results.study import (
    STUDY_FILE,
    PlannedPoint,
    StudyRecord,
    load_record,
    outcomes,
    save_record,
)

RECORD = StudyRecord(
    name="series",
    points=(
        PlannedPoint(name="point_000", values={"temperature": "290 K"}),
        PlannedPoint(name="point_001", values={"temperature": "300 K"}, realisation=2, sample=3),
        PlannedPoint(name="point_002", values={"temperature": 310}, realisation=3),
    ),
    description="three temperatures",
    scenario={"name": "series", "study": {"vary": {"temperature": ["290 K", "300 K"]}}},
)


def test_the_record_comes_back(tmp_path: Path) -> None:
    save_record(RECORD, tmp_path)
    assert load_record(tmp_path) == RECORD
    assert [file.name for file in tmp_path.iterdir()] == [STUDY_FILE]


def test_points_have_an_answer_a_reason_or_nothing(tmp_path: Path, result: RunResult) -> None:
    (tmp_path / "point_000").mkdir()
    save_result(result, tmp_path / "point_000")
    save_failure(tmp_path / "point_001", Failure(reason="too hot", kind="MeshError"))
    found = outcomes(RECORD, tmp_path)
    assert list(found) == ["point_000", "point_001"]
    assert isinstance(found["point_000"], RunResult)
    assert found["point_001"] == Failure(reason="too hot", kind="MeshError")


def test_a_folder_without_a_record_tells_of_the_points_that_were_begun(tmp_path: Path) -> None:
    assert load_record(tmp_path) is None
    for name, realisation in (("point_001", 2), ("point_000", 1)):
        (tmp_path / name).mkdir()
        about = {"key": "0", "values": {"temperature": "290 K"}, "realisation": realisation}
        (tmp_path / name / "point.json").write_text(json.dumps(about))
    (tmp_path / "point_002").mkdir()
    found = load_record(tmp_path)
    assert found is not None
    assert not found.complete
    assert [(point.name, point.realisation) for point in found.points] == [
        ("point_000", 1),
        ("point_001", 2),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not complete JSON"),
        ("[]", "not the record of a study"),
        ('{"format": "cellion study", "schema_version": 9}', "this cellion reads 1"),
        ('{"format": "cellion study", "schema_version": 1, "name": 3}', "name: found 3"),
    ],
)
def test_a_broken_record_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / STUDY_FILE).write_text(text)
    with pytest.raises(ResultsError, match=told) as raised:
        load_record(tmp_path)
    assert str(tmp_path / STUDY_FILE) in str(raised.value)


@pytest.mark.parametrize(
    "name", ["../point_000", "/tmp", "..", "", "a/b", "point_000/..", "point_1"]
)
def test_names_do_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    file = save_record(RECORD, tmp_path)
    document = json.loads(file.read_text())
    document["points"][1]["name"] = name
    file.write_text(json.dumps(document))
    with pytest.raises(ResultsError, match=r"study\.json: points: found the name .*'point_007'"):
        load_record(tmp_path)


def test_links_are_not_followed(tmp_path: Path, result: RunResult) -> None:
    (tmp_path / "elsewhere").mkdir()
    save_result(result, tmp_path / "elsewhere")
    (tmp_path / "point_000").symlink_to(tmp_path / "elsewhere")
    found = outcomes(RECORD, tmp_path)["point_000"]
    assert isinstance(found, Failure)
    assert "this is a link" in found.reason


def test_an_answer_to_another_question_is_none(tmp_path: Path, result: RunResult) -> None:
    points = [replace(point, key=f"key {i}") for i, point in enumerate(RECORD.points)]
    record = replace(RECORD, points=tuple(points))
    for i, name in enumerate(("point_000", "point_001")):
        (tmp_path / name).mkdir()
        save_result(replace(result, key="key 0"), tmp_path / name)
        found = outcomes(record, tmp_path)[name]
        assert isinstance(found, RunResult if i == 0 else Failure)
    assert "another question" in found.reason


def test_a_damaged_answer_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "point_000").mkdir()
    (tmp_path / "point_000" / "results.json").write_text("{")
    (tmp_path / "point_001").mkdir()
    (tmp_path / "point_001" / "failure.json").write_text("[1e999")
    found = outcomes(RECORD, tmp_path)
    assert ["not complete JSON" in found["point_000"].reason] == [True]
    assert "the reason cannot be read" in found["point_001"].reason
