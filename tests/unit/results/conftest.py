"""Records to test with: a small composite whose numbers are easy to follow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cellion.results.provenance import collect_provenance
from cellion.results.record import (
    CarrierResult,
    Fraction,
    PercolationRecord,
    RunResult,
    SolverRecord,
)

XYZ = ("x", "y", "z")


def carrier(
    fraction: float, bulk: float, factors: tuple[float, float, float], conducting: str = "SE"
) -> CarrierResult:
    """A carrier whose effective conductivities are ``factors * bulk``."""
    diagonal = [factor * bulk for factor in factors]
    macmullin = [1 / factor if factor else math.inf for factor in factors]
    exponents = [math.log(f) / math.log(fraction) if f else math.inf for f in factors]
    return CarrierResult(
        conducting=(conducting,),
        conducting_fraction=fraction,
        bulk_conductivity=bulk,
        effective_conductivity=np.diag(diagonal),
        percolates={d: f > 0 for d, f in zip(XYZ, factors, strict=True)},
        tortuosity_factor={d: fraction * m for d, m in zip(XYZ, macmullin, strict=True)},
        macmullin_number=dict(zip(XYZ, macmullin, strict=True)),
        bruggeman_exponent=dict(zip(XYZ, exponents, strict=True)),
        discretisation_error_estimate={
            d: 0.004 if f else math.nan for d, f in zip(XYZ, factors, strict=True)
        },
        reason=None if any(factors) else "no conducting phase connects two opposite faces",
    )


def run(
    *, solid_electrolyte: float = 0.42, seed: int = 271, isolated_cam: bool = True
) -> RunResult:
    """A packing of cathode particles (CAM) in a solid electrolyte (SE) with 5 % pores."""
    cam = 0.95 - solid_electrolyte
    spread = 1 + 0.002 * (seed % 7)
    ion = carrier(
        solid_electrolyte, 0.24, tuple(solid_electrolyte**e * spread for e in (1.6, 1.7, 1.8))
    )
    electron_factor = 0.0 if isolated_cam else cam**3
    electron = carrier(cam, 1.2, (electron_factor,) * 3, "CAM")
    solid = solid_electrolyte * 1880 + cam * 4780
    return RunResult(
        name="ncm_li6ps5cl",
        temperature=298.15,
        box=(30e-6, 30e-6, 30e-6),
        materials=("SE", "CAM", "pore"),
        carriers={"ion": ion, "electron": electron},
        volume_fraction={
            "SE": Fraction(meshed=solid_electrolyte),
            "CAM": Fraction(requested=0.53, meshed=cam),
            "pore": Fraction(requested=0.05, meshed=0.05),
        },
        weight_fraction={
            "SE": Fraction(meshed=solid_electrolyte * 1880 / solid),
            "CAM": Fraction(meshed=cam * 4780 / solid),
        },
        specific_surface={"SE": 4.1e5, "CAM": 3.9e5, "pore": 0.4e5},
        contact_area={"CAM/SE": 3.8e5, "CAM/CAM": 0.1e5, "CAM/pore": 0.1e5, "SE/pore": 0.3e5},
        percolation={
            "ion": PercolationRecord(percolating={"SE": {"x": 0.41}}, isolated={"SE": {"x": 0.01}})
        },
        solver={
            "ion": SolverRecord(
                unknowns=51_234,
                iterations=dict.fromkeys(XYZ, 14),
                residual=dict.fromkeys(XYZ, 3.1e-9),
                flux_imbalance=dict.fromkeys(XYZ, 2.2e-10),
                reason="CONVERGED_RTOL",
            )
        },
        mesh={"cells": 300_123, "min_dihedral_degrees": 6.2},
        provenance=collect_provenance(
            scenario={"name": "ncm_li6ps5cl", "temperature": "298.15 K"},
            seed=seed,
            ranks=2,
            wall_time={"mesh": 1.25, "solve": 3.5},
            peak_memory=1.2e9,
        ),
        notes=("gaps below 0.1 um were closed",),
    )


def two_directions() -> RunResult:
    """A run in a plane: nothing was asked about z."""
    result = run()
    ion = result.carriers["ion"]
    tensor = np.array(ion.effective_conductivity)
    tensor[2, :] = tensor[:, 2] = np.nan
    plane = replace(
        ion,
        effective_conductivity=tensor,
        tortuosity_factor={"x": 1.5, "y": 1.6},
        macmullin_number={"x": 3.0, "y": 3.2},
        bruggeman_exponent={"x": 1.5, "y": 1.6},
        percolates={"x": True, "y": True},
        discretisation_error_estimate={},
    )
    return replace(result, box=(30e-6, 20e-6), carriers={"ion": plane})


@pytest.fixture
def result() -> RunResult:
    """A run in which no electron finds a way through."""
    return run()


@pytest.fixture
def plane_result() -> RunResult:
    """A run in a plane, whose third direction was not asked for."""
    return two_directions()
