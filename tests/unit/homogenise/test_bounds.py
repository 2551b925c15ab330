"""Bounds and estimates: published closed forms, and the order they must keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellion.homogenise.bounds import (
    hashin_shtrikman_bounds,
    wiener_bounds,
)
from cellion.homogenise.effective_medium import (
    bruggeman_effective_medium,
    polycrystal_2d,
    polycrystal_self_consistent,
)
from helpers.closed_forms import beran_bounds, maxwell, polycrystal_bounds

REFERENCES = Path(__file__).parents[2] / "references" / "references.json"
# Printed with 12 digits, so agreement is checked to 1e-9 as the entries ask.
DIGITS = 1e-9
# Newton's last step and sums over phases lose a few units in the last place.
ROUNDING = 1e-10


def entries(kind: str) -> list[Any]:
    found = json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]
    return [pytest.param(e, id=e["id"]) for e in found if e["kind"] == kind]


@pytest.mark.parametrize("entry", entries("bounds"))
def test_composite_agrees_with_references(entry: dict[str, Any]) -> None:
    phi, sigma = entry["inputs"]["fractions"], entry["inputs"]["sigma"]
    expected = entry["expected"]
    np.testing.assert_allclose(wiener_bounds(phi, sigma), expected["wiener"], rtol=DIGITS)
    np.testing.assert_allclose(hashin_shtrikman_bounds(phi, sigma), expected["hs"], rtol=DIGITS)
    np.testing.assert_allclose(
        hashin_shtrikman_bounds(phi, sigma, dimension=2), expected["hs_2d"], rtol=DIGITS
    )
    np.testing.assert_allclose(
        bruggeman_effective_medium(phi, sigma), expected["bruggeman"], rtol=DIGITS
    )
    np.testing.assert_allclose(
        bruggeman_effective_medium(phi, sigma, dimension=2), expected["bruggeman_2d"], rtol=DIGITS
    )


@pytest.mark.parametrize("entry", entries("three_point_bounds"))
def test_three_point_bounds_agree_with_references(entry: dict[str, Any]) -> None:
    given_ = entry["inputs"]
    fractions = [1.0 - given_["phi2"], given_["phi2"]]
    bounds = beran_bounds(fractions, [given_["s1"], given_["s2"]], given_["zeta2"])
    np.testing.assert_allclose(bounds, entry["expected"]["bounds"], rtol=DIGITS)


@pytest.mark.parametrize("entry", entries("polycrystal3d_bounds"))
def test_polycrystal_bounds_agree_with_references(entry: dict[str, Any]) -> None:
    principal, expected = entry["inputs"]["principal"], entry["expected"]
    bounds = polycrystal_bounds(principal)
    names = ("lower_optimal", "hs_lower", "hs_upper", "upper_optimal")
    np.testing.assert_allclose(bounds, [expected[name] for name in names], rtol=DIGITS)
    np.testing.assert_allclose(
        polycrystal_self_consistent(principal), expected["self_consistent"], rtol=DIGITS
    )


@pytest.mark.parametrize("entry", entries("polycrystal3d_sc"))
def test_crystals_that_conduct_in_a_plane(entry: dict[str, Any]) -> None:
    value = polycrystal_self_consistent(entry["inputs"]["principal"])
    np.testing.assert_allclose(value, entry["expected"]["self_consistent"], rtol=DIGITS)
    assert polycrystal_bounds(entry["inputs"]["principal"]).lower == 0.0


def test_two_dimensional_polycrystal_is_the_geometric_mean() -> None:
    np.testing.assert_allclose(polycrystal_2d([[1.0, 9.0], [0.0, 5.0]]), [3.0, 0.0])


# At the percolation threshold of the medium, rounding grows with the root of the contrast: at 1e10
# it reaches 2e-11.
conductivities = st.floats(min_value=1e-5, max_value=1e5)


@st.composite
def composites(draw: st.DrawFn, zeros: bool = True) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(min_value=1, max_value=5))
    weights = draw(hnp.arrays(float, n, elements=st.floats(min_value=1e-3, max_value=1.0)))
    values = st.one_of(st.just(0.0), conductivities) if zeros else conductivities
    return weights / weights.sum(), draw(hnp.arrays(float, n, elements=values))


@given(composites(), st.sampled_from([2, 3]))
def test_bounds_are_ordered(composite: tuple[np.ndarray, np.ndarray], dimension: int) -> None:
    phi, sigma = composite
    wiener = wiener_bounds(phi, sigma)
    tight = hashin_shtrikman_bounds(phi, sigma, dimension=dimension)
    medium = bruggeman_effective_medium(phi, sigma, dimension=dimension)
    chain = np.array([wiener.lower, tight.lower, medium, tight.upper, wiener.upper])
    assert (np.diff(chain) >= -ROUNDING * chain[1:]).all()


@given(composites(), st.sampled_from([2, 3]), st.randoms(use_true_random=False))
def test_order_of_the_phases_does_not_matter(
    composite: tuple[np.ndarray, np.ndarray], dimension: int, random: Any
) -> None:
    phi, sigma = composite
    order = list(range(len(phi)))
    random.shuffle(order)
    for bound in (hashin_shtrikman_bounds, bruggeman_effective_medium):
        np.testing.assert_allclose(
            bound(phi[order], sigma[order], dimension=dimension),
            bound(phi, sigma, dimension=dimension),
            rtol=1e-9,
        )


@given(composites(), st.floats(min_value=1e-6, max_value=1e6))
def test_scaling_all_conductivities_scales_the_answer(
    composite: tuple[np.ndarray, np.ndarray], factor: float
) -> None:
    phi, sigma = composite
    for bound in (wiener_bounds, hashin_shtrikman_bounds, bruggeman_effective_medium):
        np.testing.assert_allclose(
            bound(phi, factor * sigma), factor * np.asarray(bound(phi, sigma)), rtol=1e-8
        )


@given(composites(zeros=False))
def test_two_dimensional_medium_is_self_dual(composite: tuple[np.ndarray, np.ndarray]) -> None:
    """Keller's theorem: in two dimensions sigma_eff(1/sigma) = 1/sigma_eff(sigma)."""
    phi, sigma = composite
    direct = bruggeman_effective_medium(phi, sigma, dimension=2)
    dual = bruggeman_effective_medium(phi, 1.0 / sigma, dimension=2)
    np.testing.assert_allclose(direct * dual, 1.0, rtol=1e-9)


@given(hnp.arrays(float, 3, elements=conductivities))
def test_polycrystal_bounds_are_ordered(principal: np.ndarray) -> None:
    bounds = polycrystal_bounds(principal)
    chain = np.array(
        [
            bounds.lower,
            bounds.hs_lower,
            polycrystal_self_consistent(principal),
            bounds.hs_upper,
            bounds.upper,
        ]
    )
    assert (np.diff(chain) >= -1e-8 * chain[1:]).all()
    assert bounds.lower >= principal.min() * (1 - ROUNDING)


@given(st.floats(min_value=0.01, max_value=0.99), conductivities, conductivities)
def test_maxwell_is_the_hashin_shtrikman_bound_of_the_matrix(
    phi: float, inclusion: float, matrix: float
) -> None:
    bounds = hashin_shtrikman_bounds([phi, 1.0 - phi], [inclusion, matrix])
    bound = bounds.lower if matrix <= inclusion else bounds.upper
    np.testing.assert_allclose(maxwell(phi, inclusion, matrix), bound, rtol=1e-6)


@pytest.mark.parametrize("dimension", [2, 3])
def test_extreme_zeta_gives_the_hashin_shtrikman_bounds(dimension: int) -> None:
    phi, sigma = [0.35, 0.65], [2.0, 7.0]
    tight = hashin_shtrikman_bounds(phi, sigma, dimension=dimension)
    np.testing.assert_allclose(beran_bounds(phi, sigma, 0.0, dimension=dimension), tight.lower)
    np.testing.assert_allclose(beran_bounds(phi, sigma, 1.0, dimension=dimension), tight.upper)


def test_curves_come_from_one_call() -> None:
    phi = np.linspace(0.0, 1.0, 11)
    fractions = np.stack([phi, 1.0 - phi], axis=-1)
    medium = bruggeman_effective_medium(fractions, [3.0, 0.0])
    np.testing.assert_allclose(medium, 3.0 * np.maximum(1.5 * phi - 0.5, 0.0), atol=1e-12)
    bounds = hashin_shtrikman_bounds(fractions, [3.0, 0.0])
    np.testing.assert_allclose(bounds.upper, 3.0 * 2 * phi / (3.0 - phi), atol=1e-12)
    np.testing.assert_array_equal(bounds.lower[:-1], 0.0)
    assert bounds.lower[-1] == pytest.approx(3.0)


def test_absent_phase_has_no_influence() -> None:
    two = hashin_shtrikman_bounds([0.4, 0.6], [1.0, 10.0])
    three = hashin_shtrikman_bounds([0.4, 0.6, 0.0], [1.0, 10.0, 1e9])
    np.testing.assert_allclose(three, two)
    np.testing.assert_allclose(
        bruggeman_effective_medium([0.4, 0.6, 0.0], [1.0, 10.0, 0.0]),
        bruggeman_effective_medium([0.4, 0.6], [1.0, 10.0]),
    )


def test_insulators_and_perfect_conductors() -> None:
    np.testing.assert_array_equal(hashin_shtrikman_bounds([0.5, 0.5], [0.0, 0.0]), 0.0)
    assert bruggeman_effective_medium([0.5, 0.5], [0.0, 0.0]) == 0.0
    assert maxwell(0.25, np.inf, 1.0) == pytest.approx((1 + 0.5) / (1 - 0.25))
    assert maxwell(0.25, 0.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("fractions", "conductivity", "message"),
    [
        ([0.4, 0.5], [1.0, 2.0], "sum to 0.9; they must sum to 1"),
        ([-0.1, 1.1], [1.0, 2.0], "a fraction is -0.1"),
        ([0.4, 0.6], [1.0, -2.0], "a conductivity is -2"),
        ([0.4, 0.6], [1.0, np.nan], "a conductivity is nan"),
        (1.0, 1.0, r"fractions have shape \(\)"),
    ],
)
def test_meaningless_input_is_refused(fractions: Any, conductivity: Any, message: str) -> None:
    for bound in (wiener_bounds, hashin_shtrikman_bounds, bruggeman_effective_medium):
        with pytest.raises(ValueError, match=message):
            bound(fractions, conductivity)


def test_dimension_and_shape_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="dimension is 4; allowed are 2 and 3"):
        hashin_shtrikman_bounds([0.5, 0.5], [1.0, 2.0], dimension=4)
    with pytest.raises(ValueError, match=r"zeta is 1\.2"):
        beran_bounds([0.5, 0.5], [1.0, 2.0], 1.2)
    with pytest.raises(ValueError, match="two phases of positive conductivity"):
        beran_bounds([0.5, 0.5], [1.0, 0.0], 0.2)
    with pytest.raises(ValueError, match=r"found shape \(2,\); 3 principal values"):
        polycrystal_bounds([1.0, 2.0])
    with pytest.raises(ValueError, match=r"volume fraction is 1\.5"):
        maxwell(1.5, 1.0, 2.0)
