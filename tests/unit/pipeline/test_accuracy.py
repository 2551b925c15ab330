"""Runs with bounds: refined until they are close, or until a budget is used."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import h5py
import meshio
import numpy as np
import pytest
from mpi4py import MPI

from cellion.pipeline.run import run
from cellion.results.files import load_result
from cellion.results.record import RunResult
from cellion.scenario.load import load_scenario
from helpers.small_scenarios import write

TILES = """
name: tiles
materials:
  A: {ion: {conductivity: 1 S/m}}
  B: {ion: {conductivity: 25 S/m}}
microstructure:
  checkerboard: {box: [1 um, 1 um], divisions: [2, 2], materials: [A, B]}
transport: {carriers: [ion]}
mesh: {size: 0.125 um, smallest_size: 0.125 um}
output: {pictures: false}
"""
EXACT = 5.0


def answer(tmp_path: Path, accuracy: str, folder: Path | None = None) -> RunResult:
    scenario = load_scenario(write(tmp_path, f"{TILES}accuracy: {accuracy}\n"))
    return run(scenario, MPI.COMM_SELF, folder=folder)


def test_the_mesh_is_refined_until_the_bracket_is_narrow(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    answer(tmp_path, "{tolerance: 10 %}", folder)
    assert not (folder / "convergence.png").exists()  # the scenario wants no pictures
    result = load_result(folder)
    found, carrier = result.accuracy, result.carrier("ion")
    assert found is not None
    assert found.stopped == "the tolerance is met"
    assert found.width <= 0.1 < found.history[-2].upper["ion"]["x"] / EXACT - 0.9
    cells = [each.cells for each in found.history]
    assert cells == sorted(set(cells))
    assert result.mesh["cells"] == cells[-1]
    for each in found.history:
        for direction in ("x", "y"):
            assert each.lower["ion"][direction] < EXACT < each.upper["ion"][direction]
    assert carrier.lower is not None
    assert carrier.upper is not None
    gap = (carrier.upper - carrier.lower)[:2, :2]
    assert np.linalg.eigvalsh(gap).min() > 0.0
    assert carrier.effective_conductivity[0, 0] <= carrier.upper[0, 0]
    # The mean of the gap density over the box is the gap.
    with h5py.File(folder / "fields.vtkhdf") as file:
        data = file["VTKHDF"]["CellData"]
        assert {"gap_density_ion_x", "gap_density_ion_y"} <= set(data)
        assert (data["gap_density_ion_x"][:] >= 0.0).all()


def test_a_refinement_is_drawn_and_a_kept_mesh_is_not(tmp_path: Path) -> None:
    folder, drawn = tmp_path / "out", TILES.replace("pictures: false", "pictures: true")
    for accuracy, there in (("{tolerance: 20 %}", True), ("{bracket: true}", False)):
        scenario = load_scenario(write(tmp_path, f"{drawn}accuracy: {accuracy}\n"))
        run(scenario, MPI.COMM_SELF, folder=folder, fields=False)
        assert (folder / "convergence.png").exists() is there


FILE = """
name: tiles_of_a_file
materials:
  A: {ion: {conductivity: 1 S/m}}
  B: {ion: {conductivity: 25 S/m}}
microstructure:
  mesh: {file: tiles.vtu, length_unit: um, labels: {1: A, 2: B}, periodic: true}
transport: {carriers: [ion]}
accuracy: {tolerance: 10 %}
output: {pictures: false}
"""


def test_the_mesh_of_a_file_is_bisected_until_the_bracket_is_narrow(tmp_path: Path) -> None:
    """The same tiles from a file: bounds around the exact value, labels and period kept."""
    x, y = (each.ravel() for each in np.meshgrid(np.arange(5), np.arange(5), indexing="ij"))
    low = np.array([5 * i + j for i in range(4) for j in range(4)])
    cells = np.concatenate([low[:, None] + np.array(c) for c in ([0, 5, 6], [0, 6, 1])])
    middle = np.stack([x, y], axis=1)[cells].mean(axis=1) // 2
    tags = 1 + (middle.sum(axis=1) % 2).astype(np.int32)
    points = np.stack([x, y, 0 * x], axis=1) / 4.0
    meshio.Mesh(points, [("triangle", cells)], cell_data={"tag": [tags]}).write(
        tmp_path / "tiles.vtu"
    )
    result = run(load_scenario(write(tmp_path, FILE)), MPI.COMM_SELF)
    found = result.accuracy
    assert found is not None
    assert found.stopped == "the tolerance is met"
    assert found.width <= 0.1
    assert len(found.history) > 3
    for each in found.history:
        for direction in ("x", "y"):
            assert each.lower["ion"][direction] < EXACT < each.upper["ion"][direction]
    assert result.volume_fraction["A"].meshed == pytest.approx(0.5)


def test_without_a_tolerance_the_mesh_is_kept(tmp_path: Path) -> None:
    found = answer(tmp_path, "{bracket: true}").accuracy
    assert found is not None
    assert found.stopped == "the mesh was to be kept"
    assert len(found.history) == 1


CATHODE = """
name: cathode
materials:
  A: {ion: {conductivity: 1 S/m}}
  B: {electron: {conductivity: 1 S/m}}
microstructure:
  spheres:
    box: [4 um, 4 um]
    periodic: true
    matrix: A
    spheres: [{center: [2 um, 2 um], radius: 1 um, material: B}]
transport: {carriers: [ion, electron], boundary: periodic}
mesh: {size: 1 um, surface_size: 0.5 um}
accuracy: {bracket: true}
output: {fields: [], pictures: false}
"""


def test_a_carrier_that_percolates_nowhere_is_zero_beside_a_bracket(tmp_path: Path) -> None:
    result = run(load_scenario(write(tmp_path, CATHODE)), MPI.COMM_SELF)
    none, some = result.carrier("electron"), result.carrier("ion")
    for tensor in (none.effective_conductivity, none.lower, none.upper):
        assert tensor is not None
        assert tensor[:2, :2].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert none.geometry_error_estimate == {"x": 0.0, "y": 0.0}
    assert some.lower is not None
    assert some.upper is not None
    exact = 0.6719  # a square array of insulating discs at pi/16 (Rayleigh, 1892)
    assert some.lower[0, 0] < exact * 1.002
    assert some.upper[0, 0] > exact * 0.998


def test_between_electrodes_entries_off_the_diagonal_are_null(tmp_path: Path) -> None:
    text = CATHODE.replace("boundary: periodic", "boundary: electrodes")
    text = text.replace("periodic: true", "periodic: false")
    folder = tmp_path / "out"
    run(load_scenario(write(tmp_path, text)), MPI.COMM_SELF, folder=folder)
    written = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for name in ("effective_conductivity", "lower", "upper"):
        tensor = written["carriers"]["ion"][name]
        assert tensor[0][1] is tensor[1][0] is None
        assert tensor[0][0] > 0.0
    (row,) = csv.DictReader((folder / "table.csv").read_text(encoding="utf-8").splitlines())
    assert row["sigma_ion_xy [S/m]"] == ""
    assert load_result(folder).carrier("ion").directions == ("x", "y")


LAYERS = """
name: layers
materials:
  M0: {ion: {conductivity: 1e-6 S/m}}
  M1: {ion: {conductivity: 1 S/m}}
microstructure:
  layers:
    box: [10 um, 1 um]
    materials: [M0, M1]
    thicknesses: [1e-5 um, 9.99999 um]
    axis: x
transport: {carriers: [ion], boundary: periodic}
accuracy: {bracket: true}
output: {fields: [], pictures: false}
"""


def test_a_layer_of_a_millionth_of_the_box_is_exact(tmp_path: Path) -> None:
    found = run(load_scenario(write(tmp_path, LAYERS)), MPI.COMM_SELF).carrier("ion")
    across, along = 1.0 / (1e-6 / 1e-6 + (1.0 - 1e-6)), 1e-6 * 1e-6 + (1.0 - 1e-6)
    assert found.lower is not None
    assert found.upper is not None
    for k, exact in enumerate((across, along)):
        assert found.lower[k, k] <= exact <= found.upper[k, k]
        assert found.upper[k, k] - found.lower[k, k] < 1e-10 * exact


def test_without_a_bracket_nothing_is_certified(tmp_path: Path) -> None:
    result = answer(tmp_path, "{bracket: false}")
    assert result.accuracy is None
    assert result.carrier("ion").lower is None


@pytest.mark.parametrize(
    ("budget", "told"), [("memory: 1 MB", "GB"), ("time: 1 ms", "would end after about")]
)
def test_a_budget_ends_the_refinement(tmp_path: Path, budget: str, told: str) -> None:
    found = answer(tmp_path, f"{{tolerance: 1 %, {budget}}}").accuracy
    assert found is not None
    assert told in found.stopped
    assert found.width > 0.01
    (first,) = found.history
    assert first.seconds > 0.0  # what the first mesh and solve took counts


def test_a_large_error_asks_for_a_bracket_only_where_there_is_none(tmp_path: Path) -> None:
    coarse = TILES.replace("0.125", "0.5").replace("25 S/m", "1e4 S/m")
    plain = run(load_scenario(write(tmp_path, coarse)), MPI.COMM_SELF)
    assert any("ask for a bracket" in note for note in plain.notes)
    text = f"{coarse}accuracy: {{bracket: true}}\n"
    bounded = run(load_scenario(write(tmp_path, text)), MPI.COMM_SELF)
    assert any("narrow its bracket" in note for note in bounded.notes)
