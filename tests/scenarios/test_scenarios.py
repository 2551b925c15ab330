"""Every scenario of the collection is right, runs, and gives the number its header promises."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from cellion.export.tables import read_table
from cellion.results.files import load_result
from cellion.results.record import RunResult
from helpers.cli_calls import Call, call, on_ranks
from helpers.invariants import check_result

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FILES = {file.stem: file for file in sorted(SCENARIOS.glob("*.yaml"))}

# Fewer particles and cells as large as particles: what these runs show is that everything works.
SMALL = (
    "microstructure.packing.box=[11 um, 11 um, 11 um]",
    "mesh={size: 4 um, surface_size: 4 um, smallest_size: 2 um, gap_cells: 1}",
    "output.pictures=false",
)
FEW_GRAINS = (
    "microstructure.polycrystal.grains=6",
    "study.vary={'microstructure.polycrystal.box[0]': [40 nm, 1 um]}",
    "study.derive={'microstructure.polycrystal.box[1]': 'microstructure.polycrystal.box[0]', "
    "'microstructure.polycrystal.box[2]': 'microstructure.polycrystal.box[0]', "
    "mesh.size: 'microstructure.polycrystal.box[0] / 2'}",
)
PRESSED = (
    "microstructure.packing.box=[9 um, 9 um, 9 um]",
    "mesh={size: 3 um, surface_size: 2 um, smallest_size: 1 um, gap_cells: 1}",
    "output.pictures=false",
)
SHARE = "microstructure.packing.particles[0].volume_fraction"
CHANGES: dict[str, tuple[str, ...]] = {
    "cathode_resistance": (
        *SMALL,
        "study.replicates=1",
        f"study.vary={{'{SHARE}': [0.5, 0.6]}}",
        f"study.derive={{'microstructure.packing.box[2]': \"'7 um' / {SHARE}\"}}",
    ),
    "ncm811_li6ps5cl": SMALL,
    "se_fraction": (
        *SMALL,
        "study.replicates=1",
        "study.vary={'microstructure.packing.particles[0].volume_fraction': [0.3, 0.5]}",
    ),
    "llzo_polycrystal": (
        "microstructure.polycrystal.box=[8 um, 8 um, 8 um]",
        "mesh.size=4 um",
        "study.vary={temperature: [250 K, 300 K, 350 K]}",
        "output.pictures=false",
    ),
    "llto_polycrystal": (
        "microstructure.polycrystal.box=[5 um, 5 um, 5 um]",
        "mesh.size=2.5 um",
        "output.pictures=false",
    ),
    "olivine_polycrystal": (
        "microstructure.polycrystal.grains=8",
        "mesh.size=1.2 um",
        "output.pictures=false",
    ),
    "se_fraction_particle_size": (
        *PRESSED,
        "microstructure.packing.box=[7 um, 7 um, 7 um]",
        "study.replicates=1",
        f"study.vary={{'{SHARE}': [0.4], "
        "'microstructure.packing.particles[1].diameter': [3 um, 4 um]}",
    ),
    "se_fraction_conductivity": (
        *SMALL,
        "study.replicates=1",
        f"study.vary={{'{SHARE}': [0.5], 'materials.SE.ion.conductivity': [1 mS/cm, 10 mS/cm]}}",
    ),
    "boundary_resistance_grain_size": (
        "microstructure.polycrystal.box=[3.2 um, 3.2 um, 3.2 um]",
        "study.vary={'interfaces[0].area_resistance': [0.1 Ohm cm^2, 1 Ohm cm^2]}",
        "study.derive={mesh.size: '0.8 * microstructure.polycrystal.size.lognormal.median'}",
    ),
    "tysonite_blocking": FEW_GRAINS,
    "apparent_size": (
        "study.vary={'microstructure.polycrystal.box[0]': [3 um, 4 um], "
        "transport.boundary: [uniform_flux, uniform_gradient]}",
        "study.replicates=1",
        "mesh={size: 2 um, surface_size: 2 um}",
    ),
    "fluorite_nano": FEW_GRAINS,
    "se_contacts": PRESSED,
    "contact_resistance_fit": (
        *PRESSED,
        "transport.directions=[x]",
        "fit.measured=[{conductivity: 0.05 mS/cm, uncertainty: 0.005 mS/cm}]",
    ),
}
# What the headers promise holds on the mesh of the scenario; relative difference allowed [-].
PROMISES = {
    "teaching": 5e-3,
    "mesh_file": 1e-3,
    "hopping_olivine": 1e-3,
    "hopping_table": 1e-3,
    "hopping_vineyard": 1e-3,
}

RELATIVE = 1e-8
FITTED = 1e-5  # a root is as sure as the solves around it, whose difference it divides by a slope


def document(name: str) -> dict[str, object]:
    return dict(YAML(typ="safe").load(FILES[name]))


def verb_of(name: str) -> str:
    """What answers a scenario."""
    return next((verb for verb in ("study", "fit") if verb in document(name)), "run")


def command(name: str, out: str) -> list[str | Path]:
    """The call that answers a scenario, coarsely where it is large."""
    verb = verb_of(name)
    changes = CHANGES.get(name, ("output.pictures=false",))
    return [verb, FILES[name], "-o", out, *(part for c in changes for part in ("--set", c))]


# The first test that asks waits for all of them.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def answers(
    tmp_path_factory: pytest.TempPathFactory, subprocess_environment: dict[str, str]
) -> dict[int, tuple[Path, dict[str, Call]]]:
    """All scenarios on one and on two ranks: the folder, and what each call gave."""
    found = {}
    for ranks in (1, 2):
        folder = tmp_path_factory.mktemp(f"ranks_{ranks}")
        calls = [command(name, name) for name in FILES]
        told = on_ranks(ranks, calls, folder, subprocess_environment, 280.0)
        found[ranks] = (folder, dict(zip(FILES, told, strict=True)))
    return found


def results(folder: Path) -> list[RunResult]:
    """The result of a run, or of the points of a study."""
    if (folder / "results.json").exists():
        return [load_result(folder)]
    return [load_result(point) for point in sorted(folder.glob("point_*"))]


def test_the_collection_is_found():
    assert {"teaching", "mesh_file", "se_fraction", "ncm811_li6ps5cl"} <= FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_header_says_what_is_asked_and_how_to_run_it(name):
    text = FILES[name].read_text(encoding="utf-8")
    assert text.startswith("# Question:")
    verb = verb_of(name)
    assert f"cellion {verb} scenarios/{name}.yaml" in text
    assert document(name)["name"] == name


@pytest.mark.parametrize("name", FILES)
def test_check_accepts_it(name):
    told = call("check", FILES[name])
    assert told.code == 0, told.stderr
    assert told.stdout.startswith(f"{name}: the scenario is valid\n")


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", FILES)
def test_it_runs(answers, name, ranks):
    folder, told = answers[ranks]
    assert told[name].codes == (0,) * ranks, told[name].stderr
    assert "Traceback" not in told[name].stderr
    assert "has no answer" not in told[name].stderr
    if verb_of(name) == "fit":
        rows = read_table(folder / name / "fit.csv")
        assert rows
        assert all(row["failure"] is None for row in rows)
        return
    found = results(folder / name)
    assert len(found) == len(read_table(folder / name / "table.csv")) >= 1
    for result in found:
        check_result(result)


@pytest.mark.mpi
@pytest.mark.parametrize("name", FILES)
def test_answer_does_not_depend_on_ranks(answers, name):
    if verb_of(name) == "fit":
        one, two = ([*read_table(answers[n][0] / name / "fit.csv")] for n in (1, 2))
        (unit,) = {key for row in one for key in row if key.startswith("value [")}
        found = [[row[unit] for row in rows] for rows in (one, two)]
        np.testing.assert_allclose(found[1], found[0], rtol=FITTED)
        return
    both = [results(answers[ranks][0] / name) for ranks in (1, 2)]
    for one, two in zip(*both, strict=True):
        for carrier in one.carriers:
            tensor = one.carrier(carrier).effective_conductivity
            np.testing.assert_allclose(
                two.carrier(carrier).effective_conductivity,
                tensor,
                rtol=RELATIVE,
                atol=RELATIVE * float(np.nanmax(np.abs(tensor))),
            )


@pytest.mark.mpi
@pytest.mark.parametrize("name", PROMISES)
def test_header_promises_the_answer(answers, name):
    """The first conductivity after ``Expected:``; for all directions, or the one it names."""
    header = FILES[name].read_text(encoding="utf-8").partition("Expected:")[2]
    value, axis = re.search(r"([\d.]+(?:e-?\d+)?) S/m(?: along ([xyz]))?", header).groups()
    (result,) = results(answers[1][0] / name)
    ion = result.carrier("ion")
    for direction in [axis] if axis else ion.directions:
        index = "xyz".index(direction)
        found = float(ion.effective_conductivity[index, index])
        assert found == pytest.approx(float(value), rel=PROMISES[name]), direction


@pytest.mark.mpi
@pytest.mark.parametrize("name", ["teaching_cell", "cathode_resistance"])
def test_a_cell_does_not_depend_on_ranks(answers, name):
    both = [results(answers[ranks][0] / name) for ranks in (1, 2)]
    for one, two in zip(*both, strict=True):
        assert sum(one.cell.parts.values()) == pytest.approx(one.cell.area_specific_resistance)
        assert two.cell.parts == pytest.approx(one.cell.parts, rel=RELATIVE)
        assert two.cell.reaction_current == pytest.approx(one.cell.reaction_current, rel=1e-6)
        assert two.cell.utilisation == pytest.approx(one.cell.utilisation, rel=RELATIVE)
        assert two.cell.reversed_share == pytest.approx(one.cell.reversed_share, abs=1e-6)


@pytest.mark.mpi
def test_header_promises_the_resistance_of_the_cell(answers):
    header = FILES["teaching_cell"].read_text(encoding="utf-8")
    value, share, idle = re.search(r"([\d.]+) Ohm cm\^2, (\d+) %.*?(\d+) %", header, re.S).groups()
    (result,) = results(answers[1][0] / "teaching_cell")
    cell = result.cell
    assert 1e4 * cell.area_specific_resistance == pytest.approx(float(value), rel=1e-3)
    reaction = cell.parts["interfacial"] / cell.area_specific_resistance
    assert 100 * reaction == pytest.approx(float(share), abs=0.5)
    assert 100 * cell.active["CAM"].without_electrons == pytest.approx(float(idle), abs=0.5)


@pytest.mark.mpi
def test_electrons_do_not_pass_where_the_header_says_so(answers):
    (result,) = results(answers[1][0] / "mesh_file")
    assert "electron 0: the particles do not touch" in FILES["mesh_file"].read_text()
    assert np.nanmax(np.abs(result.carrier("electron").effective_conductivity)) == 0.0
