"""What stays in the folder of a study, what goes, and who may work in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import pytest
from mpi4py import MPI

from cellion.errors import ResultsError, StudyError
from cellion.pipeline import effective
from cellion.results.files import load_result
from cellion.results.identity import question_key
from cellion.results.ownership import owned
from cellion.scenario.load import build_scenario, load_scenario
from cellion.study.folder import arrange
from cellion.study.run import run_study
from helpers.small_scenarios import PLATES, write

STUDY = PLATES + "study: {vary: {temperature: [%s]}}\n"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a study over temperatures; return the kelvins that were solved."""
    solved: list[float] = []
    right = effective.solve_carrier

    def counting(scenario, *arguments, **options):
        solved.append(scenario.temperature)
        return right(scenario, *arguments, **options)

    monkeypatch.setattr(effective, "solve_carrier", counting)

    def running(*kelvin: int, **how: bool) -> list[float]:
        solved.clear()
        file = write(tmp_path, STUDY % ", ".join(f"{k} K" for k in kelvin))
        how = how or {"resume": True}
        run_study(load_scenario(file), MPI.COMM_SELF, folder=tmp_path / "out", **how)
        return list(solved)

    return running


def temperatures(out: Path) -> dict[str, float]:
    return {
        place.name: load_result(place).temperature
        for place in sorted([*out.glob("point_*"), *out.glob("set_aside/*")])
        if (place / "results.json").exists()
    }


def test_other_code_answers_anew(study, monkeypatch):
    """A checkout changes without another version."""
    assert study(290, 300) == [290, 300]
    assert study(290, 300) == []
    monkeypatch.setattr("cellion.results.identity.code_digest", lambda: "changed sources")
    assert study(290, 300) == [290, 300]


def test_finished_points_follow_their_question_to_another_place(study, tmp_path):
    assert study(290, 300, 310) == [290, 300, 310]
    assert study(280, 300, 290, 320) == [280, 320]
    found = temperatures(tmp_path / "out")
    assert [found.pop(f"point_{i:03d}") for i in range(4)] == [280, 300, 290, 320]
    assert list(found.values()) == [310]


def test_points_that_the_study_has_no_more_are_set_aside_and_found_again(study, tmp_path):
    study(290, 300, 310)
    mine = tmp_path / "out" / "point_001" / "mine.txt"
    mine.write_text("of the user")
    assert study(310) == []
    assert sorted(temperatures(tmp_path / "out").values()) == [290, 300, 310]
    assert not (tmp_path / "out" / "point_001").exists()
    assert study(280, 290, 300) == [280]
    assert (tmp_path / "out" / "point_002" / "mine.txt").read_text() == "of the user"
    assert sorted(temperatures(tmp_path / "out").values()) == [280, 290, 300, 310]


def test_finished_points_are_not_deleted_unless_the_user_says_so(study, tmp_path):
    study(290, 300)
    with pytest.raises(StudyError, match=r"found 2 finished points.*--resume.*--restart"):
        study(300, resume=False)
    assert sorted(temperatures(tmp_path / "out").values()) == [290, 300]
    assert (tmp_path / "out" / "table.csv").exists()
    assert study(300, restart=True) == [300]
    assert temperatures(tmp_path / "out") == {"point_000": 300}


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_study_that_was_killed_while_it_moved_points_loses_none(study, tmp_path, moved):
    """Some of the folders have the name that holds their key, the others their old place."""
    out = tmp_path / "out"
    study(290, 300, 310)
    (out / "set_aside").mkdir()
    for place in sorted(out.glob("point_*"))[:moved]:
        place.rename(out / "set_aside" / str(load_result(place).key))
    assert study(310, 290, 300) == []
    assert temperatures(out) == {"point_000": 310, "point_001": 290, "point_002": 300}


def test_a_point_twice_in_the_folder_is_one_point(study, tmp_path):
    out = tmp_path / "out"
    study(290, 300)
    (out / "point_007").mkdir()
    for file in (out / "point_000").iterdir():
        (out / "point_007" / file.name).write_bytes(file.read_bytes())
    assert study(300, 290) == []
    assert temperatures(out) == {"point_000": 300, "point_001": 290}


def test_an_answer_without_its_question_is_not_trusted(study, tmp_path):
    study(290, 300)
    file = tmp_path / "out" / "point_000" / "results.json"
    document = json.loads(file.read_text())
    del document["key"]
    file.write_text(json.dumps(document))
    assert study(290, 300) == [290]
    assert sorted(temperatures(tmp_path / "out").values()) == [290, 290, 300]


def test_the_answer_of_another_point_is_not_taken(study, tmp_path):
    """For example copied by hand, or left by a run with other values."""
    study(290, 300)
    out = tmp_path / "out"
    (out / "point_000" / "results.json").write_bytes((out / "point_001/results.json").read_bytes())
    assert study(290, 300) == [290]
    assert temperatures(out) == {"point_000": 290, "point_001": 300}


def test_a_link_in_place_of_a_point_is_not_followed(study, tmp_path):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "table.csv").write_text("of somebody else")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "point_000").symlink_to(other)
    with pytest.raises(ResultsError, match=r"point_000: this is a link"):
        study(290)
    assert [file.name for file in other.iterdir()] == ["table.csv"]


def test_points_that_failed_are_tried_again(study, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("cellion.pipeline.prepare.distribute", _fails)
        with pytest.raises(StudyError, match="none of the 2 points was answered"):
            study(290, 300)
    assert (tmp_path / "out" / "point_001" / "failure.json").exists()
    assert study(290, 300) == [290, 300]
    assert not (tmp_path / "out" / "point_001" / "failure.json").exists()


def test_a_point_whose_fields_are_missing_is_run_again_and_keeps_its_answer(
    study, tmp_path, monkeypatch
):
    """A process that is killed between the answer and the fields leaves the first."""
    place = tmp_path / "out" / "point_000"
    with monkeypatch.context() as patched:
        patched.setattr("cellion.pipeline.output._write_fields", _fails)
        study(290, 300)
    assert load_result(place).unwritten
    assert not (place / "fields.vtkhdf").exists()
    with monkeypatch.context() as patched:
        patched.setattr("cellion.pipeline.prepare.distribute", _fails)
        study(290, 300)
    assert load_result(place).unwritten  # not lost by a run that failed
    assert study(290, 300) == [290, 300]
    assert not load_result(place).unwritten
    assert (place / "fields.vtkhdf").exists()
    assert study(290, 300) == []


def _fails(*arguments: object, **options: object) -> None:
    raise StudyError("no mesh today")


def test_the_question_is_more_than_the_document(tmp_path):
    scenario = load_scenario(write(tmp_path, PLATES))

    def key(**changes: object) -> str:
        return question_key(build_scenario(scenario.source | changes, path=scenario.path))

    assert key() == key(name="other", description="the same question")
    assert key() != key(temperature="301 K")
    assert key() == question_key(scenario)
    mesh = tmp_path / "squares.msh"
    before = key()
    mesh.write_bytes(mesh.read_bytes() + b"\n")
    assert key() != before


# --- two studies in one folder -------------------------------------------------------------------


def test_a_second_study_in_the_folder_is_refused(study, tmp_path):
    with (
        owned(tmp_path / "out", "study"),
        pytest.raises(ResultsError, match=r"another study is running.*process \d+ on .* since"),
    ):
        study(290)
    assert study(290) == [290]


def test_the_lock_of_a_killed_process_blocks_nobody(tmp_path):
    program = (
        "import sys, os, signal, pathlib\n"
        "from cellion.results.ownership import owned\n"
        "with owned(pathlib.Path(sys.argv[1]), 'study'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert ended.returncode == -9
    assert (tmp_path / ".owner.json").exists()
    with owned(tmp_path, "study"):
        assert arrange(tmp_path, {"point_000": "a"}, resume=True) == (frozenset(), 0)
    assert not (tmp_path / ".owner.json").exists()
