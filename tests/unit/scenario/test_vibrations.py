"""Frequencies of normal modes, as people or programs write them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cellion.scenario.vibrations import VibrationsSpec


@pytest.mark.parametrize("mode", [10**400, float("inf"), float("nan"), True])
def test_a_mode_that_is_no_frequency_is_refused(mode: float) -> None:
    with pytest.raises(ValidationError, match="a frequency as a plain number is needed"):
        VibrationsSpec.model_validate({"unit": "THz", "initial": [mode], "saddle": [1.0]})
