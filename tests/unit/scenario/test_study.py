"""The `study` section: ranges, lists that go together, samples, formulas, and their faults."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cellion.errors import ScenarioError
from cellion.quantities import to_si
from cellion.scenario.arithmetic import derived_value, paths_of
from cellion.scenario.design import combinations, sample_probabilities
from cellion.scenario.distributions import distribution, range_values
from cellion.scenario.load import load_scenario
from cellion.scenario.study import SampleSpec, StudySpec
from cellion.study.plan import plan
from helpers.small_scenarios import DISC, PACKING, write

SHARE = "microstructure.packing.particles[0].volume_fraction"
PORES = "microstructure.packing.pores.volume_fraction"


def study_of(folder: Path, text: str, base: str = DISC) -> StudySpec:
    study = load_scenario(write(folder, base + text)).study
    assert study is not None
    return study


# --- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({"from": "1 um", "to": "2 um", "steps": 3}, ["1.0 um", "1.5 um", "2.0 um"]),
        (
            {"from": "1 um", "to": "100 um", "steps": 3, "scale": "log"},
            ["1.0 um", "10.0 um", "100.0 um"],
        ),
        ({"from": "1 um", "to": "1e4 nm", "steps": 2}, ["1.0 um", "10.0 um"]),
        (
            {"from": "-20 degC", "to": "60 degC", "steps": 3},
            ["-20.0 degC", "20.0 degC", "60.0 degC"],
        ),
        ({"from": 0.2, "to": 0.4, "steps": 3}, [0.2, 0.3, 0.4]),
        ({"from": "20 %", "to": 0.4, "steps": 2}, ["20.0 %", "40.0 %"]),
        ({"from": 10, "to": 30, "steps": 3}, [10, 20, 30]),
        ({"from": 3, "to": 1, "steps": 3}, [3, 2, 1]),
    ],
)
def test_a_range_is_written_in_the_unit_of_its_first_value(given, values):
    assert range_values(given) == values
    assert [type(v) for v in range_values(given)] == [type(v) for v in values]


def test_ranges_and_lists_make_a_grid(tmp_path):
    study = study_of(
        tmp_path,
        "study:\n  vary:\n    temperature: [290 K, 300 K]\n"
        "    mesh.size: {from: 2.5 um, to: 5 um, steps: 3}\n",
    )
    pairs = [tuple(each.values.values()) for each in combinations(study)]
    sizes = ["2.5 um", "3.75 um", "5.0 um"]
    assert pairs == [(t, size) for t in ("290 K", "300 K") for size in sizes]
    assert study.runs == len(pairs) == 6


def test_lists_that_go_together_are_crossed_with_the_grid(tmp_path):
    study = study_of(
        tmp_path,
        "study:\n  vary: {temperature: [290 K, 300 K]}\n"
        "  zip:\n    mesh.size: [3 um, 4 um]\n    mesh.surface_size: [2 um, 3 um]\n",
    )
    assert [tuple(each.values.values()) for each in combinations(study)] == [
        (t, *pair) for t in ("290 K", "300 K") for pair in (("3 um", "2 um"), ("4 um", "3 um"))
    ]


# --- samples -------------------------------------------------------------------------------------

LAWS = [
    ({"uniform": {"from": "1 um", "to": "3 um"}}, stats.uniform(1, 2)),
    ({"normal": {"mean": "0.33 eV", "deviation": "20 meV"}}, stats.norm(0.33, 0.02)),
    ({"lognormal": {"median": "5 um", "sigma": 0.3}}, stats.lognorm(0.3, scale=5)),
    ({"triangular": {"from": 0.1, "mode": 0.2, "to": 0.5}}, stats.triang(0.25, 0.1, 0.4)),
    ({"triangular": {"from": 0.1, "mode": 0.1, "to": 0.5}}, stats.triang(0.0, 0.1, 0.4)),
    ({"normal": {"mean": "25 degC", "deviation": "5 K"}}, stats.norm(25, 5)),
]


@pytest.mark.parametrize(("given", "law"), LAWS, ids=[str(given) for given, _ in LAWS])
def test_a_distribution_has_the_quantiles_of_its_law(given, law):
    p = np.linspace(0.01, 0.99, 33)
    # the two ways to write the quantile differ by rounding only
    np.testing.assert_allclose(distribution(given).quantiles(p), law.ppf(p), rtol=1e-12)


@pytest.mark.parametrize(("given", "law"), LAWS, ids=[str(given) for given, _ in LAWS])
def test_no_probability_gives_an_infinite_value(given, law):
    assert np.isfinite(distribution(given).quantiles(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
def test_samples_fill_every_stratum_of_every_key_once(method):
    law = {"uniform": {"from": 0.0, "to": 1.0}}
    sample = SampleSpec(method=method, points=16, seed=917, values={"a": law, "b": law, "c": law})
    places = np.floor(sample_probabilities(sample) * 16)
    np.testing.assert_array_equal(np.sort(places, axis=1), np.tile(np.arange(16), (3, 1)))


def test_samples_follow_their_seed():
    def drawn(seed: int) -> np.ndarray:
        law = {"uniform": {"from": 0.0, "to": 1.0}}
        return sample_probabilities(
            SampleSpec(method="sobol", points=8, seed=seed, values={"a": law})
        )

    np.testing.assert_array_equal(drawn(31), drawn(31))
    assert not np.array_equal(drawn(31), drawn(32))


def test_saltelli_changes_one_key_at_a_time():
    law = {"uniform": {"from": 0.0, "to": 1.0}}
    sample = SampleSpec(method="saltelli", points=4, seed=31, values={"a": law, "b": law})
    first, second, in_a, in_b = np.split(sample_probabilities(sample), 4, axis=1)
    np.testing.assert_array_equal(in_a, [second[0], first[1]])
    np.testing.assert_array_equal(in_b, [first[0], second[1]])
    assert sample.runs == 16


def test_sampled_values_carry_their_unit_and_are_all_checked(tmp_path):
    study = study_of(
        tmp_path,
        "study:\n  sample:\n    points: 8\n    seed: 71\n    values:\n"
        "      temperature: {normal: {mean: 300 K, deviation: 10 K}}\n",
    )
    values = [each.values["temperature"] for each in combinations(study)]
    assert [each.row for each in combinations(study)] == list(range(8))
    kelvin = [to_si(value, "temperature") for value in values]
    assert 260 < min(kelvin) < max(kelvin) < 340


# --- formulas ------------------------------------------------------------------------------------

PLAIN = {"a": {"b": 0.3, "c": ["5 um", "60 %"]}, "sigma": "3 mS/cm", "odd-name": 2}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 - a.b - 0.05", 0.65),
        ("1 - a.c[1] - a.b", 0.1),
        ("0.1 * a.c[0]", "0.5 um"),
        ("min(a.c[0], '2000 nm')", "2000.0 nm"),
        ("sqrt(a.c[0] * '20 um')", "10.0 um"),
        ("a.c[0] / '1 nm'", 5000.0),
        ("-(a.b - 1) ** 2 + 1", 0.51),
        ("2 * sigma", "6.0 mS/cm"),
    ],
)
def test_a_formula_is_computed_with_units(formula, value):
    found = derived_value(formula, PLAIN)
    if isinstance(value, str):
        assert found == value
    else:
        assert found == pytest.approx(value, rel=1e-11)  # twelve digits are kept


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("a.c[0] + sigma", "cannot be computed"),
        ("a.x", "the scenario gives no 'a.x'"),
        ("1 / (a.b - 0.3)", "zero"),
        ("9 ** 9 ** 9", "a power above 10"),
        ("'1 um' * sqrt(1 - 2)", "'sqrt(1 - 2)' is no finite real number"),
        ("(0 - a.b) ** 0.5", "is no finite real number"),
        ("1e299 * 1e299", "is no finite real number"),
        ("__import__('os').system('true')", "cannot stand in a formula"),
        ("(lambda: 1)()", "cannot stand in a formula"),
        ("a.b if a.b else 1", "cannot stand in a formula"),
        ("[1, 2][0]", "is no key path"),
        ("2 um", "is no formula"),
        ("open('x')", "cannot stand in a formula"),
        ("'1 parsnip'", "'1 parsnip'"),
        ("(" * 300 + "1" + ")" * 300, "is no formula"),
        ("+".join(["1"] * 400), "is no formula"),
    ],
)
def test_a_formula_does_arithmetic_and_nothing_else(formula, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        derived_value(formula, PLAIN)


def test_a_formula_names_its_keys():
    assert paths_of("1 - a.b - max(a.c[0], -d['x y'])") == (
        ("a", "b"),
        ("a", "c", 0),
        ("d", "x y"),
    )


def test_fractions_that_sum_to_one(tmp_path):
    text = f"study:\n  vary:\n    '{SHARE}': [0.3, 0.4]\n  derive:\n    {PORES}: '0.5 - {SHARE}'\n"
    scenario = load_scenario(write(tmp_path, PACKING + text))
    for point in plan(scenario):
        packing = point.document["microstructure"]["packing"]
        total = packing["particles"][0]["volume_fraction"] + packing["pores"]["volume_fraction"]
        assert total == pytest.approx(0.5, rel=1e-11)
        assert list(point.derived) == [PORES]


# --- faults, told when the file is loaded --------------------------------------------------------


TEMPERATURE = "sample: {points: 4, seed: 3, values: {temperature: %s}}"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("vary:\n    mesh.size: {from: 1 um, to: 2 um}", 15, "the key 'steps' is missing"),
        ("vary:\n    mesh.size: {from: 1 um, to: 2 K, steps: 3}", 15, "do not belong together"),
        ("vary:\n    mesh.size: {from: 1 um, to: 2 um, step: 3}", 15, "did you mean 'steps'"),
        ("vary:\n    mesh.size: {from: 0 um, to: 2 um, steps: 3, scale: log}", 15, "above zero"),
        ("vary:\n    mesh.size: {from: 9 um, to: 12 um, steps: 4}", 15, "shortest edge of the box"),
        ("vary:\n    mesh.size: [2.6 um, 3 mm]", 15, "mesh.size: found 0.003 m"),
        ("zip:\n    mesh.size: [3 um, 4 um]\n    temperature: [300 K]", 16, "they go in pairs"),
        ("zip:\n    mesh.size: [3 um, 4 um]", 14, "two or more key paths"),
        (TEMPERATURE.replace("4", "6") % "{uniform: {from: 1 K, to: 9 K}}", 14, "such as 4 or 8"),
        (TEMPERATURE % "{unifrom: {}}", 14, "did you mean 'uniform'"),
        (TEMPERATURE % "{uniform: {from: 9 K, to: 1 K}}", 14, "must rise"),
        (TEMPERATURE % "{normal: {mean: 1 K, deviation: 30 K}}", 14, "above absolute zero"),
        (TEMPERATURE % "{normal: {mean: 300 K, deviation: 1 um}}", 14, "do not belong together"),
        (
            "vary: {temperature: [300 K]}\n  zip: {temperature: [1 K], mesh.size: [1 um]}",
            15,
            "overlaps with 'temperature'",
        ),
        ("vary: {mesh.size: [3 um]}\n  derive: {mesh.size: '3'}", 15, "overlaps with 'mesh.size'"),
        (
            "vary: {mesh.size: [3 um]}\n  derive: {mesh.surface_size: 'mesh.sise * 0.5'}",
            15,
            "gives no 'mesh.sise'",
        ),
        (
            "vary: {mesh.size: [3 um]}\n  derive: {mesh.surface_size: 'mesh.size * 2'}",
            15,
            "cannot be larger",
        ),
        ("replicates: 1", 13, "nothing is varied"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path, text, line, told):
    file = write(tmp_path, DISC + "study:\n  " + text + "\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert told in str(caught.value)
    assert f"scenario.yaml:{line}: " in str(caught.value)


def test_a_value_that_is_wrong_only_beside_another_is_told(tmp_path):
    """Each value alone can be built; one combination cannot."""
    file = write(
        tmp_path,
        DISC.replace("surface_size: 2.5 um", "surface_size: 1 um")
        + "study:\n  vary:\n    mesh.size: [2 um, 4 um]\n    mesh.surface_size: [1 um, 3 um]\n",
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert "mesh.surface_size" in str(caught.value)
    assert "3 um" in str(caught.value)


def test_many_runs_are_checked_in_little_time(tmp_path):
    text = "study: {vary: {temperature: {from: 250 K, to: 350 K, steps: 1000}}}\n"
    assert study_of(tmp_path, text).runs == 1000
