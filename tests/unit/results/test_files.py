"""A results file is whole or absent, strict JSON, and comes back as it was."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellion.errors import ResultsError
from cellion.results.codec import encode
from cellion.results.files import (
    RESULTS_FILE,
    is_complete,
    load_result,
    open_folder,
    read_json,
    replacing,
    reserve_result,
    save_result,
)
from cellion.results.record import RunResult


def edited(folder: Path, key: str, value: object) -> Path:
    """Change one key (dotted; None removes it) of the saved file."""
    file = folder / RESULTS_FILE
    document = json.loads(file.read_text())
    *path, last = key.split(".")
    node = document
    for step in path:
        node = node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    file.write_text(json.dumps(document))
    return file


def test_a_saved_run_comes_back_equal(result: RunResult, tmp_path: Path) -> None:
    save_result(result, tmp_path)
    again = load_result(tmp_path)
    assert encode(again) == encode(result)
    for name, carrier in result.carriers.items():
        np.testing.assert_array_equal(
            again.carriers[name].effective_conductivity, carrier.effective_conductivity
        )
        assert again.carriers[name].tortuosity_factor == carrier.tortuosity_factor


def test_infinite_numbers_are_null_beside_percolates_false(
    result: RunResult, tmp_path: Path
) -> None:
    text = save_result(result, tmp_path).read_text()
    electron = json.loads(text)["carriers"]["electron"]
    assert electron["tortuosity_factor"] == {"x": None, "y": None, "z": None}
    assert electron["percolates"] == {"x": False, "y": False, "z": False}
    assert electron["effective_conductivity"][0][0] == 0.0
    assert "NaN" not in text
    assert "Infinity" not in text
    assert load_result(tmp_path).carriers["electron"].tortuosity_factor["y"] == math.inf


def test_directions_not_asked_for_are_null(plane_result: RunResult, tmp_path: Path) -> None:
    document = json.loads(save_result(plane_result, tmp_path).read_text())
    tensor = document["carriers"]["ion"]["effective_conductivity"]
    assert tensor[2] == [None, None, None]
    assert load_result(tmp_path).carriers["ion"].directions == ("x", "y")


def test_bounds_are_left_out_until_a_run_has_them(result: RunResult, tmp_path: Path) -> None:
    document = json.loads(save_result(result, tmp_path).read_text())
    assert "lower" not in document["carriers"]["ion"]
    ion = result.carriers["ion"]
    bracketed = replace(ion, lower=0.99 * np.array(ion.effective_conductivity))
    save_result(replace(result, carriers={"ion": bracketed}), tmp_path)
    np.testing.assert_array_equal(load_result(tmp_path).carriers["ion"].lower, bracketed.lower)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "carriers.ion.bulk_conductivity",
            "2 S/m",
            "carriers.ion.bulk_conductivity: found '2 S/m'",
        ),
        ("carriers.ion.effective_conductivity", [[1, 2], [3]], "rectangular list"),
        ("carriers.ion.effective_conductivity", [[1, 2], [3, 4]], r"found shape \(2, 2\)"),
        ("carriers.ion.percolates", [True], "carriers.ion.percolates: found .* a mapping"),
        ("provenance.ranks", 2.5, "provenance.ranks: found 2.5; allowed: a whole number"),
        ("temperature", True, "temperature: found True; allowed: a number"),
        ("materials", "SE", "materials: found 'SE'; allowed: a list"),
        ("provenance.ranks", None, "provenance.ranks: this key is missing"),
        ("temprature", 3.0, r"temprature: unknown key \(did you mean 'temperature'\?\)"),
        ("format", "other", "not a results file of cellion"),
        ("schema_version", 99, "schema_version: found 99; this cellion reads 1"),
    ],
)
def test_a_faulty_file_is_refused_by_name_and_key(
    result: RunResult, tmp_path: Path, key: str, value: object, message: str
) -> None:
    save_result(result, tmp_path)
    file = edited(tmp_path, key, value)
    with pytest.raises(ResultsError, match=message) as caught:
        load_result(tmp_path)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "{}", '{"format": NaN}', "\x00\x01"])
def test_foreign_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / RESULTS_FILE).write_text(text)
    with pytest.raises(ResultsError, match=r"results\.json"):
        load_result(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(result: RunResult, tmp_path: Path, share: float) -> None:
    file = save_result(result, tmp_path)
    text = file.read_text()
    file.write_text(text[: int(share * len(text))])
    with pytest.raises(ResultsError, match="not complete JSON"):
        load_result(tmp_path)


def test_a_missing_file_says_that_the_run_did_not_end(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no such file; a run that was interrupted"):
        load_result(tmp_path)


def test_an_opened_folder_is_incomplete_until_saved(result: RunResult, tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "deep" / "run")
    save_result(result, folder)
    (folder / ".fields.vtkhdf.77.partial").write_text("half")
    assert is_complete(folder)
    open_folder(folder)
    assert not is_complete(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0.0), ("temperature", None), ("box", [1e-5, -1]), ("box", [])],
)
def test_values_that_no_run_has_are_refused(
    result: RunResult, tmp_path: Path, name: str, value: object
) -> None:
    file = save_result(result, tmp_path)
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    with pytest.raises(ResultsError, match=rf"results\.json: {name}: .*allowed: numbers above 0"):
        load_result(tmp_path)


@pytest.mark.parametrize(
    ("note", "key", "stays"),
    [
        ("not written: fields.vtkhdf (full)", "now", True),
        ("not written: fields.vtkhdf (full)", "other", False),
        ("not written: fields.vtkhdf (full)", None, False),
        ("the mesh is coarse", "now", False),
    ],
)
def test_an_answer_that_lacks_files_stays_until_the_same_question_is_answered_again(
    result: RunResult, tmp_path: Path, note: str, key: str | None, stays: bool
) -> None:
    save_result(replace(result, notes=(note,), key="now"), tmp_path)
    open_folder(tmp_path, key)
    assert is_complete(tmp_path) is stays


def test_a_failing_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as partial:
            partial.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_folder_is_named(result: RunResult, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"results\.json: cannot be written"):
        save_result(result, tmp_path / "missing")


def test_a_run_killed_in_the_middle_leaves_no_results_file(tmp_path: Path) -> None:
    """A process that dies while writing cannot leave something that looks complete."""
    program = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from cellion.results.files import open_folder, replacing
        folder = open_folder(Path(sys.argv[1]))
        with replacing(folder / "results.json") as partial:
            partial.write_text('{"format": "cellion results", "name": ')
            print("writing", flush=True)
            time.sleep(60)
        """
    )
    (tmp_path / RESULTS_FILE).write_text("of an older run")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert not is_complete(tmp_path)
    assert [path.name.startswith(".results.json.") for path in tmp_path.iterdir()] == [True]
    open_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_loading_needs_neither_dolfinx_nor_mpi(result: RunResult, tmp_path: Path) -> None:
    save_result(result, tmp_path)
    program = (
        "import sys; from pathlib import Path; from cellion.results.files import load_result;"
        "load_result(Path(sys.argv[1]));"
        "sys.exit(any(m in sys.modules for m in ('dolfinx', 'mpi4py', 'petsc4py', 'pydantic')))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


# --- damaged files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1e999}', "found the number 1e999; allowed: numbers up to 1e100"),
        ('{"a": -1e101}', "found the number -1e101; allowed: numbers up to 1e100"),
        ('{"a": ' + "9" * 5000 + "}", "9... of 5000 characters; allowed: numbers up to 1e100"),
        ('{"a": 18446744073709551616}', "found the number 18446744073709551616"),
        ("[" * 100_000 + "]" * 100_000, "more than 64 deep"),
        ("[" * 70 + "]" * 70, "more than 64 deep"),
        (r'{"a": "\ud800"}', "allowed: Unicode text"),
        ("", "line 1: not complete JSON"),
        ("[1, 2", "line 1: not complete JSON"),
    ],
)
def test_what_json_can_hold_and_no_run_writes_is_named(tmp_path: Path, text: str, told: str):
    file = tmp_path / "some.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ResultsError, match=re.escape(told)) as raised:
        read_json(file)
    assert str(raised.value).startswith(str(file))
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"\x89PNG\r\n\x1a\n", bytes(100)])
def test_other_encodings_and_noise_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.json"
    file.write_bytes(content)
    with pytest.raises(ResultsError, match=r"some\.json: "):
        read_json(file)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for file in (pipe, Path("/dev/zero")):
        with pytest.raises(ResultsError, match="this is no plain file"):
            read_json(file)


@pytest.mark.parametrize("value", ["1.0", True, [1.0, "2"], {"x": 1}])
def test_tensors_hold_numbers_only(result: RunResult, tmp_path: Path, value: object) -> None:
    save_result(result, tmp_path)
    file = edited(tmp_path, "carriers.ion.effective_conductivity", [[value] * 3] * 3)
    with pytest.raises(ResultsError, match=r"effective_conductivity: found .*list of numbers"):
        load_result(file)


# --- full disks ----------------------------------------------------------------------------------


def test_the_record_takes_the_room_that_was_reserved(result: RunResult, tmp_path: Path) -> None:
    reserve_result(tmp_path)
    (partial,) = tmp_path.iterdir()
    assert partial.stat().st_size >= 8192
    place = partial.stat().st_ino
    file = save_result(result, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [RESULTS_FILE]
    assert file.stat().st_ino == place
    assert load_result(tmp_path).name == result.name
