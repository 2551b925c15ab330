"""Whatever is put in: exit code 2, one message that says where and what, and no result."""

from __future__ import annotations

import pytest

from helpers.faulty_runs import FAULTY_RUNS, FaultyRun


@pytest.mark.parametrize("case", FAULTY_RUNS, ids=lambda case: case.name)
def test_fault_is_answered_with_a_message(inside, tmp_path, case: FaultyRun):
    told = inside(*case.lay_out(tmp_path))
    assert told.code == 2, told.stderr
    message = told.stderr[told.stderr.index("cellion: ") :]
    for fragment in case.told:
        assert fragment in message
    assert "Traceback" not in told.stderr
    assert told.stderr.count("cellion: ") == 1
    assert len(message) < 2000
    assert told.stdout == ""
    assert not (tmp_path / "out" / "results.json").exists()
    assert told.seconds < 60.0


@pytest.mark.parametrize("name", ["impossible packing", "tag without label", "huge file"])
def test_check_finds_the_same_fault(inside, tmp_path, name):
    """What a check accepts, a run should not refuse after an hour of meshing."""
    (case,) = (case for case in FAULTY_RUNS if case.name == name)
    _, *words = case.lay_out(tmp_path)
    told = inside("check", *words[: words.index("-o")])
    assert told.code == 2
    assert all(fragment in told.stderr for fragment in case.told)
