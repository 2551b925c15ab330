"""The diffusivity record: kinds, uncertainty, principal axes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cellion.errors import RatesError
from cellion.rates.diffusivity import Diffusivity, principal_axes

T = np.array([300.0])


def make(tensor, **kwargs):
    return Diffusivity(tensor=np.array([tensor], float), temperature=T, method="test", **kwargs)


def test_principal_axes_of_a_rotated_tensor():
    R = Rotation.from_euler("xyz", [0.3, -0.7, 1.1]).as_matrix()
    found = principal_axes(R @ np.diag([1.0, 5.0, 2.0]) @ R.T)
    assert found.values[0] == pytest.approx([5.0, 2.0, 1.0])
    assert np.abs(found.axes[0, 0] @ R[:, 1]) == pytest.approx(1.0)
    assert found.anisotropy[0] == pytest.approx(5.0)


def test_a_layered_conductor_has_infinite_anisotropy():
    assert principal_axes(np.diag([2.0, 2.0, 0.0])).anisotropy[0] == np.inf


def test_standard_errors_follow_the_order_of_the_covariance():
    covariance = np.diag([1.0, 4.0, 9.0, 16.0, 25.0, 36.0])[None]
    errors = make(np.eye(3), covariance=covariance).standard_error[0]
    assert errors == pytest.approx(np.array([[1, 6, 5], [6, 2, 4], [5, 4, 3]]))


def test_powder_mean():
    assert make(np.diag([1.0, 2.0, 6.0])).mean == pytest.approx([3.0])


@pytest.mark.parametrize(
    ("tensor", "kwargs", "message"),
    [
        (np.eye(3), {"kind": "tracr"}, "did you mean 'tracer'"),
        (np.eye(2), {}, "shape"),
        (np.eye(3), {"covariance": np.eye(6)}, "covariance: shape"),
        ([[1, 1, 0], [0, 1, 0], [0, 0, 1]], {}, "not symmetric"),
        (np.diag([1, 1, -1]), {}, "negative"),
        (np.diag([1, 1, np.nan]), {}, "finite"),
    ],
)
def test_meaningless_tensors_are_refused(tensor, kwargs, message):
    with pytest.raises(RatesError, match=message):
        make(tensor, **kwargs)
