"""Logarithmic axes hold whatever numbers a file has."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from cellion.export.diagrams import logarithmic


@pytest.mark.parametrize(
    "values", [[1e-3, 1e300], [1e-300, 1e301], [1e300, 1e300], [1e-308, 3], [0, 1e-300, 1]]
)
def test_numbers_at_the_edge_of_what_floats_hold_can_be_drawn(values: list[float]) -> None:
    axes = Figure().add_subplot()
    axes.plot(values, values)
    axes.margins(x=0.06, y=0.12)
    logarithmic(axes, "xy")
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert 0.0 < low < high < math.inf
        assert math.isfinite(high / low)


def test_usual_numbers_keep_their_limits() -> None:
    axes, right = Figure().subplots(1, 2)
    for each in (axes, right):
        each.plot([1.0, 2.0], [1e-9, 1e6])
    logarithmic(axes)
    right.set_yscale("log")
    assert axes.get_ylim() == right.get_ylim()
