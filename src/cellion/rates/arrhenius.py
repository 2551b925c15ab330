"""Arrhenius laws fitted to tables of D(T) or sigma(T), with covariance and flagged extrapolation.

Three quantities follow y = A exp(-Ea/kT), and the law says which one it holds::

    diffusivity     D         A in m^2/s
    sigmaT          sigma T   A in S K/m      (what Nernst-Einstein gives for a thermally activated
    D) sigma           sigma     A in S/m

The last two give activation energies that differ by about kT (0.026 eV at 300 K), so a literature
value is worth nothing without its convention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann

from cellion.errors import RatesError, nearest
from cellion.rates.transition_state import positive_temperatures

__all__ = ["ArrheniusLaw", "ArrheniusPrediction", "Quantity", "arrhenius_law", "evaluate", "fit"]

FloatArray = NDArray[np.float64]
Quantity = Literal["diffusivity", "sigmaT", "sigma"]


@dataclass(frozen=True, kw_only=True)
class ArrheniusLaw:
    """ln y = log_prefactor - activation_energy/kT.

    Attributes:
        quantity: what y is.
        log_prefactor: ln A, A in SI units of the quantity.
        activation_energy: Ea [J].
        covariance: of (log_prefactor, activation_energy), shape (2, 2) [1, J, J^2]; None when two
            points or a literature value leave it unknown.
        temperature_range: lowest and highest temperature of the data [K].
        residual: root mean square residual of ln y.
    """

    quantity: Quantity
    log_prefactor: float
    activation_energy: float
    covariance: FloatArray | None = None
    temperature_range: tuple[float, float]
    residual: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ArrheniusPrediction:
    """What a law says at given temperatures.

    Attributes:
        value: D [m^2/s] or sigma [S/m] (never sigma T), shape (nT,).
        log_standard_deviation: of ln value, from the covariance; NaN if that is unknown.
        extrapolated: true outside the temperatures of the data, shape (nT,).
        temperature: shape (nT,) [K].
    """

    value: FloatArray
    log_standard_deviation: FloatArray
    extrapolated: NDArray[np.bool_]
    temperature: FloatArray

    def interval(self, deviations: float = 2.0) -> tuple[FloatArray, FloatArray]:
        """Return value/F and value*F with F = exp(deviations * log_standard_deviation)."""
        factor = np.exp(deviations * self.log_standard_deviation)
        return self.value / factor, self.value * factor


def _check_quantity(quantity: str) -> None:
    if quantity not in get_args(Quantity):
        raise RatesError(
            f"arrhenius: quantity '{quantity}' is not known; allowed are "
            f"{', '.join(get_args(Quantity))}" + nearest(quantity, get_args(Quantity))
        )


def arrhenius_law(
    quantity: Quantity, *, value: float, temperature: float, activation_energy: float
) -> ArrheniusLaw:
    """Return the law through one value, as the literature gives it.

    Args:
        quantity: convention of the activation energy.
        value: D [m^2/s] or sigma [S/m] (not sigma T) at ``temperature``.
        temperature: [K].
        activation_energy: Ea in the convention of ``quantity`` [J].

    Raises:
        RatesError: value or temperature are not positive, or the quantity is not known.
    """
    _check_quantity(quantity)
    T = float(positive_temperatures(temperature)[0])
    if not value > 0.0:
        raise RatesError(f"arrhenius: value {value:g} found; it must be a positive number")
    y = value * T if quantity == "sigmaT" else value
    return ArrheniusLaw(
        quantity=quantity,
        log_prefactor=float(np.log(y) + activation_energy / (Boltzmann * T)),
        activation_energy=activation_energy,
        temperature_range=(T, T),
    )


def fit(
    temperature: ArrayLike,
    value: ArrayLike,
    quantity: Quantity,
    *,
    relative_error: ArrayLike | None = None,
) -> ArrheniusLaw:
    """Fit ln y = ln A - Ea/kT by weighted least squares.

    Errors of measured transport coefficients are relative, so the fit is made in log space.

    Args:
        temperature: shape (n,) [K].
        value: D [m^2/s] or sigma [S/m] (also for ``sigmaT``: the product is formed here), shape
            (n,).
        quantity: convention of the law.
        relative_error: standard deviation of ln y, scalar or shape (n,). Given: the covariance
            follows from it. None: all points weigh the same and their scatter about the line gives
            the error.

    Raises:
        RatesError: fewer than two temperatures, values or errors that are not positive.

    Source: weighted linear regression, e.g. Press et al. 2007, Numerical Recipes, section 15.2.
    """
    _check_quantity(quantity)
    T, y = positive_temperatures(temperature), np.atleast_1d(np.asarray(value, dtype=float))
    if T.shape != y.shape or T.ndim != 1:
        raise RatesError(f"arrhenius: {T.size} temperatures and {y.size} values found")
    if np.unique(T).size < 2:
        raise RatesError(
            f"arrhenius: {np.unique(T).size} temperature(s) found; at least 2 are needed"
        )
    if not np.all(np.isfinite(y) & (y > 0.0)):
        raise RatesError(f"arrhenius: value {y.min():g} found; every value must be positive")
    errors = _log_errors(relative_error, T.shape)
    logs = np.log(y * T) if quantity == "sigmaT" else np.log(y)
    solution, covariance, residual = _line(1.0 / (Boltzmann * T), logs, errors)
    return ArrheniusLaw(
        quantity=quantity,
        log_prefactor=float(solution[0]),
        activation_energy=float(solution[1]),
        covariance=covariance,
        temperature_range=(float(T.min()), float(T.max())),
        residual=residual,
    )


def _log_errors(relative_error: ArrayLike | None, shape: tuple[int, ...]) -> FloatArray | None:
    if relative_error is None:
        return None
    errors = np.broadcast_to(np.asarray(relative_error, dtype=float), shape)
    if not np.all(np.isfinite(errors) & (errors > 0.0)):
        raise RatesError(f"arrhenius: relative error {errors.min():g} found; it must be positive")
    return np.asarray(errors)


def _line(
    x: FloatArray, logs: FloatArray, errors: FloatArray | None
) -> tuple[FloatArray, FloatArray | None, float]:
    """Return (ln A, Ea), their covariance (None for two points without errors) and residual."""
    weights = np.ones_like(x) if errors is None else errors**-2
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


def evaluate(law: ArrheniusLaw, temperature: ArrayLike) -> ArrheniusPrediction:
    """Return the value of D or sigma that a law gives, with its error and extrapolation flags.

    Args:
        law: a fitted or quoted law.
        temperature: scalar or shape (nT,) [K].

    Raises:
        RatesError: a temperature is not positive.
    """
    T = positive_temperatures(temperature)
    x = 1.0 / (Boltzmann * T)
    logs = law.log_prefactor - law.activation_energy * x
    if law.quantity == "sigmaT":
        logs = logs - np.log(T)
    deviation = np.full_like(T, np.nan)
    if law.covariance is not None:
        gradient = np.stack([np.ones_like(x), -x], axis=1)
        deviation = np.sqrt(np.einsum("ta,ab,tb->t", gradient, law.covariance, gradient))
    low, high = law.temperature_range
    slack = 1e-9 * high
    return ArrheniusPrediction(
        value=np.exp(logs),
        log_standard_deviation=deviation,
        extrapolated=(low - slack > T) | (high + slack < T),
        temperature=T,
    )
