"""`effective_transport` derives the reported numbers from a tensor and a composition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.homogenise.properties import EffectiveTransport, effective_transport, isotropic

EYE = np.eye(3)


def composite(effective: Any, **changes: Any) -> EffectiveTransport:
    arguments: dict[str, Any] = {
        "materials": ("SE", "CAM", "pore"),
        "fractions": [0.4, 0.5, 0.1],
        "conductivity": np.stack([0.2 * EYE, 0 * EYE, 0 * EYE]),
        "percolates": {"x": True, "y": True, "z": False},
    }
    return effective_transport("ion", effective, **(arguments | changes))


def test_one_conductor_among_insulators() -> None:
    answer = composite(np.diag([0.02, 0.04, 0.0]))
    assert answer.conducting == ("SE",)
    assert answer.conducting_fraction == pytest.approx(0.4)
    assert answer.bulk_conductivity == pytest.approx(0.2)
    assert answer.tortuosity_factor == pytest.approx({"x": 4.0, "y": 2.0, "z": np.inf})
    assert answer.macmullin_number == pytest.approx({"x": 10.0, "y": 5.0, "z": np.inf})
    assert answer.bruggeman_exponent["x"] == pytest.approx(1 - np.log(4) / np.log(0.4))
    assert answer.bounds["wiener"] == pytest.approx((0.0, 0.08))
    assert answer.bounds["hashin_shtrikman"] == pytest.approx((0.0, 0.2 * 0.8 / 2.6))


def test_direction_that_was_not_asked_is_left_out() -> None:
    tensor = np.full((3, 3), np.nan)
    tensor[:, 1] = [0.0, 0.04, 0.0]
    answer = composite(tensor, percolates={"y": True})
    assert answer.directions == ("y",)
    assert set(answer.tortuosity_factor) == {"y"}


def test_two_conductors_share_a_mean_conductivity() -> None:
    tensors = np.stack([0.2 * EYE, 0.1 * EYE, 0 * EYE])
    answer = composite(0.08 * EYE, conductivity=tensors)
    assert answer.conducting == ("SE", "CAM")
    assert answer.bulk_conductivity == pytest.approx((0.4 * 0.2 + 0.5 * 0.1) / 0.9)
    assert answer.tortuosity_factor["x"] == pytest.approx(0.13 / 0.08)


def test_nothing_conducts() -> None:
    answer = composite(np.zeros((3, 3)), conductivity=np.zeros((3, 3, 3)))
    assert answer.conducting == ()
    assert answer.bulk_conductivity == 0.0
    assert answer.bounds["wiener"] == (0.0, 0.0)


def test_anisotropic_material_has_no_scalar_bounds() -> None:
    tensors = np.stack([np.diag([0.3, 0.2, 0.1]), 0 * EYE, 0 * EYE])
    answer = composite(0.02 * EYE, conductivity=tensors)
    assert answer.bounds == {}
    assert answer.bulk_conductivity == pytest.approx(0.2)


def test_two_dimensions_use_the_two_dimensional_bounds() -> None:
    tensors = np.stack([np.eye(2), np.zeros((2, 2))])
    answer = effective_transport(
        "electron",
        0.4 * np.eye(2),
        materials=("A", "B"),
        fractions=[0.7, 0.3],
        conductivity=tensors,
        percolates={"x": True, "y": True},
    )
    assert answer.directions == ("x", "y")
    assert answer.bounds["hashin_shtrikman"][1] == pytest.approx(0.7 / 1.3)


def test_isotropy_is_relative_to_the_largest_entry() -> None:
    assert isotropic(1e-12 * EYE)
    assert not isotropic(1e-12 * np.diag([1.0, 1.0, 1.001]))
    assert isotropic(np.zeros((3, 3)))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"3 materials, conductivities \(2, 3, 3\)"):
        composite(EYE, conductivity=np.zeros((2, 3, 3)))
