"""The accuracy section: what it means, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cellion.errors import ScenarioError
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario


def scenario(accuracy: dict[str, Any], **more: Any) -> Scenario:
    return build_scenario(
        {
            "name": "tiles",
            "materials": {
                "A": {"ion": {"conductivity": "1 mS/cm"}},
                "B": {"ion": {"conductivity": "9 mS/cm"}},
            },
            "microstructure": {
                "checkerboard": {
                    "box": ["1 um", "1 um"],
                    "divisions": [2, 2],
                    "materials": ["A", "B"],
                }
            },
            "accuracy": accuracy,
            **more,
        }
    )


def test_values_are_si() -> None:
    found = scenario({"tolerance": "2 %", "memory": "8 GB", "time": "1 h"}).accuracy
    assert found is not None
    assert found.bracket
    assert (found.tolerance, found.memory, found.time) == (0.02, 8e9, 3600.0)


def test_a_bracket_alone_keeps_the_mesh() -> None:
    found = scenario({}).accuracy
    assert found is not None
    assert found.bracket
    assert found.tolerance is None


@pytest.mark.parametrize(
    ("accuracy", "more", "told"),
    [
        ({"tolerance": "0 %"}, {}, r"accuracy\.tolerance: found '0 %'; a tolerance from 1e-6"),
        ({"tolerance": "150 %"}, {}, r"accuracy\.tolerance"),
        ({"memory": "8"}, {}, r"accuracy\.memory: .*such as '8 GB'"),
        ({"memory": 8}, {}, r"accuracy\.memory"),
        ({"time": "-1 h"}, {}, r"accuracy\.time"),
        ({"tolerance": 0.1, "bracket": False}, {}, r"accuracy\.tolerance: it is the width"),
        (
            {},
            {"transport": {"boundary": "uniform_flux"}},
            r"accuracy\.bracket: found true, but no bounds are known .*'uniform_flux'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    accuracy: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    with pytest.raises(ScenarioError, match=told):
        scenario(accuracy, **more)
