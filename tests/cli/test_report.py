"""`cellion report`: a page for a run and for a study with a failed point; messages for the rest."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from cellion.results.files import load_result
from helpers.cli_calls import Call
from helpers.report_folders import read_page
from helpers.small_scenarios import PLATES, write

ONE_FAILS = PLATES + (
    "study: {vary: {microstructure.mesh.labels: "
    "[{10: A, 20: B}, {10: A, 30: B}, {10: B, 20: A}]}}\n"
)


@pytest.fixture(autouse=True)
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these studies; the report draws its own diagrams."""
    monkeypatch.setattr("cellion.export.plots.plot_series", lambda results, path: path)


def told_and_shown(told: Call) -> str:
    assert "Traceback" not in told.stderr
    return told.stderr


def test_a_run_gets_a_page(inside, tmp_path):
    write(tmp_path, PLATES)
    inside("run", "scenario.yaml", "-o", "out")
    told = inside("report", "out")
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout == "report: out/report.html\n"
    document = read_page(tmp_path / "out" / "report.html")
    (row,) = document.table("By direction")
    sigma = load_result(tmp_path / "out").carriers["ion"].effective_conductivity[0, 0]
    # two squares in series, 1 and 2 mS/cm: 2 / (1/1 + 1/2) mS/cm
    assert sigma == pytest.approx(0.4 / 3, rel=1e-9)
    assert row["σeff [mS/cm]"] == "1.333"
    assert document.text("h1") == ["plates"]


def test_a_new_run_takes_away_the_page_of_the_old_one(inside, tmp_path):
    write(tmp_path, PLATES)
    inside("run", "scenario.yaml", "-o", "out")
    inside("report", "out")
    inside("run", "scenario.yaml", "-o", "out")
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_study_with_a_failed_point_gets_a_page(inside, tmp_path):
    write(tmp_path, ONE_FAILS)
    told = inside("study", "scenario.yaml", "-o", "out")
    assert told.stdout.endswith("results: out\nas one page: cellion report out\n")
    assert inside("report", "out").code == 0
    document = read_page(tmp_path / "out" / "report.html")
    rows = document.table("All runs")
    assert [row["outcome"].startswith("answered") for row in rows] == [True, False, True]
    assert "tags 20" in rows[1]["outcome"]
    assert "2 of 3 answered, 1 failed" in document.text("dd")


def test_a_study_that_is_not_finished_says_how_much_is_missing(inside, tmp_path):
    write(tmp_path, PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n")
    inside("study", "scenario.yaml", "-o", "out")
    (tmp_path / "out" / "point_002" / "results.json").unlink()
    assert inside("report", "out").code == 0
    document = read_page(tmp_path / "out" / "report.html")
    assert "1 of 3 runs have no outcome yet" in " ".join(document.text("p"))
    assert "2 of 3 answered, 1 missing" in document.text("dd")


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("nowhere", "nowhere: there is no such folder; folders there: cut, empty"),
        ("empty", "empty: there are no results in this folder"),
        (".", "there are no results in this folder; name one in it: cut"),
        ("scenario.yaml", "scenario.yaml: this is a file; name the folder of a run or of a study"),
        ("cut", "cut/results.json: line 1: not complete JSON"),
    ],
)
def test_what_cannot_be_reported_is_named(inside, tmp_path, folder, told):
    write(tmp_path, PLATES)
    for name in ("empty", "cut"):
        (tmp_path / name).mkdir()
    (tmp_path / "cut" / "results.json").write_text('{"format": "cellion res')
    answer = inside("report", folder)
    assert answer.code == 2
    assert told in told_and_shown(answer)
    assert answer.stderr.count("\n") == 1


def test_a_report_needs_neither_dolfinx_nor_mpi(inside, run, tmp_path):
    write(tmp_path, PLATES)
    inside("run", "scenario.yaml", "-o", "out")
    code = (
        "import sys\n"
        "for name in ('dolfinx', 'mpi4py', 'petsc4py', 'ufl', 'basix', 'dolfinx_solver'):\n"
        "    sys.modules[name] = None\n"
        "from cellion.cli import app\n"
        "app(['report', 'out'])\n"
    )
    told = run([sys.executable, "-c", code], cwd=tmp_path)
    assert (told.returncode, told.stdout) == (0, "report: out/report.html\n")
    assert Path(tmp_path, "out", "report.html").stat().st_size > 20_000


def test_a_page_of_a_folder_that_can_only_be_read_goes_elsewhere(inside, tmp_path, monkeypatch):
    """Root may write everywhere, so the refusal is made here."""
    write(tmp_path, PLATES)
    inside("run", "scenario.yaml", "-o", "out")
    before = sorted((tmp_path / "out").iterdir())
    for words, page in ((["page.html"], "page.html"), (["pages/new"], "pages/new/report.html")):
        told = inside("report", "out", "-o", *words)
        assert (told.code, told.stdout) == (0, f"report: {page}\n")
        assert read_page(tmp_path / page).text("h1") == ["plates"]
    assert sorted((tmp_path / "out").iterdir()) == before

    def refused(*arguments: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("cellion.results.files._sync", refused)
    told = inside("report", "out")
    assert told.code == 2
    assert "report.html: cannot be written (Read-only file system)" in told.stderr
    assert "-o" in told.stderr


def test_damaged_files_of_a_study_are_told_on_its_page(inside, tmp_path):
    write(tmp_path, PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n")
    inside("study", "scenario.yaml", "-o", "out")
    (tmp_path / "out" / "point_001" / "results.json").write_text('{"a": 1e999')
    assert inside("report", "out").code == 0
    rows = read_page(tmp_path / "out" / "report.html").table("All runs")
    assert "point_001/results.json" in rows[1]["outcome"]
    (tmp_path / "out" / "study.json").write_text("[" * 100_000)
    assert inside("report", "out").code == 0
    told = " ".join(read_page(tmp_path / "out" / "report.html").text("p"))
    assert "study.json: found brackets in each other" in told
