"""Wrapping points into the box."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cellion.microstructure.arrays import wrap


@given(x=st.floats(-1e3, 1e3), edge=st.floats(1e-7, 10.0))
def test_wrapped_points_lie_in_the_half_open_box(x, edge):
    point = wrap(np.array([[x, x]]), np.array([edge, edge]), np.array([True, False]))[0]
    assert 0 <= point[0] < edge
    assert point[1] == x


def test_a_tiny_negative_coordinate_becomes_zero():
    assert wrap(np.array([[-1e-30]]), np.ones(1), np.ones(1, bool)).tolist() == [[0.0]]
