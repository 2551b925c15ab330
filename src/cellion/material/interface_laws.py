"""Interface laws of a scenario: resistances and sheet conductances between pairs of materials.

A resistance R [Ohm m^2] lets the potential jump by R times the current density through it, a sheet
of conductance G [S] leads current along the interface. A layer of width delta has
R = delta / sigma_across and G = delta sigma_along; a linearised electrode reaction with exchange
current density i0 has R = R_gas T / (F i0), plus that of a film in series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from cellion.arrays import FloatArray
from cellion.errors import MaterialError
from cellion.material.crystal_symmetry import disorientation_angles, read_shockley
from cellion.material.material import Material, build_materials
from cellion.quantities import BOLTZMANN, FARADAY, GAS_CONSTANT
from cellion.scenario.interfaces import BoundaryRateSpec, InterfaceSpec
from cellion.scenario.scenario import Scenario

__all__ = ["Factor", "InterfaceSet", "PairLaws", "build_interfaces", "standard_normal"]

type Labels = NDArray[np.integer[Any]]

type Factor = Callable[[Labels], FloatArray]
"""Factors on the resistances between pairs of labels (n, 2), shape (n,)."""


@dataclass(frozen=True, kw_only=True)
class PairLaws:
    """Laws between all pairs of materials at one temperature.

    Attributes:
        resistance: Symmetric, shape (n_materials, n_materials) [Ohm m^2]; 0 is perfect contact,
            inf insulates.
        sheet_conductance: Symmetric, shape (n_materials, n_materials) [S]; 0 is none.
    """

    resistance: FloatArray
    sheet_conductance: FloatArray


@dataclass(frozen=True, kw_only=True)
class InterfaceSet:
    """All interface laws of a scenario.

    Attributes:
        specs: Entries of the scenario, one per pair of materials (and carrier).
        materials: Names in the order of all arrays.
        built: The materials by name, for the grains of boundaries given by rates.
    """

    specs: tuple[InterfaceSpec, ...]
    materials: tuple[str, ...]
    built: Mapping[str, Material]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.specs)

    def ordered(self, materials: Sequence[str]) -> InterfaceSet:
        """Return the same laws for another order, or a part, of the materials."""
        return InterfaceSet(specs=self.specs, materials=tuple(materials), built=self.built)

    def at(self, temperature: float, carrier: str = "ion") -> PairLaws:
        """Laws at a temperature [K] for one carrier.

        Raises:
            MaterialError: The conductivity of a boundary given by rates is no positive number.
        """
        n = len(self.materials)
        resistance, sheet = np.zeros((n, n)), np.zeros((n, n))
        for index, spec, i, j in self._of(carrier):
            across, along = self._law(index, spec, temperature, carrier)
            resistance[i, j] = resistance[j, i] = across
            sheet[i, j] = sheet[j, i] = along
        return PairLaws(resistance=resistance, sheet_conductance=sheet)

    def factor(
        self,
        label_material: Labels,
        orientations: FloatArray | None = None,
        carrier: str = "ion",
    ) -> Factor | None:
        """Factor on the resistance between two labels; None if it is 1 everywhere.

        A random factor follows from the seed and the two labels alone, so that it is the same in
        any order and on any rank.

        Args:
            label_material: Index of the material of each label, shape (n_labels,).
            orientations: Rotation of each label, shape (n_labels, d, d); None if there are none.
            carrier: ``ion`` or ``electron``.

        Raises:
            MaterialError: Resistances follow from orientations, and there are none.
        """
        for index, spec, _, _ in self._of(carrier):
            if spec.misorientation is not None and orientations is None:
                raise MaterialError(
                    f"interfaces[{index}].misorientation: the grains of '{spec.between[0]}' have "
                    "no orientations; give them in 'microstructure.mesh.grains.orientations'"
                )
        scaled = [
            (spec, i, j)
            for _, spec, i, j in self._of(carrier)
            if spec.spread is not None or spec.misorientation is not None
        ]
        if not scaled:
            return None
        material = np.asarray(label_material)

        def factors(labels: Labels) -> FloatArray:
            pairs = np.sort(np.asarray(labels), axis=1)
            made_of = np.sort(material[pairs], axis=1)
            result = np.ones(len(pairs))
            for spec, i, j in scaled:
                here = np.flatnonzero((made_of == sorted((i, j))).all(axis=1))
                result[here] = _scale(spec, pairs[here], orientations)
            return result

        return factors

    def _of(self, carrier: str) -> list[tuple[int, InterfaceSpec, int, int]]:
        """Entries about a carrier between materials that are present, with their indices."""
        place = {name: index for index, name in enumerate(self.materials)}
        return [
            (index, spec, place[spec.between[0]], place[spec.between[1]])
            for index, spec in enumerate(self.specs)
            if spec.carrier in (None, carrier) and all(name in place for name in spec.between)
        ]

    def _law(
        self, index: int, spec: InterfaceSpec, temperature: float, carrier: str
    ) -> tuple[float, float]:
        """Resistance [Ohm m^2] and sheet conductance [S] of one entry."""
        if spec.insulating:
            return inf, 0.0
        if spec.boundary is not None:
            grain = self._bulk(spec, carrier, temperature)
            return _by_rates(spec.boundary, grain, temperature, f"interfaces[{index}].boundary")
        grown = _arrhenius(spec, temperature)
        resistance = 0.0
        if spec.area_resistance is not None:
            resistance = spec.area_resistance / grown
        elif spec.conductivity_across is not None and spec.width is not None:
            resistance = spec.width / (spec.conductivity_across * grown)
        elif spec.charge_transfer is not None:
            current = spec.charge_transfer.exchange_current_density * grown
            film = spec.charge_transfer.film_resistance or 0.0
            resistance = GAS_CONSTANT * temperature / (FARADAY * current) + film
        sheet = 0.0
        if spec.sheet_conductance is not None:
            sheet = spec.sheet_conductance * grown
        elif spec.conductivity_along is not None and spec.width is not None:
            sheet = spec.width * spec.conductivity_along * grown
        return resistance, sheet

    def _bulk(self, spec: InterfaceSpec, carrier: str, temperature: float) -> float:
        """Mean conductivity [S/m]; the harmonic mean of two unlike materials."""
        tensors = [self.built[name].conductivity(carrier, temperature) for name in spec.between]
        first, second = (float(np.trace(tensor)) / 3.0 for tensor in tensors)
        return 2.0 / (1.0 / first + 1.0 / second) if first > 0.0 and second > 0.0 else 0.0


def build_interfaces(
    scenario: Scenario, materials: Mapping[str, Material] | None = None
) -> InterfaceSet:
    """Collect the interface laws of a scenario, whose materials may be built already.

    Raises:
        MaterialError: A material cannot be built.
    """
    built = build_materials(scenario) if materials is None else materials
    return InterfaceSet(specs=scenario.interfaces, materials=tuple(scenario.materials), built=built)


def _arrhenius(spec: InterfaceSpec, temperature: float) -> float:
    """Conductance at a temperature over that at the temperature of measurement."""
    if spec.activation_energy is None or spec.at is None:
        return 1.0
    factor = exp(-spec.activation_energy / BOLTZMANN * (1.0 / temperature - 1.0 / spec.at))
    if spec.prefactor_convention == "sigmaT" and spec.charge_transfer is None:
        factor *= spec.at / temperature
    return factor


def _by_rates(
    spec: BoundaryRateSpec, grain: float, temperature: float, where: str
) -> tuple[float, float]:
    """Resistance and sheet conductance of a layer that differs in barrier and carriers.

    sigma_gb = (n_gb/n_grain) sigma_grain exp(-(E_gb - E_grain)/kT); below sigma_grain it blocks.
    """
    if not grain > 0.0:
        return 0.0, 0.0  # where a grain does not conduct, nothing can be blocked
    exponent = -spec.barrier_difference / (BOLTZMANN * temperature)
    inside = spec.carrier_ratio * float(np.exp(exponent)) * grain
    if not 0.0 < inside < inf:
        raise MaterialError(f"{where}: {inside:g} S/m found in the layer; it must be positive")
    if spec.kind == "blocking" or (spec.kind == "auto" and inside < grain):
        return spec.width / inside, 0.0
    return 0.0, spec.width * inside


def _scale(spec: InterfaceSpec, pairs: Labels, orientations: FloatArray | None) -> FloatArray:
    """Factors on the resistance of pairs of labels (n, 2), ascending."""
    result = np.ones(len(pairs))
    if spec.spread is not None:
        result *= np.exp(spec.spread.lognormal * standard_normal(spec.spread.seed, pairs))
    if spec.misorientation is not None and orientations is not None:
        law = spec.misorientation.read_shockley
        first, second = orientations[pairs[:, 0]], orientations[pairs[:, 1]]
        angle = disorientation_angles(first, second, law.crystal_symmetry)
        result *= read_shockley(angle, np.radians(law.saturation_angle))
    return result


def standard_normal(seed: int, pairs: Labels) -> FloatArray:
    """Normal numbers that follow from a seed and unordered pairs of labels alone, shape (n,).

    Args:
        seed: From 0 on.
        pairs: Labels, shape (n, 2).
    """
    ordered = np.sort(np.asarray(pairs), axis=1).astype(np.uint64)
    state = _mixed(np.full(len(ordered), seed % 2**64, dtype=np.uint64))
    for column in ordered.T:
        state = _mixed(state ^ column)
    uniform = ((state >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return np.asarray(ndtri(uniform), dtype=float)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit integers.

    Source: Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA,
    453: the finaliser of SplitMix64 (Stafford's variant 13).
    """
    with np.errstate(over="ignore"):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
