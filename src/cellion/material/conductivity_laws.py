"""Conductivity laws: tensors over temperature."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite
from typing import Literal, Protocol

import numpy as np

from cellion.arrays import FloatArray
from cellion.errors import MaterialError
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT

__all__ = [
    "INSULATOR",
    "ArrheniusLaw",
    "ConductivityInterval",
    "ConductivityLaw",
    "ConstantLaw",
    "Convention",
]

type Convention = Literal["sigmaT", "sigma"]


class ConductivityLaw(Protocol):
    """Conductivity of one carrier in one material."""

    def conductivity(self, temperature: float) -> FloatArray:
        """Conductivity tensor in crystal axes, shape (3, 3) [S/m], at a temperature [K]."""
        ...


@dataclass(frozen=True, kw_only=True)
class ConductivityInterval:
    """Interval of the mean of the principal conductivities over temperature.

    Attributes:
        median: Median of the distribution, shape (n,) [S/m].
        low: Lower end of the interval that holds 68 %, shape (n,) [S/m].
        high: Its upper end, shape (n,) [S/m].
        cause: Origin of the uncertainty.
    """

    median: FloatArray
    low: FloatArray
    high: FloatArray
    cause: str


_LARGEST_EXPONENT = 200.0
"""Largest logarithm of a conductivity over the measured one; no energy and temperature reach it."""


@dataclass(frozen=True, kw_only=True)
class ConstantLaw:
    """The same conductivity at every temperature.

    Attributes:
        reference: Conductivity tensor, symmetric, positive semidefinite, shape (3, 3) [S/m].

    Raises:
        MaterialError: The tensor is not of that kind.
    """

    reference: FloatArray

    def __post_init__(self) -> None:
        _check_tensor(self.reference)

    def conductivity(self, temperature: float) -> FloatArray:
        """The reference tensor, shape (3, 3) [S/m]."""
        _check_temperature(temperature)
        return self.reference.copy()


@dataclass(frozen=True, kw_only=True)
class ArrheniusLaw:
    """Thermally activated conduction through a measured point.

    With sigma_0 measured at T_0, either ``sigma T`` or ``sigma`` follows the exponential::

        sigma T = sigma_0 T_0 exp(-E_a / k (1/T - 1/T_0))      convention "sigmaT"
        sigma   = sigma_0     exp(-E_a / k (1/T - 1/T_0))      convention "sigma"

    A jump process gives the first (Nernst-Einstein has 1/T); near T the two energies differ by
    k T, 0.026 eV at room temperature, so a published energy says which one it is.

    Attributes:
        reference: sigma_0, symmetric, positive semidefinite, shape (3, 3) [S/m].
        reference_temperature: T_0 [K].
        activation_energy: E_a [J].
        convention: Which quantity follows the exponential.

    Raises:
        MaterialError: The tensor, temperature, energy or convention is meaningless.

    Source:
        Mehrer, Diffusion in Solids (Springer, 2007), chapter 27.
    """

    reference: FloatArray
    reference_temperature: float
    activation_energy: float
    convention: Convention = "sigmaT"

    def __post_init__(self) -> None:
        _check_tensor(self.reference)
        _check_temperature(self.reference_temperature)
        electron_volts = self.activation_energy / ELECTRON_VOLT
        if not 0.0 <= electron_volts <= 10.0:
            raise MaterialError(
                f"the activation energy is {electron_volts:.6g} eV; allowed are 0 to 10 eV"
            )
        if self.convention not in ("sigmaT", "sigma"):
            raise MaterialError(
                f"the convention is '{self.convention}'; allowed are 'sigmaT' and 'sigma'"
            )

    def conductivity(self, temperature: float) -> FloatArray:
        """Conductivity tensor, shape (3, 3) [S/m]."""
        _check_temperature(temperature)
        difference = 1.0 / temperature - 1.0 / self.reference_temperature
        exponent = -self.activation_energy / BOLTZMANN * difference
        if exponent > _LARGEST_EXPONENT:
            raise MaterialError(
                f"at {temperature:g} K the conductivity is exp({exponent:.3g}) times that at "
                f"{self.reference_temperature:g} K, where it was measured; check 'at' and "
                "'activation_energy'"
            )
        factor = exp(exponent)
        if self.convention == "sigmaT":
            factor *= self.reference_temperature / temperature
        return self.reference * factor


def _check_temperature(temperature: float) -> None:
    if not (isfinite(temperature) and temperature > 0.0):
        raise MaterialError(f"the temperature is {temperature:g} K; it must be above 0 K")


def _check_tensor(tensor: FloatArray) -> None:
    if tensor.shape != (3, 3) or not np.isfinite(tensor).all():
        raise MaterialError(
            f"the conductivity has shape {tensor.shape}; a finite tensor of shape (3, 3) is needed"
        )
    scale = float(np.abs(tensor).max())
    if float(np.abs(tensor - tensor.T).max()) > 1e-9 * scale:
        raise MaterialError(f"the conductivity {tensor.tolist()} S/m is not symmetric")
    smallest = float(np.linalg.eigvalsh(tensor)[0])
    if smallest < -1e-12 * scale:
        raise MaterialError(
            f"the smallest principal conductivity is {smallest:.6g} S/m; none may be negative"
        )


INSULATOR = ConstantLaw(reference=np.zeros((3, 3)))
"""No conduction at any temperature."""
