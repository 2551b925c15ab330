"""The order, the names and the documents of the points of a study."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cellion.errors import StudyError
from cellion.scenario.load import build_scenario, load_scenario
from cellion.study.plan import Point, plan
from helpers.small_scenarios import DISC, PACKING, write

SEED = "microstructure.packing.seed"
SHARE = "microstructure.packing.particles[0].volume_fraction"


def points_of(folder: Path, text: str, *overrides: str) -> tuple[Point, ...]:
    return plan(load_scenario(write(folder, text), overrides))


def test_every_combination_once_the_last_key_fastest(tmp_path):
    text = DISC + (
        "study:\n"
        "  vary:\n"
        "    temperature: [290 K, 300 K]\n"
        "    materials.SE.ion.conductivity: [1 mS/cm, 2 mS/cm, 3 mS/cm]\n"
    )
    points = points_of(tmp_path, text)
    pairs = [tuple(point.values.values()) for point in points]
    assert pairs == list(product(["290 K", "300 K"], ["1 mS/cm", "2 mS/cm", "3 mS/cm"]))
    assert [point.index for point in points] == list(range(6))
    assert [point.name for point in points] == [f"point_{i:03d}" for i in range(6)]


def test_replicates_are_innermost_and_count_up_the_seed(tmp_path):
    text = PACKING + f"study: {{vary: {{'{SHARE}': [0.2, 0.3]}}, replicates: 3}}\n"
    points = points_of(tmp_path, text)
    assert [(point.values[SHARE], point.replicate) for point in points] == [
        *((0.2, i) for i in range(3)),
        *((0.3, i) for i in range(3)),
    ]
    seeds = [point.document["microstructure"]["packing"]["seed"] for point in points]
    assert seeds == [5813, 5814, 5815] * 2


def test_documents_hold_the_values_and_no_study(tmp_path):
    text = PACKING + f"study: {{vary: {{'{SHARE}': [0.2, 0.3]}}}}\n"
    points = points_of(tmp_path, text, "temperature=310 K")
    for point in points:
        assert "study" not in point.document
        assert point.document["temperature"] == "310 K"
        share = point.document["microstructure"]["packing"]["particles"][0]["volume_fraction"]
        assert share == point.values[SHARE]
        assert build_scenario(dict(point.document)).study is None


def test_points_do_not_share_their_documents(tmp_path):
    text = PACKING + f"study: {{vary: {{'{SHARE}': [0.2, 0.3]}}}}\n"
    first, second = points_of(tmp_path, text)
    first.document["microstructure"]["packing"]["particles"].clear()
    assert second.document["microstructure"]["packing"]["particles"]


def test_plan_leaves_the_scenario_as_it_is(tmp_path):
    scenario = load_scenario(write(tmp_path, DISC + "study: {vary: {temperature: [290 K]}}\n"))
    before = scenario.source
    assert plan(scenario) == plan(scenario)
    assert scenario.source == before
    assert "study" in before


def test_seeds_can_be_varied_themselves(tmp_path):
    points = points_of(tmp_path, PACKING + f"study: {{vary: {{{SEED}: [11, 77]}}}}\n")
    assert [p.document["microstructure"]["packing"]["seed"] for p in points] == [11, 77]


def test_key_that_the_document_lacks_is_added(tmp_path):
    text = DISC.replace("mesh: {size: 2.5 um, surface_size: 2.5 um}\n", "")
    points = points_of(tmp_path, text + "study: {vary: {mesh.size: [1 um, 2 um]}}\n")
    assert [point.document["mesh"] for point in points] == [{"size": "1 um"}, {"size": "2 um"}]


def test_label_says_the_values_and_the_realisation(tmp_path):
    text = PACKING + f"study: {{vary: {{'{SHARE}': [0.2], temperature: [300 K]}}, replicates: 2}}\n"
    labels = [point.label for point in points_of(tmp_path, text)]
    assert labels == [
        "volume_fraction = 0.2, temperature = 300 K, realisation 1",
        "volume_fraction = 0.2, temperature = 300 K, realisation 2",
    ]


def test_scenario_without_study_says_how_to_add_one(tmp_path):
    with pytest.raises(StudyError, match=r"scenario 'disc' has no 'study' section; add one"):
        points_of(tmp_path, DISC)
