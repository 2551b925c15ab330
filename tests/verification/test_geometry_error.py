"""The estimated geometry error falls when curved surfaces are met anew on finer meshes.

By itself every refinement moves the facets to the true spheres again, so that exact values stay in
the brackets, widened by the estimate, while both become narrow.
"""

from __future__ import annotations

import numpy as np
import pytest

from reference_cases.curved import answer, array_scenario
from reference_cases.rows import ENTRIES


@pytest.mark.parametrize(
    ("name", "size", "tolerance", "fall"),
    [
        ("disc-if-1", "0.12 um", "0.05 %", 0.25),
        ("disc-hex-0.8-0.05", "0.12 um", "0.05 %", 0.25),
        pytest.param("sph-sc-0.3-0", "0.25 um", "0.5 %", 0.6, marks=pytest.mark.slow),
        pytest.param("sph-if-1", "0.25 um", "0.5 %", 0.6, marks=pytest.mark.slow),
    ],
)
def test_the_geometry_error_falls_with_the_bracket(
    name: str, size: str, tolerance: str, fall: float
) -> None:
    entry = ENTRIES[name]
    sizes = {"size": size, "surface_size": size, "smallest_size": "0.01 um"}
    result = answer(array_scenario(entry, mesh=sizes), {"tolerance": tolerance})
    assert result.accuracy is not None
    history, exact = result.accuracy.history, entry["expected"]["scalar"]
    assert result.accuracy.stopped == "the tolerance is met"
    assert len(history) > 1
    errors = np.array([each.geometry_error for each in history])
    assert errors[-1] < fall * errors[0]
    assert result.accuracy.geometry_error == errors[-1]
    for each in history:
        low, high = each.lower["ion"]["x"], each.upper["ion"]["x"]
        room = each.geometry_error * high
        assert low - room <= exact <= high + room
