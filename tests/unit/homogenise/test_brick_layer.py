"""The brick layer model against its published values and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.homogenise.brick_layer import (
    brick_edge,
    brick_layer,
    brick_layer_fast,
    brick_layer_resistive,
)
from cellion.homogenise.effective_medium import bruggeman_power_law
from helpers.closed_forms import brick_finite_bounds, maxwell

REFERENCES = Path(__file__).parents[2] / "references" / "references.json"


def entries(kind: str) -> list[Any]:
    found = json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]
    return [pytest.param(e, id=e["id"]) for e in found if e["kind"] == kind]


@pytest.mark.parametrize("entry", entries("brick_finite_bounds"))
def test_boundary_phase_of_finite_thickness(entry: dict[str, Any]) -> None:
    values, expected = entry["inputs"], entry["expected"]
    bounds = brick_finite_bounds(
        values["sigma_g"], values["sigma_gb"], values["d"], values["delta"]
    )
    np.testing.assert_allclose(bounds, [expected["lower"], expected["upper"]], rtol=1e-9)
    share = values["d"] / (values["d"] + values["delta"])
    np.testing.assert_allclose(
        maxwell(share**3, values["sigma_g"], values["sigma_gb"]), expected["maxwell"], rtol=1e-9
    )


@pytest.mark.parametrize("entry", entries("brick_thin_resistive"))
def test_resistive_faces(entry: dict[str, Any]) -> None:
    values = entry["inputs"]
    np.testing.assert_allclose(
        brick_layer_resistive(values["sigma_g"], values["d"], values["R"]),
        entry["expected"]["scalar"],
        rtol=1e-9,
    )


@pytest.mark.parametrize("entry", entries("brick_thin_fast"))
def test_conducting_faces(entry: dict[str, Any]) -> None:
    values = entry["inputs"]
    np.testing.assert_allclose(
        brick_layer_fast(values["sigma_g"], values["d"], values["S"]),
        entry["expected"]["scalar"],
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    "entry",
    [e for e in entries("voxel3d") if "boundary" in e.values[0]["inputs"]],
)
def test_bounds_enclose_the_numerical_solution(entry: dict[str, Any]) -> None:
    values = entry["inputs"]
    edge = values["edge_over_period"]
    bounds = brick_finite_bounds(values["grain"], values["boundary"], edge, 1.0 - edge)
    assert bounds.lower < entry["expected"]["scalar"] < bounds.upper


@given(
    st.floats(min_value=0.0, max_value=1e6),
    st.floats(min_value=1e-6, max_value=1e6),
    st.floats(min_value=1e-3, max_value=1e3),
)
def test_finite_bounds_are_ordered(grain: float, boundary: float, thickness: float) -> None:
    lower, upper = brick_finite_bounds(grain, boundary, 1.0, thickness)
    assert lower <= upper * (1 + 1e-12)


def test_thin_resistive_film_is_the_limit_of_the_finite_one() -> None:
    grain, edge, delta = 2.0, 1.0, 1e-7
    resistance = 0.5
    bounds = brick_finite_bounds(grain, delta / resistance, edge, delta)
    np.testing.assert_allclose(bounds, brick_layer_resistive(grain, edge, resistance), rtol=1e-5)


def test_insulating_boundary_blocks_everything() -> None:
    np.testing.assert_array_equal(brick_finite_bounds(1.0, 0.0, 1.0, 0.1), 0.0)


def test_power_law_of_one_conductor() -> None:
    np.testing.assert_allclose(bruggeman_power_law([0.25, 1.0], 8.0), [1.0, 8.0])
    with pytest.raises(ValueError, match=r"volume fraction is 1\.1"):
        bruggeman_power_law(1.1, 8.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: brick_finite_bounds(1.0, 1.0, 0.0, 0.1), "must be positive"),
        (lambda: brick_finite_bounds(-1.0, 1.0, 1.0, 0.1), "a conductivity is -1"),
        (lambda: brick_layer_resistive(1.0, -2.0, 0.1), "grain edge is -2.0 m"),
        (lambda: brick_layer_resistive(1.0, 2.0, -0.1), "resistance is -0.1"),
        (lambda: brick_layer_fast(1.0, 0.0, 0.1), "grain edge is 0.0 m"),
        (lambda: brick_layer_fast(1.0, 1.0, -0.1), "conductance is -0.1"),
    ],
)
def test_meaningless_input_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dimension", [2, 3])
def test_edge_of_bricks_with_a_boundary_area(dimension: int) -> None:
    edge = 3e-6
    faces = dimension * edge ** (dimension - 1) / edge**dimension
    assert float(brick_edge(faces, dimension)) == pytest.approx(edge, rel=1e-12)


def test_boundaries_that_block_and_lead_are_both_limits() -> None:
    kept = {"grain": 0.2, "edge": 1e-6}
    resistive = brick_layer(**kept, area_resistance=1e-5)
    assert resistive == brick_layer_resistive(0.2, 1e-6, 1e-5)
    assert brick_layer(**kept, sheet_conductance=1e-7) == brick_layer_fast(0.2, 1e-6, 1e-7)
    both = brick_layer(**kept, area_resistance=1e-5, sheet_conductance=1e-7)
    assert both == pytest.approx(1.0 / (1.0 / (0.2 + 2e-7 / 1e-6) + 1e-5 / 1e-6), rel=1e-12)


def test_bricks_in_the_plane_have_one_family_of_faces_along_the_current() -> None:
    found = brick_layer(0.2, 1e-6, sheet_conductance=1e-7, dimension=2)
    assert found == pytest.approx(0.2 + 1e-7 / 1e-6, rel=1e-12)


def test_a_boundary_needs_an_area() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        brick_edge(0.0)
