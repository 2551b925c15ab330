"""Diffusion tensors over temperature: kind, covariance and principal axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from cellion.arrays import FloatArray
from cellion.errors import RatesError, nearest
from cellion.rates.transition_state import positive_temperatures

__all__ = ["Diffusivity", "DiffusivityKind", "PrincipalAxes", "principal_axes"]

DiffusivityKind = Literal["carrier", "tracer", "charge"]

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Order of the six independent components in a covariance: xx, yy, zz, yz, xz, xy."""


@dataclass(frozen=True, kw_only=True)
class PrincipalAxes:
    """Principal values of a symmetric tensor over temperature.

    Attributes:
        values: descending, shape (nT, 3), unit of the tensor.
        axes: unit vectors as rows, axes[t, k] belongs to values[t, k], shape (nT, 3, 3).
        anisotropy: largest over smallest value, infinite where the smallest vanishes, shape (nT,).
    """

    values: FloatArray
    axes: FloatArray
    anisotropy: FloatArray


@dataclass(frozen=True, kw_only=True)
class Diffusivity:
    """A diffusion tensor over temperature.

    Attributes:
        tensor: symmetric, positive semidefinite, shape (nT, 3, 3) [m^2/s].
        temperature: shape (nT,) [K].
        kind: ``carrier`` (one independent carrier, whose tracer and charge diffusivity are equal),
            ``tracer`` (self-diffusion of a marked ion) or ``charge`` (centre of mass of all ions of
            the kind, per ion: what enters the conductivity).
        method: how it was computed.
        source: where the input comes from.
        covariance: of the six components xx, yy, zz, yz, xz, xy, shape (nT, 6, 6) [m^4/s^2], or
            None when the value carries no statistical error.
    """

    tensor: FloatArray
    temperature: FloatArray
    kind: DiffusivityKind = "carrier"
    method: str
    source: str = ""
    covariance: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check shapes, symmetry and kind."""
        kinds = get_args(DiffusivityKind)
        if self.kind not in kinds:
            raise RatesError(
                f"diffusivity.kind: '{self.kind}' is not known; allowed are {', '.join(kinds)}"
                + nearest(self.kind, kinds)
            )
        n = positive_temperatures(self.temperature).size
        if self.tensor.shape != (n, 3, 3):
            raise RatesError(
                f"diffusivity.tensor: shape {self.tensor.shape} found, ({n}, 3, 3) needed for "
                f"{n} temperature(s)"
            )
        if self.covariance is not None and self.covariance.shape != (n, 6, 6):
            raise RatesError(
                f"diffusivity.covariance: shape {self.covariance.shape} found, ({n}, 6, 6) needed"
            )
        _check_symmetric(self.tensor)

    @property
    def standard_error(self) -> FloatArray:
        """Standard errors of the components, shape (nT, 3, 3) [m^2/s]; zero without covariance."""
        errors = np.zeros_like(self.tensor)
        if self.covariance is None:
            return errors
        deviations = np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        for k, (a, b) in enumerate(VOIGT):
            errors[:, a, b] = errors[:, b, a] = deviations[:, k]
        return errors

    @property
    def mean(self) -> FloatArray:
        """One third of the trace, shape (nT,) [m^2/s]."""
        return np.asarray(np.trace(self.tensor, axis1=1, axis2=2) / 3.0)


def _check_symmetric(tensor: FloatArray) -> None:
    scale = np.abs(tensor).max(initial=0.0)
    if not np.all(np.isfinite(tensor)):
        raise RatesError("diffusivity.tensor: a component is not a finite number")
    if np.abs(tensor - np.swapaxes(tensor, 1, 2)).max(initial=0.0) > 1e-9 * scale:
        raise RatesError("diffusivity.tensor: not symmetric; without a magnetic field it must be")
    if np.linalg.eigvalsh(tensor).min(initial=0.0) < -1e-9 * scale:
        raise RatesError("diffusivity.tensor: a principal value is negative; none may be")


def principal_axes(tensor: ArrayLike) -> PrincipalAxes:
    """Return principal values and axes of symmetric tensors, shape (nT, 3, 3) or (3, 3).

    Values below 1e-12 of the largest are rounding and set to zero. The largest component of each
    axis is positive.
    """
    found, vectors = np.linalg.eigh(np.asarray(tensor, dtype=float).reshape((-1, 3, 3)))
    values, axes = found[:, ::-1], np.swapaxes(vectors[:, :, ::-1], 1, 2)
    values = np.where(values > 1e-12 * values[:, :1], values, 0.0)
    smallest, unlimited = values[:, 2], np.full(len(values), np.inf)
    ratio = np.divide(values[:, 0], smallest, out=unlimited, where=smallest > 0.0)
    largest = np.abs(axes).round(9).argmax(axis=2)[..., None]
    signs = np.sign(np.take_along_axis(axes, largest, axis=2))
    return PrincipalAxes(values=values, axes=axes * signs, anisotropy=ratio)
