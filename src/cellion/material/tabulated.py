"""Conductivity laws fitted to a table of values over temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellion.arrays import FloatArray
from cellion.material.conductivity_laws import ConductivityInterval
from cellion.material.hopping_law import known_haven_ratio
from cellion.material.scenario_networks import located
from cellion.quantities import ELECTRON_VOLT
from cellion.rates.arrhenius_fit import ArrheniusFit, Quantity, fit_arrhenius
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.nernst_einstein import conductivity
from cellion.scenario.sections import fail
from cellion.scenario.table import TableSpec

__all__ = ["TableLaw", "table_law"]


@dataclass(frozen=True, kw_only=True)
class TableLaw:
    """An isotropic conductivity that follows the Arrhenius law of a table.

    Attributes:
        law: Fitted to the conductivity, or to the diffusivity.
        points: Number of rows.
        notes: What was ignored in the table, one sentence each.
        carrier_density: Particles with the diffusivity [1/m^3]; of a diffusivity only.
        charge_number: Signed charge number of the ion; of a diffusivity only.
        haven_ratio: By which a tracer diffusivity is divided; None of a charge diffusivity.
    """

    law: ArrheniusFit
    points: int
    notes: tuple[str, ...] = ()
    carrier_density: float | None = None
    charge_number: int = 0
    haven_ratio: float | None = None

    @property
    def temperature_range(self) -> tuple[float, float]:
        """Lowest and highest temperature of the table [K]."""
        return self.law.temperature_range

    @property
    def told(self) -> str:
        """The fit in words."""
        energy, covariance = self.law.activation_energy / ELECTRON_VOLT, self.law.covariance
        error = ""
        if covariance is not None:
            error = f" +- {np.sqrt(covariance[1, 1]) / ELECTRON_VOLT:.2g}"
        of = {"sigmaT": "sigma T", "sigma": "sigma", "diffusivity": "D"}[self.law.quantity]
        low, high = self.temperature_range
        return (
            f"Arrhenius fit of {of} to {self.points} points from {low:g} to {high:g} K: "
            f"{energy:.4g}{error} eV, residual {self.law.residual:.2g} in the logarithm"
        )

    def conductivity(self, temperature: float) -> FloatArray:
        """Conductivity tensor, shape (3, 3) [S/m].

        Raises:
            RatesError: The temperature is not above 0 K.
        """
        mean = float(self._mean(np.array([temperature]))[0])
        return mean * np.eye(3)

    def _mean(self, temperature: FloatArray) -> FloatArray:
        """Conductivity of the fit, shape (n,) [S/m]."""
        value = self.law.value(temperature)
        if self.carrier_density is None:
            return value
        measured = Diffusivity(
            tensor=value[:, None, None] * np.eye(3),
            temperature=temperature,
            kind="charge" if self.haven_ratio is None else "tracer",
            method="table",
        )
        return conductivity(
            measured,
            density=self.carrier_density,
            charge_number=self.charge_number,
            haven=self.haven_ratio,
        ).mean

    def spread(self, temperature: FloatArray) -> ConductivityInterval | None:
        """Interval of the fit at temperatures (n,) [K]; None of two points without errors."""
        mean = self._mean(temperature)
        deviation = self.law.log_standard_deviation(temperature)
        if np.isnan(deviation).any():
            return None
        factor = np.exp(deviation)
        return ConductivityInterval(
            median=mean, low=mean / factor, high=mean * factor, cause="error of the fit"
        )


def table_law(spec: TableSpec) -> TableLaw:
    """Return the law of a table.

    Raises:
        FaultsError: No law can be fitted; key paths are relative to the table.
    """
    quantity: Quantity = "diffusivity" if spec.of == "diffusivity" else spec.convention
    content = spec.content()
    T, values, errors = zip(*content.rows, strict=True)
    given = None if None in errors else errors
    law = located(lambda: fit_arrhenius(T, values, quantity, relative_error=given))
    if law.activation_energy < 0.0:
        raise fail(
            f"the values fall on heating (the fit gives {law.activation_energy / ELECTRON_VOLT:.3g}"
            " eV); an ion that hops becomes faster. Check the order and units of the columns"
        )
    return TableLaw(
        law=law,
        points=len(T),
        notes=content.notes,
        carrier_density=spec.carrier_density,
        charge_number=spec.charge_number,
        haven_ratio=known_haven_ratio(spec.haven_ratio, "haven_ratio"),
    )
