"""One owner of a folder at a time, and every folder for one kind of thing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cellion.errors import ResultsError
from cellion.results.ownership import owned, refuse_other_kind


def test_a_second_owner_is_refused_with_the_name_of_the_first(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from cellion.results.ownership import owned\n"
        "with owned(pathlib.Path(sys.argv[1]), 'run'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        told = rf"another run is running \(process {other.pid} on .*since .*choose another folder"
        with pytest.raises(ResultsError, match=told), owned(tmp_path, "study"):
            pass
        other.communicate("")
    with owned(tmp_path, "study"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_owner_in_the_same_process_is_another_owner(tmp_path):
    told = "another run is running"
    with owned(tmp_path, "run"), pytest.raises(ResultsError, match=told), owned(tmp_path, "run"):
        pass


def test_a_point_is_run_in_the_folder_that_its_study_holds(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    place = tmp_path / "point_004"
    with pytest.raises(
        ResultsError, match=r"point_004: this is the folder of a point of the study"
    ):
        refuse_other_kind(place, "run")
    with owned(place, "study"):
        refuse_other_kind(place, "run")
        with owned(place, "run"):
            pass


@pytest.mark.parametrize(
    ("file", "kind", "told"),
    [
        ("study.json", "run", "this is the folder of a study"),
        ("study.json", "fit", "this is the folder of a study"),
        ("study.json", "study", ""),
        ("results.json", "study", "holds the answer of a run"),
        ("results.json", "fit", "holds the answer of a run"),
        ("results.json", "run", ""),
        ("point.json", "run", "folder of a point"),
        ("point.json", "study", "folder of a point"),
    ],
)
def test_a_folder_is_of_one_kind(tmp_path: Path, file, kind, told):
    (tmp_path / file).write_text("{}")
    if not told:
        refuse_other_kind(tmp_path, kind)
        return
    with pytest.raises(ResultsError, match=told):
        refuse_other_kind(tmp_path, kind)
