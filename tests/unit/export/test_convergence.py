"""The diagram of a refinement: both bounds of every direction that conducts, over unknowns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cellion.export.convergence import convergence_figure
from cellion.results.accuracy import AccuracyRecord, PassRecord


def a_pass(unknowns: int, gap: float, geometry: float) -> PassRecord:
    return PassRecord(
        cells=unknowns,
        lower={"ion": {"x": 0.2 - gap, "y": 0.0}},
        upper={"ion": {"x": 0.2 + gap, "y": 0.0}},
        unknowns=unknowns,
        seconds=1.0,
        geometry_error=geometry,
    )


def record(*passes: PassRecord) -> AccuracyRecord:
    return AccuracyRecord(
        width=0.1, tolerance=0.05, stopped="", rounding=0.0, history=passes, geometry_error=math.nan
    )


@pytest.mark.parametrize(("geometry", "lines"), [(0.01, 3), (math.nan, 2), (0.0, 2)])
def test_bounds_and_width_are_drawn_for_what_conducts(geometry: float, lines: int) -> None:
    accuracy = record(a_pass(100, 0.05, geometry), a_pass(1000, 0.01, geometry))
    assert accuracy.converges
    above, below = convergence_figure(accuracy, "tiles").axes
    high, low = (line.get_ydata() for line in above.lines)
    np.testing.assert_allclose(high, [2.5, 2.1])  # mS/cm
    np.testing.assert_allclose(low, [1.5, 1.9])
    np.testing.assert_allclose(below.lines[0].get_ydata(), [50.0, 10.0])
    # the width, the tolerance, and flat facets where there is something to say of them
    assert len(below.lines) == lines
    assert above.get_xscale() == above.get_yscale() == "log"


def test_one_mesh_is_no_convergence() -> None:
    assert not record(a_pass(100, 0.05, 0.0)).converges
    nothing = PassRecord(
        cells=1, lower={"ion": {"x": 0.0}}, upper={"ion": {"x": 0.0}}, unknowns=1, seconds=0.0
    )
    assert not record(nothing, nothing).converges
