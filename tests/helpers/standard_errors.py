"""Standard errors of simulated diffusivities."""

from __future__ import annotations

import numpy as np

from cellion.rates.diffusivity import Diffusivity


def mean_error(found: Diffusivity) -> float:
    """Standard error of one third of the trace at the first temperature [m^2/s]."""
    assert found.covariance is not None
    return float(np.sqrt(found.covariance[0, :3, :3].sum()) / 3.0)
