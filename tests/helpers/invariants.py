"""What holds for every result of a run, whatever was asked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime

import numpy as np

from cellion.cell.response import CellResponse
from cellion.results.record import CarrierResult, PercolationRecord, RunResult

ROUNDING = 1e-9
"""Relative difference of numbers that differ by the order of additions and a solver's tolerance."""


def check_result(result: RunResult) -> None:
    """Check a record: tensors, bounds, fractions, currents, percolation, provenance."""
    check_fractions(result)
    check_surfaces(result)
    check_provenance(result)
    if result.cell is not None:
        check_cell(result.cell)
    for name, carrier in result.carriers.items():
        check_tensor(carrier, perfect=not result.provenance.scenario.get("interfaces"))
        check_derived_numbers(carrier)
        check_percolation(carrier, result.percolation[name], result)
        for direction, imbalance in result.solver[name].flux_imbalance.items():
            assert abs(imbalance) <= 1e-6, (name, direction)


def asked(carrier: CarrierResult) -> np.ndarray:
    """The part of the tensor whose directions were asked for."""
    axes = ["xyz".index(direction) for direction in carrier.directions]
    return carrier.effective_conductivity[np.ix_(axes, axes)]


def check_tensor(carrier: CarrierResult, *, perfect: bool) -> None:
    """Symmetric, positive semidefinite, between the bounds that hold for every arrangement.

    Trial fields of the finite elements hold the uniform field, so that the upper bound of Wiener
    holds on the mesh as well, not only for the exact answer. Interfaces that block lead below the
    lower bound of perfect contact, those that conduct above the upper one.
    """
    assert carrier.directions
    tensor = np.nan_to_num(asked(carrier))
    scale = max(float(np.abs(tensor).max()), 1e-300)
    np.testing.assert_allclose(tensor, tensor.T, atol=ROUNDING * scale)
    principal = np.linalg.eigvalsh(tensor)
    assert principal.min() >= -ROUNDING * scale
    if "wiener" in carrier.composition_bounds:
        lower, upper = carrier.composition_bounds["wiener"]
        # Off-diagonal terms are unknown for directions that were not solved together.
        values = np.diagonal(tensor) if np.isnan(asked(carrier)).any() else principal
        *_, sheets = carrier.mean_dissipation
        if perfect:
            assert values.min() >= lower * (1 - ROUNDING)
        if perfect or sheets == 0.0:
            assert values.max() <= upper * (1 + ROUNDING)


def check_derived_numbers(carrier: CarrierResult) -> None:
    """Tortuosity factor and MacMullin number follow from the tensor.

    The factor is 1 at least, unless sheets conduct along the boundaries.
    """
    for direction in carrier.directions:
        axis = "xyz".index(direction)
        sigma = float(carrier.effective_conductivity[axis, axis])
        factor = carrier.tortuosity_factor[direction]
        number = carrier.macmullin_number[direction]
        if not carrier.percolates[direction]:
            assert sigma == 0.0
            assert factor == number == math.inf
            assert carrier.reason
            continue
        assert sigma > 0.0
        assert math.isclose(number * sigma, carrier.bulk_conductivity, rel_tol=ROUNDING)
        assert math.isclose(factor, number * carrier.conducting_fraction, rel_tol=ROUNDING)
        *_, sheets = carrier.mean_dissipation
        # There are no bounds for anisotropic materials.
        if carrier.composition_bounds and not sheets > 0.0:
            assert factor >= 1 - ROUNDING


def check_percolation(
    carrier: CarrierResult, percolation: PercolationRecord, result: RunResult
) -> None:
    """What carries current, dangles or is isolated makes up each conducting material."""
    for material in carrier.conducting:
        for direction in carrier.directions:
            parts = [
                found[material][direction]
                for found in (percolation.percolating, percolation.dangling, percolation.isolated)
            ]
            whole = result.volume_fraction[material].meshed
            assert whole is not None
            assert min(parts) >= 0.0
            assert math.isclose(sum(parts), whole, rel_tol=ROUNDING)
    for direction in carrier.directions:
        assert (direction in percolation.reason) is not carrier.percolates[direction]


def check_fractions(result: RunResult) -> None:
    """Volumes fill the box (the composite of a cell); weights, where known, the solid."""
    if result.cell is None:
        assert set(result.volume_fraction) == set(result.materials)
    assert set(result.volume_fraction) <= set(result.materials)
    volumes = [fraction.meshed for fraction in result.volume_fraction.values()]
    assert all(volume is not None and volume >= 0.0 for volume in volumes)
    assert math.isclose(sum(v for v in volumes if v is not None), 1.0, rel_tol=ROUNDING)
    weights = [fraction.meshed for fraction in result.weight_fraction.values()]
    if weights:
        assert math.isclose(sum(w for w in weights if w is not None), 1.0, rel_tol=ROUNDING)


def check_surfaces(result: RunResult) -> None:
    """The surface of a material is shared with the others."""
    between: Mapping[str, float] = {
        pair: area for pair, area in result.contact_area.items() if len(set(pair.split("/"))) == 2
    }
    for material, area in result.specific_surface.items():
        shared = sum(value for pair, value in between.items() if material in pair.split("/"))
        assert area >= 0.0
        assert math.isclose(area, shared, rel_tol=ROUNDING, abs_tol=1e-12)


def check_cell(cell: CellResponse) -> None:
    """Parts add up, all current reacts, what enters leaves, and shares are shares."""
    for share in cell.active.values():
        kinds = astuple(share)
        assert min(kinds) >= 0.0
        assert math.isclose(sum(kinds), 1.0, rel_tol=ROUNDING)
    assert 0.0 <= cell.connected_area <= cell.reaction_area * (1 + ROUNDING)
    if not cell.connects:
        assert math.isinf(cell.area_specific_resistance)
        return
    assert min(cell.parts.values()) >= 0.0
    total = math.fsum(cell.parts.values())
    assert math.isclose(total, cell.area_specific_resistance, rel_tol=ROUNDING)
    assert math.isclose(math.fsum(cell.reaction_current), 1.0, rel_tol=1e-6)
    assert len(cell.depth) == len(cell.reaction_current) + 1
    assert cell.imbalance <= 1e-6


def check_provenance(result: RunResult) -> None:
    """Enough is known to repeat the run."""
    made = result.provenance
    assert datetime.fromisoformat(made.date).tzinfo is not None
    assert {"cellion", "numpy", "scipy", "mpi4py", "h5py", "dolfinx", "petsc"} <= set(made.versions)
    assert all(made.versions.values())
    assert made.git_commit is None or re.fullmatch("[0-9a-f]{40}", made.git_commit)
    assert made.ranks >= 1
    last = "homogenise" if result.cell is None else "cell"
    assert {"mesh", "distribute", "discretise", last} <= set(made.wall_time)
    assert all(seconds >= 0.0 for seconds in made.wall_time.values())
    assert made.peak_memory > 5e7 * made.ranks
    assert made.python
    assert made.platform
    assert {"name", "materials", "microstructure"} <= set(made.scenario)
    (geometry,) = made.scenario["microstructure"].values()
    assert made.seed == geometry.get("seed")
