"""Kinetic Monte Carlo of any defect mechanism converges to the exact correlation factors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cellion.rates.correlation import charge_tensor, tracer_tensor, uncorrelated_tensor
from cellion.rates.interstitialcy import PushedIons, interstitialcy
from cellion.rates.jump_network import Hop, Site, jump_network
from cellion.rates.lattices import LATTICES, lattice_network
from cellion.rates.mechanisms import Mechanism, concerted, divacancy, vacancy
from helpers.defect_walk import DefectWalk, walk_defect
from helpers.interstitialcies import equal_interstitialcy

REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES = {e["id"]: e for e in json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]}

T = 300.0
FCC = np.array(LATTICES["fcc"].vectors)
QUARTERS = np.array([[0.25] * 3, [0.75] * 3])
JUMP = np.sqrt(3.0) / 4.0
PRECISE = 0.005
"""Largest relative standard error."""


def silver_halide(distance: float) -> Mechanism:
    return equal_interstitialcy(
        FCC, np.zeros((1, 3)), QUARTERS, jump=JUMP, interstitial_distance=distance, rate=1.0
    )


def fluorite() -> Mechanism:
    centre = np.array([[0.5, 0.5, 0.5]])
    return equal_interstitialcy(
        FCC, QUARTERS, centre, jump=JUMP, interstitial_distance=np.sqrt(0.5), rate=1.0
    )


def exchange() -> Mechanism:
    """Interstitials in the middle of the edges of a cubic crystal: they hop, and push."""
    empty = [
        Site(name=name, position=place)
        for name, place in (("x", (0.5, 0, 0)), ("y", (0, 0.5, 0)), ("z", (0, 0, 0.5)))
    ]
    hops, via = [], []
    for k, name in enumerate("xyz"):
        along = tuple(np.eye(3, dtype=int)[k].tolist())
        # over the full site between them, and half as often past it
        for path, rate, pushes in (("push", 1.0, 0), ("past", 0.5, -1)):
            hops.append(
                Hop(
                    start=name,
                    end=name,
                    translation=along,
                    saddle_energy=0.0,
                    prefactor=rate,
                    path=path,
                )
            )
            via.append(pushes)
    for start, end in (("x", "y"), ("y", "z"), ("z", "x")):
        hops.append(Hop(start=start, end=end, saddle_energy=0.0, prefactor=0.5))
        via.append(-1)
    full = PushedIons(
        positions=np.zeros((1, 3)), kinds=np.zeros(1, dtype=np.int64), via=np.array(via)
    )
    return interstitialcy(jump_network(np.eye(3), empty, hops), full, T)


def exact(mechanism: Mechanism, size: int) -> tuple[float, float]:
    """Correlation factor and Haven ratio on a torus."""
    tracer = np.trace(tracer_tensor(mechanism, size))
    return (
        float(tracer / np.trace(uncorrelated_tensor(mechanism))),
        float(tracer / np.trace(charge_tensor(mechanism))),
    )


def walked(mechanism: Mechanism, size: int, seed: int) -> DefectWalk:
    return walk_defect(
        mechanism, size, lag=320, copies=512, blocks=16, rng=np.random.default_rng(seed)
    )


def agrees(found: DefectWalk, factor: float, haven: float) -> None:
    """Within 3 standard errors, these below 0.5 %."""
    assert found.correlation_error < PRECISE * factor
    assert found.haven_error < PRECISE * haven
    assert found.correlation_factor == pytest.approx(factor, abs=3 * found.correlation_error)
    assert found.haven_ratio == pytest.approx(haven, abs=3 * found.haven_error)


def test_collinear_interstitialcy():
    """Reference corr-int-agx_collinear: f = 2/3, H = 1/3, once the box is taken to infinity."""
    mechanism = silver_halide(np.sqrt(0.75))
    expected = ENTRIES["corr-int-agx_collinear"]["expected"]
    box = exact(mechanism, 4)
    found = walked(mechanism, 4, seed=7127)
    agrees(found, *box)
    infinite = found.correlation_factor - (box[0] - expected["f"])
    assert infinite == pytest.approx(expected["f"], abs=3 * found.correlation_error)


def test_exchange_mixes_direct_hops_and_pushes():
    mechanism = exchange()
    assert mechanism.name == "exchange"
    agrees(walked(mechanism, 4, seed=7129), *exact(mechanism, 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "seed"),
    [
        (lambda: silver_halide(0.5), 7151),
        (fluorite, 7159),
        (lambda: vacancy(unit("fcc"), T), 7177),
        (lambda: divacancy(unit("fcc"), T), 7187),
        (lambda: concerted(unit("sc"), T, 2), 7193),
    ],
    ids=["bent, silver halide", "bent, fluorite", "vacancy", "divacancy", "rows of 2"],
)
def test_every_mechanism(build, seed):
    mechanism = build()
    found = walk_defect(
        mechanism, 4, lag=320, copies=1024, blocks=24, rng=np.random.default_rng(seed)
    )
    agrees(found, *exact(mechanism, 4))


def unit(kind):
    return lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0)
