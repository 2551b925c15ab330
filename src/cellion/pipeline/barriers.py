"""Derivatives of the effective conductivity by energies, without a further solve.

The energy form is stationary in the solved field, so only what stands in it counts. For the field
E_k of the mean direction k, in the crystal axes of each material p, and any energy e::

    d sigma_kk / d e = sum_p m_p : d sigma_p / d e
                       + sigma_kk (sum_sheets g d ln G / d e - sum_resistive r d ln R / d e)

with m_p = 1/V int_p E_k E_k^T, and r, g the shares of resistive interfaces and sheets in the
dissipation. What the laws do follows from central differences within them.
"""

from __future__ import annotations

from collections.abc import Mapping

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.errors import CellionError
from cellion.homogenise.properties import DIRECTIONS, EffectiveTransport
from cellion.material.energies import Energy, energies_of
from cellion.material.interface_laws import InterfaceSet, build_interfaces
from cellion.material.material import Material
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.scenario.scenario import Scenario

__all__ = ["barrier_sensitivities"]

type Floats = NDArray[np.float64]

_STEP = 1e-4
"""Step of the differences over k T: they err by its square over six, and by rounding over it."""

_NOTHING = 1e-9
"""Derivative that rounding alone may leave [1/eV]."""


def barrier_sensitivities(
    scenario: Scenario,
    materials: Mapping[str, Material],
    present: tuple[str, ...],
    transport: EffectiveTransport,
) -> dict[str, dict[str, float]]:
    """Return d ln sigma_eff / d e [1/eV] per direction and energy.

    An energy that cannot be shifted both ways, such as a barrier of 0, is left out, and so is one
    that makes no difference.

    Args:
        scenario: What was asked.
        materials: Its materials.
        present: Names of the materials of the mesh.
        transport: The answer for one carrier.
    """
    interfaces = build_interfaces(scenario, materials).ordered(present)
    step = _STEP * BOLTZMANN * scenario.temperature
    found: dict[str, dict[str, float]] = {name: {} for name in transport.moments}
    for energy in energies_of(materials, interfaces, transport.carrier, present):
        try:
            ends = [_laws(energy, s, scenario, transport.carrier, present) for s in (-step, step)]
        except CellionError:
            continue
        bulk = (ends[1][0] - ends[0][0]) / (2.0 * step)
        resistance, sheet = (_logarithmic(ends[0][i], ends[1][i]) / (2.0 * step) for i in (1, 2))
        for direction, derivatives in found.items():
            value = _chain(transport, direction, present, (bulk, resistance, sheet))
            if abs(value) * ELECTRON_VOLT > _NOTHING:
                derivatives[energy.name] = value * ELECTRON_VOLT
    return found


def _laws(
    energy: Energy, shift: float, scenario: Scenario, carrier: str, present: tuple[str, ...]
) -> tuple[Floats, Floats, Floats]:
    """Conductivities (n, 3, 3), resistances (n, n) and sheets (n, n) with an energy shifted."""
    materials, interfaces = energy.shifted(shift)
    laws = _at(interfaces, scenario.temperature, carrier)
    bulk = [materials[name].conductivity(carrier, scenario.temperature) for name in present]
    return np.array(bulk), *laws


def _at(interfaces: InterfaceSet, temperature: float, carrier: str) -> tuple[Floats, Floats]:
    laws = interfaces.at(temperature, carrier)
    return laws.resistance, laws.sheet_conductance


def _logarithmic(low: Floats, high: Floats) -> Floats:
    """Difference of logarithms; 0 where there is nothing, or an insulator."""
    plain = (low > 0.0) & (high > 0.0) & np.isfinite(low) & np.isfinite(high)
    return np.log(np.where(plain, high, 1.0) / np.where(plain, low, 1.0))


def _chain(
    transport: EffectiveTransport,
    direction: str,
    present: tuple[str, ...],
    slopes: tuple[Floats, Floats, Floats],
) -> float:
    """D ln sigma_kk / d e [1/J] from the slopes of the laws."""
    bulk, resistance, sheet = slopes
    axis = DIRECTIONS.index(direction)
    place = {name: index for index, name in enumerate(present)}
    value = 0.0
    for name, moment in transport.moments[direction].items():
        d = len(moment)
        value += float(np.sum(moment * bulk[place[name]][:d, :d]))
    value /= float(transport.effective_conductivity[axis, axis])
    shares = transport.dissipation[direction]
    for pairs, slope, sign in ((shares.resistive, resistance, -1.0), (shares.sheet, sheet, 1.0)):
        value += sign * sum(s * slope[place[a], place[b]] for (a, b), s in pairs.items())
    return float(value)
