"""The pipeline called from Python: what it needs from the scenario, and what it hands on."""

from __future__ import annotations

import contextlib
import gc
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.errors import ConvergenceError, MeshError, ResultsError, SetupError
from cellion.pipeline.effective import solve_carrier
from cellion.pipeline.prepare import prepare
from cellion.pipeline.run import run
from cellion.results.files import load_result
from cellion.results.identity import question_key
from cellion.results.ownership import owned
from cellion.scenario.load import load_scenario
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PLATES, write


def scenario_of(folder: Path, text: str, *overrides: str):
    return load_scenario(write(folder, text), overrides)


def test_result_without_a_folder_is_the_same(tmp_path):
    """Nothing is written then, in the folder of the scenario or elsewhere."""
    scenario = scenario_of(tmp_path, PLATES)
    before = sorted(tmp_path.rglob("*"))
    result = run(scenario, MPI.COMM_SELF)
    assert sorted(tmp_path.rglob("*")) == before
    check_result(result)
    run(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    written = load_result(tmp_path / "out")
    np.testing.assert_array_equal(
        written.carrier("ion").effective_conductivity, result.carrier("ion").effective_conductivity
    )


@pytest.mark.parametrize(
    ("axis", "mean"),
    [("x", 2 / (1 / 0.1 + 1 / 0.2)), ("y", (0.1 + 0.2) / 2)],
    ids=["in series", "in parallel"],
)
def test_plates_have_the_mean_that_their_arrangement_says(tmp_path, axis, mean):
    scenario = scenario_of(tmp_path, PLATES, f"transport.directions=[{axis}]")
    result = run(scenario, MPI.COMM_SELF)
    check_result(result)
    index = "xy".index(axis)
    assert result.carrier("ion").effective_conductivity[index, index] == pytest.approx(mean)


def test_tensors_of_the_plane_are_filled_up_to_three_directions(tmp_path):
    text = PLATES + "accuracy: {bracket: true}\n"
    ion = run(scenario_of(tmp_path, text), MPI.COMM_SELF).carrier("ion")
    assert ion.directions == ("x",)
    assert ion.mean_conductivity == ion.effective_conductivity[0, 0]
    for tensor in (ion.effective_conductivity, ion.lower, ion.upper):
        assert tensor.shape == (3, 3)
        assert np.isnan(tensor[2]).all()
    assert ion.composition_bounds["wiener"] == pytest.approx((2 / (1 / 0.1 + 1 / 0.2), 0.15))


def free_communicators() -> int:
    """Number of communicators that this process can still make."""
    gc.collect()
    made: list[MPI.Comm] = []
    with contextlib.suppress(MPI.Exception):
        while True:
            made.append(MPI.COMM_SELF.Dup())
    for each in made:
        each.Free()
    return len(made)


@pytest.mark.parametrize("law", ["area_resistance: 1 Ohm cm^2", "sheet_conductance: 1 nS"])
def test_a_run_leaves_nothing_behind(tmp_path, law):
    """What PETSc does not free keeps its communicator, of which there are 2048."""
    more = f"interfaces: [{{between: [A, B], {law}}}]\naccuracy: {{bracket: true}}\n"
    scenario = scenario_of(tmp_path, PLATES + more)
    run(scenario, MPI.COMM_SELF)
    before = free_communicators()
    run(scenario, MPI.COMM_SELF)
    assert free_communicators() == before


def test_fields_are_left_out_when_not_wanted(tmp_path):
    run(scenario_of(tmp_path, PLATES), MPI.COMM_SELF, folder=tmp_path / "out", fields=False)
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["results.json", "table.csv"]


def test_progress_names_the_stages(tmp_path):
    lines: list[str] = []
    run(scenario_of(tmp_path, DISC), MPI.COMM_SELF, tell=lines.append)
    assert [line for line in lines if not line.startswith(" ")] == [
        "microstructure",
        "mesh (1 particles)",
        "transport of ions",
        "transport of electrons",
    ]


def test_steps_within_a_stage_are_indented_below_it(tmp_path):
    lines: list[str] = []
    run(scenario_of(tmp_path, DISC), MPI.COMM_SELF, tell=lines.append)
    meshing = lines[lines.index("mesh (1 particles)") + 1 : lines.index("transport of ions")]
    steps = ["octree", "background mesh", "cut", "projection", "relaxation", "checks"]
    assert meshing == [f"  {step}" for step in steps]


def test_wall_time_is_told_for_every_stage(tmp_path):
    result = run(scenario_of(tmp_path, DISC), MPI.COMM_SELF)
    assert set(result.provenance.wall_time) == {
        *("microstructure", "mesh", "distribute", "discretise", "assemble", "setup", "solve"),
        "homogenise",
    }


def test_prepared_mesh_serves_several_solves(tmp_path):
    scenario = scenario_of(tmp_path, PLATES)
    prepared = prepare(scenario, MPI.COMM_SELF)
    assert prepared.mesh.materials == ("A", "B")
    assert prepared.numbers["cells"] == 8.0
    first = solve_carrier(scenario, prepared, "ion")
    assert solve_carrier(scenario, prepared, "ion").currents == first.currents


def test_direction_that_the_mesh_lacks_is_found_before_solving(tmp_path):
    scenario = scenario_of(tmp_path, PLATES, "transport.directions=[x, z]")
    with pytest.raises(MeshError, match=r"transport\.directions: found 'z'.*allowed: x, y"):
        prepare(scenario, MPI.COMM_SELF)


def test_solve_that_fails_names_the_carrier(tmp_path, monkeypatch):
    def failing(*arguments: object) -> None:
        raise ConvergenceError("direction x: DIVERGED_ITS after 7 iterations")

    monkeypatch.setattr("cellion.pipeline.effective.solve", failing)
    with pytest.raises(ConvergenceError, match="transport of ions, direction x: DIVERGED_ITS"):
        run(scenario_of(tmp_path, PLATES), MPI.COMM_SELF)


def test_missing_compiler_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "cellion.pipeline.run.missing_compiler_packages", lambda: ("gcc", "libc6-dev")
    )
    with pytest.raises(SetupError, match=r"no working C compiler.*gcc libc6-dev"):
        run(scenario_of(tmp_path, PLATES), MPI.COMM_SELF, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_coarse_mesh_is_noted_only_beyond_five_percent(tmp_path):
    fine = run(scenario_of(tmp_path, DISC), MPI.COMM_SELF)
    assert not any("volume fraction" in note for note in fine.notes)
    sizes = ("mesh={size: 5 um, surface_size: 5 um, smallest_size: 5 um}",)
    small = "microstructure.spheres.spheres[0].radius=0.1 um"
    coarse = run(scenario_of(tmp_path, DISC, *sizes, small), MPI.COMM_SELF)
    assert any(note.startswith("material 'CAM': its volume fraction") for note in coarse.notes)


TOO_LARGE = """\
name: too_large
materials: {A: {ion: {conductivity: 1 mS/cm}}}
microstructure:
  layers: {box: [4 um, 4 um, 4 um], axis: x, materials: [A, A], thicknesses: [1 um, 3 um]}
"""


@pytest.mark.parametrize(
    ("size", "memory", "told"),
    [
        ("0.0001 um", None, r"PB of memory are needed .* can be numbered"),
        ("0.5 um", 1e6, r"0\.4 GB of memory are needed .* 0\.0 GB are free"),
    ],
)
def test_a_run_that_does_not_fit_is_refused_before_it_meshes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, memory: float | None, told: str
) -> None:
    monkeypatch.setattr("cellion.pipeline.prepare.generate_mesh", None)
    scenario = load_scenario(write(tmp_path, TOO_LARGE), [f"mesh={{size: {size}}}"])
    with pytest.raises(SetupError, match=told):
        run(scenario, MPI.COMM_SELF, memory=memory)


def test_the_memory_that_is_free_is_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellion.pipeline.resources.available_memory", lambda: 1e6)
    with pytest.raises(SetupError, match="are free for this run"):
        run(load_scenario(write(tmp_path, TOO_LARGE)), MPI.COMM_SELF)


# --- answers before what shows them --------------------------------------------------------------


def test_fields_that_cannot_be_written_cost_no_answer(tmp_path, monkeypatch):
    def full(*arguments: object, **options: object) -> None:
        raise ResultsError("fields.vtkhdf: cannot be written (No space left on device)")

    monkeypatch.setattr("cellion.pipeline.output.write_fields", full)
    told = r"No space left.*the answer is saved in .*results\.json; not written: fields\.vtkhdf$"
    with pytest.raises(ResultsError, match=told):
        run(scenario_of(tmp_path, PLATES), MPI.COMM_SELF, folder=tmp_path / "out")
    found = load_result(tmp_path / "out")
    assert found.notes[-1].startswith("not written: fields.vtkhdf (fields.vtkhdf: cannot be")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"results.json", "table.csv"}


def test_a_run_that_ends_while_it_draws_has_answered(tmp_path, monkeypatch):
    """As when it is killed, or meets a bug there."""

    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("cellion.pipeline.output.solution_fields", broken)
    with pytest.raises(RuntimeError):
        run(scenario_of(tmp_path, PLATES), MPI.COMM_SELF, folder=tmp_path / "out")
    found = load_result(tmp_path / "out")
    assert found.notes[-1] == "not written: table.csv, fields.vtkhdf (the run was ended before)"
    assert found.carrier("ion").effective_conductivity[0, 0] == pytest.approx(0.4 / 3)


def test_an_answer_carries_the_key_of_its_question(tmp_path):
    scenario = scenario_of(tmp_path, PLATES)
    run(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    assert load_result(tmp_path / "out").key == question_key(scenario)


def test_a_folder_in_use_is_left_alone(tmp_path):
    scenario = scenario_of(tmp_path, PLATES)
    run(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    with owned(tmp_path / "out", "run"), pytest.raises(ResultsError, match="another run"):
        run(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    assert not any(n.startswith("not written") for n in load_result(tmp_path / "out").notes)
