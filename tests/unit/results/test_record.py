"""Means over directions, names of pairs, look-up of carriers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cellion.errors import ResultsError
from cellion.results.codec import encode
from cellion.results.record import RunResult, pair_name


def test_means_are_taken_over_the_directions_that_were_asked(plane_result: RunResult) -> None:
    ion = plane_result.carrier("ion")
    expected = np.diagonal(ion.effective_conductivity)[:2].mean()
    assert ion.mean_conductivity == pytest.approx(expected, rel=1e-15)
    assert ion.mean_tortuosity_factor == pytest.approx(
        ion.conducting_fraction * ion.bulk_conductivity / expected, rel=1e-15
    )
    assert math.isnan(ion.mean_error_estimate)


def test_nothing_percolating_has_conductivity_zero_and_infinite_tortuosity(
    result: RunResult,
) -> None:
    electron = result.carrier("electron")
    assert electron.mean_conductivity == 0
    assert electron.mean_tortuosity_factor == math.inf


def test_the_error_estimate_of_the_mean_is_the_largest_one(result: RunResult) -> None:
    ion = replace(
        result.carrier("ion"),
        discretisation_error_estimate={"x": 0.01, "y": math.nan, "z": 0.02},
    )
    assert ion.mean_error_estimate == 0.02


def test_pairs_have_one_name(result: RunResult) -> None:
    assert pair_name("SE", "CAM") == pair_name("CAM", "SE") == "CAM/SE"
    assert pair_name("SE", "CAM") in result.contact_area


def test_an_unknown_carrier_is_refused_with_the_nearest(result: RunResult) -> None:
    with pytest.raises(ResultsError, match=r"'electrons'.*did you mean 'electron'.*ion, electron"):
        result.carrier("electrons")


def test_a_tensor_of_the_wrong_shape_is_refused(result: RunResult) -> None:
    with pytest.raises(ResultsError, match=r"found shape \(2, 2\)"):
        replace(result.carrier("ion"), lower=np.eye(2))


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ResultsError, match="type object cannot be saved"):
        encode({"a": object()})
