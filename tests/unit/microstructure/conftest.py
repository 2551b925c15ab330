"""Geometries and requests that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cellion.microstructure.spheres import SphereGeometry
from cellion.scenario.packing import PackingSpec

DENSITIES = {"SE": 1870.0, "CAM": 4700.0, "C": 1900.0, "pore": None}


def make_spheres(
    centers: Any,
    radii: Any,
    box: Any = (1.0, 1.0, 1.0),
    periodic: Any = True,
    materials: Any = None,
) -> SphereGeometry:
    box = np.asarray(box, dtype=float)
    radii = np.asarray(radii, dtype=float)
    owner = np.ones(radii.size) if materials is None else np.asarray(materials)
    return SphereGeometry(
        box=box,
        periodic=np.broadcast_to(periodic, box.shape).astype(bool),
        centers=np.asarray(centers, dtype=float).reshape(-1, box.size),
        radii=radii,
        label_material=np.concatenate([[0], owner]).astype(np.int32),
    )


def make_packing(particles: list[dict[str, Any]], **changes: Any) -> PackingSpec:
    document: dict[str, Any] = {
        "box": ["1 um", "1 um", "1 um"],
        "seed": 7,
        "matrix": "SE",
        "particles": particles,
    }
    return PackingSpec.model_validate({**document, **changes})


def make_class(
    fraction: float, count: float, sigma: float | None = None, material: str = "CAM"
) -> dict[str, Any]:
    """Particles of about ``count`` in the unit box."""
    diameter = f"{(6 * fraction / np.pi / count) ** (1 / 3):.12f} um"
    spread = diameter if sigma is None else {"lognormal": {"median": diameter, "sigma": sigma}}
    return {"material": material, "volume_fraction": fraction, "diameter": spread}


@pytest.fixture
def spheres() -> Callable[..., SphereGeometry]:
    return make_spheres


@pytest.fixture
def packing() -> Callable[..., PackingSpec]:
    return make_packing


@pytest.fixture
def particle_class() -> Callable[..., dict[str, Any]]:
    return make_class


@pytest.fixture
def densities() -> dict[str, float | None]:
    return dict(DENSITIES)


@pytest.fixture
def sizes() -> SimpleNamespace:
    return SimpleNamespace(size=0.1, surface=0.04, smallest=0.002, gap_cells=2.0)
