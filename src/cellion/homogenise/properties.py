"""Effective transport as plain numbers: the tensor, what follows from it, what bounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.homogenise.bounds import hashin_shtrikman_bounds, wiener_bounds
from cellion.homogenise.tortuosity import bruggeman_exponent, macmullin_number, tortuosity_factor

__all__ = [
    "DIRECTIONS",
    "Conductor",
    "Dissipation",
    "EffectiveTransport",
    "conductors",
    "effective_transport",
    "isotropic",
]

type Array = NDArray[np.float64]

DIRECTIONS = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class Dissipation:
    """Where the energy of a mean field goes; all shares together are 1.

    Attributes:
        bulk: Share of the bulk of each conducting material [-].
        resistive: Share of resistive interfaces by the materials that meet [-].
        sheet: Share of conducting sheets by the materials that meet [-].
    """

    bulk: Mapping[str, float]
    resistive: Mapping[tuple[str, str], float]
    sheet: Mapping[tuple[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Conductor:
    """What one of several conductors contributes, against its own bulk.

    With phi its volume fraction, sigma its conductivity and <j> the current density in it, averaged
    over the whole box, per mean field E: tau = phi sigma / (<j> / E). The contributions <j> / E of
    all conductors add up to sigma_eff (sheets carry the rest), and a single conductor has the usual
    tortuosity factor.

    Attributes:
        volume_fraction: phi [-].
        bulk_conductivity: sigma, mean over the axes [S/m].
        contribution: Per direction that was asked for, <j> / E [S/m].
        tortuosity_factor: Per direction [-]; infinite where it carries nothing.
    """

    volume_fraction: float
    bulk_conductivity: float
    contribution: Mapping[str, float]
    tortuosity_factor: Mapping[str, float]

    @property
    def mean_contribution(self) -> float:
        """Mean of <j> / E over the directions [S/m]."""
        return float(np.mean(list(self.contribution.values())))

    @property
    def mean_tortuosity_factor(self) -> float:
        """Phi sigma over the mean contribution [-]; infinite where it carries nothing."""
        mean = self.mean_contribution
        return self.volume_fraction * self.bulk_conductivity / mean if mean > 0.0 else np.inf


@dataclass(frozen=True, kw_only=True)
class EffectiveTransport:
    """Effective transport of one carrier; see `cellion.homogenise.tortuosity` for the definitions.

    Attributes:
        carrier: ``ion`` or ``electron``.
        directions: The directions that were asked for, a part of ``x``, ``y``, ``z``.
        conducting: Names of the materials that conduct this carrier.
        conducting_fraction: Their volume fraction phi_c [-].
        bulk_conductivity: sigma_bulk: mean over their volume and over the axes [S/m].
        effective_conductivity: Tensor, shape (d, d) [S/m]; NaN where a direction was not asked.
        percolates: Per direction, whether the conducting materials connect the opposite faces.
        tortuosity_factor: Per direction [-]; infinite when nothing percolates.
        macmullin_number: Per direction [-]; infinite when nothing percolates.
        bruggeman_exponent: Per direction [-]; NaN where the conducting fraction is 0 or 1.
        discretisation_error: Per direction, relative error of sigma_eff by the mesh [-]; NaN
            where there is no estimate.
        imbalance: Per direction, current in minus current out over current [-].
        bounds: By name (``wiener``, ``hashin_shtrikman``), lower and upper value [S/m]; valid
            when contacts are perfect, the second for isotropic composites. Empty for
            anisotropic materials.
        dissipation: Per direction that carries current, where its energy goes.
        moments: Per direction k that carries current and conducting material, d sigma_kk / d sigma
            by the tensor of the material in crystal axes, shape (d, d) [-].
        conductors: Per conducting material, what it contributes; empty unless there are several.
    """

    carrier: str
    directions: tuple[str, ...]
    conducting: tuple[str, ...]
    conducting_fraction: float
    bulk_conductivity: float
    effective_conductivity: Array
    percolates: Mapping[str, bool]
    tortuosity_factor: Mapping[str, float]
    macmullin_number: Mapping[str, float]
    bruggeman_exponent: Mapping[str, float]
    discretisation_error: Mapping[str, float] = field(default_factory=dict)
    imbalance: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    dissipation: Mapping[str, Dissipation] = field(default_factory=dict)
    moments: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    conductors: Mapping[str, Conductor] = field(default_factory=dict)


def effective_transport(
    carrier: str,
    effective_conductivity: ArrayLike,
    *,
    materials: Sequence[str],
    fractions: ArrayLike,
    conductivity: ArrayLike,
    percolates: Mapping[str, bool],
    discretisation_error: Mapping[str, float] | None = None,
    imbalance: Mapping[str, float] | None = None,
) -> EffectiveTransport:
    """Derive everything that follows from an effective tensor and the composition.

    Args:
        carrier: ``ion`` or ``electron``.
        effective_conductivity: Tensor, shape (d, d) [S/m], NaN in the directions not asked for.
        materials: Names of the materials.
        fractions: Volume fraction of each material in the mesh, shape (n,), summing to 1.
        conductivity: Conductivity tensor of each material, shape (n, d, d) [S/m].
        percolates: Per direction asked for.
        discretisation_error: Per direction, relative.
        imbalance: Per direction, relative.

    Returns:
        The record of plain numbers.

    Raises:
        ValueError: Shapes do not agree, fractions do not sum to 1, or a conductivity is negative.
    """
    effective = np.array(effective_conductivity, dtype=np.float64)
    tensors = np.asarray(conductivity, dtype=np.float64)
    phi = np.asarray(fractions, dtype=np.float64)
    d, n = len(effective), len(materials)
    if effective.shape != (d, d) or tensors.shape != (n, d, d) or phi.shape != (n,):
        raise ValueError(
            f"effective tensor {effective.shape}, {n} materials, conductivities {tensors.shape} "
            f"and fractions {phi.shape} do not agree"
        )
    axis_mean = np.trace(tensors, axis1=1, axis2=2) / d
    conducts = axis_mean > 0
    share = 1.0 if conducts.all() else float(np.minimum(phi[conducts].sum(), 1.0))
    bulk = float((phi * axis_mean)[conducts].sum() / share) if share > 0 else 0.0
    diagonal = {
        name: float(effective[i, i])
        for i, name in enumerate(DIRECTIONS[:d])
        if not np.isnan(effective[i, i])
    }
    tau = {name: _plain(tortuosity_factor(share, bulk, s)) for name, s in diagonal.items()}
    return EffectiveTransport(
        carrier=carrier,
        directions=tuple(diagonal),
        conducting=tuple(m for m, c in zip(materials, conducts, strict=True) if c),
        conducting_fraction=share,
        bulk_conductivity=bulk,
        effective_conductivity=effective,
        percolates=dict(percolates),
        tortuosity_factor=tau,
        macmullin_number={k: _plain(macmullin_number(bulk, s)) for k, s in diagonal.items()},
        bruggeman_exponent={k: _plain(bruggeman_exponent(share, t)) for k, t in tau.items()},
        discretisation_error=dict(discretisation_error or {}),
        imbalance=dict(imbalance or {}),
        bounds=_composition_bounds(phi, tensors),
    )


def conductors(
    materials: Sequence[str],
    fractions: ArrayLike,
    conductivity: ArrayLike,
    flow: Mapping[str, Mapping[str, float]],
) -> dict[str, Conductor]:
    """Derive what each of several conductors contributes.

    Args:
        materials: Names of the materials.
        fractions: Volume fraction of each material in the mesh, shape (n,).
        conductivity: Conductivity tensor of each material, shape (n, d, d) [S/m].
        flow: Per direction and material, its current density over the whole box per field [S/m].

    Returns:
        Per conducting material; empty unless there are several.
    """
    tensors = np.asarray(conductivity, dtype=np.float64)
    bulk = np.trace(tensors, axis1=1, axis2=2) / tensors.shape[-1]
    rows = zip(materials, np.asarray(fractions, dtype=np.float64), bulk, strict=True)
    carrying = [(name, float(phi), float(sigma)) for name, phi, sigma in rows if sigma > 0.0]
    found = {}
    for name, phi, sigma in carrying if len(carrying) > 1 else ():
        carried = {direction: max(of.get(name, 0.0), 0.0) for direction, of in flow.items()}
        found[name] = Conductor(
            volume_fraction=phi,
            bulk_conductivity=sigma,
            contribution=carried,
            tortuosity_factor={
                direction: phi * sigma / value if value > 0.0 else np.inf
                for direction, value in carried.items()
            },
        )
    return found


def isotropic(tensor: Array) -> bool:
    """Whether conductivity tensors, shape (..., d, d), are multiples of the identity (to 1e-9)."""
    d = tensor.shape[-1]
    mean = np.trace(tensor, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis] / d * np.eye(d)
    return bool(np.allclose(tensor, mean, rtol=0.0, atol=1e-9 * float(np.abs(tensor).max())))


def _composition_bounds(phi: Array, tensors: Array) -> dict[str, tuple[float, float]]:
    """Bounds from the composition; nothing for anisotropic materials."""
    if not all(isotropic(tensor) for tensor in tensors):
        return {}
    d = tensors.shape[-1]
    sigma = tensors[:, 0, 0]
    pairs = {
        "wiener": wiener_bounds(phi, sigma),
        "hashin_shtrikman": hashin_shtrikman_bounds(phi, sigma, dimension=d),
    }
    return {name: (_plain(pair.lower), _plain(pair.upper)) for name, pair in pairs.items()}


def _plain(value: Array) -> float:
    return float(value)
