"""Arrhenius fits of D(T) or sigma(T), with the covariance of their parameters.

Three quantities y follow y = A exp(-Ea/kT)::

    diffusivity     y = D           A in m^2/s
    sigmaT          y = sigma T     A in S K/m    (Nernst-Einstein with an activated D)
    sigma           y = sigma       A in S/m

The activation energies of the last two differ by about kT (0.026 eV at 300 K), so a fit names its
convention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import Boltzmann

from cellion.arrays import FloatArray
from cellion.errors import RatesError, nearest
from cellion.rates.transition_state import positive_temperatures

__all__ = ["ArrheniusFit", "Quantity", "fit_arrhenius"]

Quantity = Literal["diffusivity", "sigmaT", "sigma"]


@dataclass(frozen=True, kw_only=True)
class ArrheniusFit:
    """ln y = log_prefactor - activation_energy/kT.

    Attributes:
        quantity: y.
        log_prefactor: ln A, A in SI units of y.
        activation_energy: Ea [J].
        covariance: of (log_prefactor, activation_energy), shape (2, 2) [1, J, J^2]; None for two
            points without errors.
        temperature_range: lowest and highest temperature of the data [K].
        residual: root mean square residual of ln y.
    """

    quantity: Quantity
    log_prefactor: float
    activation_energy: float
    covariance: FloatArray | None = None
    temperature_range: tuple[float, float]
    residual: float = 0.0

    def value(self, temperature: ArrayLike) -> FloatArray:
        """Return D [m^2/s] or sigma [S/m] (never sigma T), shape (nT,)."""
        T = positive_temperatures(temperature)
        logs = self.log_prefactor - self.activation_energy * (1.0 / (Boltzmann * T))
        if self.quantity == "sigmaT":
            logs = logs - np.log(T)
        return np.asarray(np.exp(logs))

    def log_standard_deviation(self, temperature: ArrayLike) -> FloatArray:
        """Return the standard deviation of ln y, shape (nT,); NaN without covariance."""
        x = 1.0 / (Boltzmann * positive_temperatures(temperature))
        if self.covariance is None:
            return np.full_like(x, np.nan)
        gradient = np.stack([np.ones_like(x), -x], axis=1)
        return np.asarray(np.sqrt(np.einsum("ta,ab,tb->t", gradient, self.covariance, gradient)))


def fit_arrhenius(
    temperature: ArrayLike,
    value: ArrayLike,
    quantity: Quantity,
    *,
    relative_error: ArrayLike | None = None,
) -> ArrheniusFit:
    """Fit ln y = ln A - Ea/kT by weighted least squares.

    Errors of measured transport coefficients are relative, hence the fit of the logarithm.

    Args:
        temperature: shape (n,) [K].
        value: D [m^2/s] or sigma [S/m] (also for ``sigmaT``: the product is formed here), shape
            (n,).
        quantity: convention of the fit.
        relative_error: standard deviation of ln y, scalar or shape (n,). None weighs all points
            alike and estimates their error from the scatter about the line.

    Raises:
        RatesError: fewer than two temperatures, values or errors that are not positive.

    Source: weighted linear regression, e.g. Press et al. 2007, Numerical Recipes, section 15.2.
    """
    if quantity not in get_args(Quantity):
        raise RatesError(
            f"arrhenius: quantity '{quantity}' is not known; allowed are "
            f"{', '.join(get_args(Quantity))}" + nearest(quantity, get_args(Quantity))
        )
    T, y = positive_temperatures(temperature), np.atleast_1d(np.asarray(value, dtype=float))
    if T.shape != y.shape or T.ndim != 1:
        raise RatesError(f"arrhenius: {T.size} temperatures and {y.size} values found")
    if np.unique(T).size < 2:
        raise RatesError(
            f"arrhenius: {np.unique(T).size} temperature(s) found; at least 2 are needed"
        )
    if not np.all(np.isfinite(y) & (y > 0.0)):
        raise RatesError(f"arrhenius: value {y.min():g} found; every value must be positive")
    errors = None if relative_error is None else np.broadcast_to(relative_error, T.shape)
    if errors is not None and not np.all(np.isfinite(errors) & (errors > 0.0)):
        raise RatesError(f"arrhenius: relative error {errors.min():g} found; it must be positive")
    logs = np.log(y * T) if quantity == "sigmaT" else np.log(y)
    solution, covariance, residual = _line(1.0 / (Boltzmann * T), logs, errors)
    return ArrheniusFit(
        quantity=quantity,
        log_prefactor=float(solution[0]),
        activation_energy=float(solution[1]),
        covariance=covariance,
        temperature_range=(float(T.min()), float(T.max())),
        residual=residual,
    )


def _line(
    x: FloatArray, logs: FloatArray, errors: FloatArray | None
) -> tuple[FloatArray, FloatArray | None, float]:
    """Return (ln A, Ea), their covariance (None for two points without errors) and residual."""
    weights = np.ones_like(x) if errors is None else np.asarray(errors, dtype=float) ** -2
    centre = np.sum(weights * x) / weights.sum()
    spread = np.sum(weights * (x - centre) ** 2)
    slope = -np.sum(weights * (x - centre) * logs) / spread
    level = np.sum(weights * logs) / weights.sum()
    misfit = logs - level + slope * (x - centre)
    residual = float(np.sqrt(np.mean(misfit**2)))
    solution = np.array([level + slope * centre, slope])
    if errors is None and x.size == 2:
        return solution, None, residual
    scatter = 1.0 if errors is not None else float(np.sum(misfit**2) / (x.size - 2))
    base = np.array([[centre**2, centre], [centre, 1.0]]) / spread
    base[0, 0] += 1.0 / weights.sum()
    return solution, scatter * base, residual
