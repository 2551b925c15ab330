"""Notes on what a scenario leaves open, and on what of it has no effect."""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.microstructure.generate import generate
from cellion.pipeline.remarks import small_box
from cellion.pipeline.run import run
from cellion.results.files import load_result, save_result
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from helpers.cell_scenarios import answer, cell_document

A_AND_B = {"A": {"ion": {"conductivity": "1 mS/cm"}}, "B": {"ion": {"conductivity": "3 mS/cm"}}}


def plates(**more: Any) -> RunResult:
    """A beside B along x, in a plane box; currents cross both along x, one of them along y."""
    document = {
        "name": "plates",
        "materials": A_AND_B,
        "microstructure": {
            "layers": {
                "box": ["1 um", "1 um"],
                "axis": "x",
                "materials": ["A", "B"],
                "thicknesses": ["0.5 um", "0.5 um"],
                "periodic": False,
            }
        },
        "transport": {"carriers": ["ion"], "boundary": "electrodes"},
        **more,
    }
    return run(build_scenario(document), MPI.COMM_SELF)


def noted(result: RunResult, text: str) -> list[str]:
    return [note for note in result.notes if text in note]


# --- interface laws ------------------------------------------------------------------------------


def test_a_law_that_meets_nothing_is_named():
    laws = [
        {"between": ["A", "B"], "area_resistance": "0.1 Ohm cm^2"},
        {"between": ["A", "A"], "area_resistance": "0.1 Ohm cm^2"},
        {"between": ["B", "C"], "area_resistance": "0.1 Ohm cm^2"},
    ]
    result = plates(interfaces=laws, materials=A_AND_B | {"C": A_AND_B["A"]})
    assert noted(result, "no effect") == [
        "interfaces[1]: no two regions of A meet here, so that this law has no effect",
        "interfaces[2]: B meets no C here, so that this law has no effect",
    ]


def test_layers_of_a_cell_count_as_what_a_law_may_meet():
    structure = {
        "layers": {
            "box": ["5 um", "20 um"],
            "axis": "y",
            "materials": ["SE", "CAM"],
            "thicknesses": ["10 um", "10 um"],
        }
    }
    laws = (
        {"between": ["CAM", "SE"], "area_resistance": "7 Ohm cm^2"},
        {"between": ["Al", "CAM"], "area_resistance": "5 Ohm cm^2"},
        {"between": ["SE", "SE"], "area_resistance": "5 Ohm cm^2"},
        {"between": ["Al", "SE"], "area_resistance": "5 Ohm cm^2"},
    )
    (note,) = noted(answer(cell_document(structure, interfaces=laws)), "no effect")
    assert note.startswith("interfaces[3]")


# --- weights -------------------------------------------------------------------------------------


def spheres(materials: dict[str, Any], inner: str = "CAM") -> RunResult:
    document = {
        "name": "spheres",
        "materials": materials,
        "microstructure": {
            "spheres": {
                "box": ["2 um", "2 um"],
                "matrix": "SE",
                "spheres": [{"center": ["1 um", "1 um"], "radius": "0.8 um", "material": inner}],
            }
        },
        "transport": {"carriers": ["ion"]},
        "mesh": {"size": "0.4 um"},
    }
    return run(build_scenario(document), MPI.COMM_SELF)


SE = {"ion": {"conductivity": "1 mS/cm"}, "density": "2 g/cm^3"}


def test_weights_are_unknown_while_a_density_is():
    result = spheres({"SE": SE, "CAM": "insulator"})
    assert result.weight_fraction == {}
    assert noted(result, "weight fractions") == [
        "weight fractions are unknown: give materials.CAM.density, or name a void 'pore'"
    ]


def test_a_pore_weighs_nothing():
    result = spheres({"SE": SE, "pore": "insulator"}, "pore")
    assert result.weight_fraction["SE"].meshed == 1.0
    assert result.weight_fraction["pore"].meshed == 0.0
    assert not noted(result, "weight fractions")


def test_weights_nobody_asks_for_are_not_missed():
    result = spheres({"SE": {"ion": {"conductivity": "1 mS/cm"}}, "CAM": "insulator"})
    assert result.weight_fraction == {}
    assert not noted(result, "weight fractions")


# --- several conductors --------------------------------------------------------------------------


def test_each_conductor_has_a_tortuosity_of_its_own(tmp_path):
    """In series both carry all: tau = sigma / sigma_eff. Side by side neither detours: tau = 1."""
    result = plates()
    conductors = result.carrier("ion").conductors
    assert result.carrier("ion").bulk_conductivity == pytest.approx(0.2)
    for name, sigma in (("A", 0.1), ("B", 0.3)):
        found = conductors[name]
        assert found.bulk_conductivity == pytest.approx(sigma)
        assert found.tortuosity_factor == pytest.approx({"x": sigma / 0.15, "y": 1.0}, rel=1e-8)
        assert found.contribution == pytest.approx({"x": 0.15 / 2, "y": sigma / 2}, rel=1e-8)
    save_result(result, tmp_path)
    assert load_result(tmp_path).carrier("ion").conductors == conductors


def test_the_reference_of_a_tortuosity_factor_is_stated():
    (note,) = noted(plates(), "several materials conduct")
    assert "mean of their conductivities over their volume, 2 mS/cm" in note
    # Of the mean over both directions, phi sigma / contribution.
    assert f"A {0.05 / (0.5 * (0.075 + 0.05)):.4g} (bulk 1 mS/cm)" in note
    assert f"B {0.15 / (0.5 * (0.075 + 0.15)):.4g} (bulk 3 mS/cm)" in note
    alone = spheres({"SE": SE, "CAM": "insulator"})
    assert alone.carrier("ion").conductors == {}
    assert not noted(alone, "several materials conduct")


def test_contributions_add_up_with_contacts_between_them():
    laws = [{"between": ["A", "B"], "area_resistance": "0.1 Ohm cm^2"}]
    carrier = plates(interfaces=laws).carrier("ion")
    for axis, direction in enumerate("xy"):
        total = sum(one.contribution[direction] for one in carrier.conductors.values())
        assert total == pytest.approx(carrier.effective_conductivity[axis, axis], rel=1e-8)


def test_a_conductor_that_carries_nothing_has_an_infinite_tortuosity(tmp_path):
    materials = {"SE": SE, "CAM": {"ion": {"conductivity": "5 mS/cm"}}}
    document = {
        "name": "apart",
        "materials": materials,
        "microstructure": {
            "layers": {
                "box": ["1 um", "1 um"],
                "axis": "x",
                "materials": ["SE", "CAM"],
                "thicknesses": ["0.5 um", "0.5 um"],
                "periodic": False,
            }
        },
        "interfaces": [{"between": ["SE", "CAM"], "insulating": True}],
        "transport": {"carriers": ["ion"], "directions": ["x"]},
    }
    result = run(build_scenario(document), MPI.COMM_SELF)
    save_result(result, tmp_path)
    for each in (result, load_result(tmp_path)):
        for one in each.carrier("ion").conductors.values():
            assert one.tortuosity_factor == {"x": np.inf}


# --- the size of the box -------------------------------------------------------------------------


def packing(edges: list[int], **more: Any) -> dict[str, Any]:
    return {
        "packing": {
            "box": [f"{edge} um" for edge in edges],
            "seed": 5813,
            "matrix": "SE",
            "particles": [{"material": "CAM", "volume_fraction": 0.3, "diameter": "4 um"}],
            "pores": {"volume_fraction": 0.1, "diameter": "2 um"},
        }
        | more
    }


def small(microstructure: dict[str, Any], **more: Any) -> tuple[str, ...]:
    materials = {
        "SE": {"ion": {"conductivity": "1 mS/cm"}},
        "CAM": {"electron": {"conductivity": "1 mS/cm"}},
        "pore": "insulator",
    }
    document = {"name": "box", "materials": materials, "microstructure": microstructure, **more}
    scenario = build_scenario(document)
    return small_box(scenario, generate(scenario.microstructure, dict.fromkeys(materials)))


def test_a_box_of_few_particles_is_small():
    (note,) = small(packing([12, 12, 12]))
    # 0.3 12^3 / (pi/6 4^3) = 15.5; pores do not count.
    assert "microstructure.packing: the box is small, 15 particles and 3.0 particles wide" in note
    assert "varies microstructure.packing.box, with study.replicates and study.error" in note
    (narrow,) = small(packing([30, 30, 15]))
    assert "the box is small, 3.8 particles wide" in narrow
    assert small(packing([22, 22, 22])) == ()


def test_the_thickness_of_a_cathode_is_not_the_size_of_a_sample():
    cell = {
        "axis": "z",
        "separator": {"material": "SE", "thickness": "10 um"},
        "collector": {"material": "CAM", "thickness": "1 um"},
    }
    assert small(packing([30, 30, 15]), cell=cell) == ()
    assert "3.8 particles wide" in small(packing([15, 30, 30]), cell=cell)[0]


def test_a_polycrystal_of_few_grains_is_small():
    def grains(count: int) -> dict[str, Any]:
        box = ["10 um", "10 um", "10 um"]
        return {"polycrystal": {"box": box, "grains": count, "material": "SE", "seed": 5813}}

    (note,) = small(grains(27))
    assert "microstructure.polycrystal: the box is small, 27 grains and 3.0 grains wide" in note
    assert small(grains(130)) == ()


def test_a_listed_geometry_is_what_it_is():
    one = [{"center": ["1 um", "1 um", "1 um"], "radius": "0.8 um", "material": "CAM"}]
    box = ["2 um", "2 um", "2 um"]
    assert small({"spheres": {"box": box, "matrix": "SE", "spheres": one}}) == ()
