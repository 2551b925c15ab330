"""What a run answers: the frozen record behind ``results.json``, in SI units.

JSON has no token for numbers that are not finite; in the file

- ``null`` in a tensor or under a direction means that the direction was not asked for;
- ``null`` under ``tortuosity_factor``, ``macmullin_number`` or ``bruggeman_exponent`` together with
  ``percolates: false`` for that direction means infinite. In memory it is ``math.inf``. So it is
  under ``cell.area_specific_resistance`` together with ``connects: false``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cellion.cell.response import CellResponse
from cellion.errors import ResultsError, nearest
from cellion.homogenise.properties import DIRECTIONS, Conductor
from cellion.results.accuracy import AccuracyRecord
from cellion.results.provenance import Provenance
from cellion.results.sensitivities import DissipationRecord, weighted_mean

__all__ = [
    "SCHEMA_VERSION",
    "UNWRITTEN",
    "BrickLayerRecord",
    "CarrierResult",
    "DissipationRecord",
    "Fraction",
    "PercolationRecord",
    "RunResult",
    "SolverRecord",
    "pair_name",
]

SCHEMA_VERSION = 1

UNWRITTEN = "not written: "
"""Beginning of the note about files that a run should have left and has not."""


def pair_name(first: str, second: str) -> str:
    """Name of a pair of materials, independent of their order: ``A/B``."""
    return "/".join(sorted((first, second)))


@dataclass(frozen=True, kw_only=True)
class Fraction:
    """A volume or weight fraction as asked for and as meshed.

    Attributes:
        requested: What the scenario asks for [-]; None when it does not say.
        meshed: What the mesh holds [-]; None when it cannot be told (no density is known).
    """

    requested: float | None = None
    meshed: float | None = None


@dataclass(frozen=True, kw_only=True)
class BrickLayerRecord:
    """The brick layer estimate of a polycrystal (see `cellion.homogenise.brick_layer`).

    Attributes:
        edge: Edge of bricks with the same boundary area per volume [m].
        area_resistance: Mean over the area of the boundaries [Ohm m^2].
        sheet_conductance: Mean over the area of the boundaries [S].
        grain_conductivity: Per direction; of turned grains, the effective-medium value [S/m].
        conductivity: Per direction, the estimate [S/m].
    """

    edge: float
    area_resistance: float
    sheet_conductance: float
    grain_conductivity: Mapping[str, float]
    conductivity: Mapping[str, float]

    @property
    def mean_conductivity(self) -> float:
        """Mean of the estimate over the directions [S/m]."""
        return float(np.mean(list(self.conductivity.values())))

    @property
    def mean_grain_conductivity(self) -> float:
        """Mean of the grains over the directions [S/m]."""
        return float(np.mean(list(self.grain_conductivity.values())))


@dataclass(frozen=True, kw_only=True)
class CarrierResult:
    """Effective transport of one charge carrier through the composite.

    With phi_c the volume fraction of the conducting phases, sigma_bulk their conductivity and
    sigma_eff the diagonal of the effective tensor in a direction::

        tortuosity factor   tau   = phi_c sigma_bulk / sigma_eff
        MacMullin number    N_M   = sigma_bulk / sigma_eff
        Bruggeman exponent  alpha : tau = phi_c^(1 - alpha)

    Attributes:
        conducting: Names of the materials that conduct this carrier.
        conducting_fraction: Their volume fraction phi_c in the mesh [-].
        bulk_conductivity: sigma_bulk, reference of the numbers above: their conductivity, of
            several the mean over their volume [S/m].
        effective_conductivity: Tensor, shape (3, 3) [S/m]; NaN where a direction was not asked
            for and, with electrodes, off the diagonal.
        percolates: Per direction, whether the conducting phases connect the opposite faces.
        tortuosity_factor: Per direction [-]; infinite when nothing percolates.
        macmullin_number: Per direction [-]; infinite when nothing percolates.
        bruggeman_exponent: Per direction [-]; infinite when nothing percolates, NaN when the
            conducting fraction is 1.
        discretisation_error_estimate: Per direction, relative error of sigma_eff by the mesh [-];
            NaN where there is no estimate.
        composition_bounds: By name (``wiener``, ``hashin_shtrikman``), lower and upper bound of
            sigma_eff that follow from the composition alone [S/m]; empty for anisotropic materials.
        lower: Lower bound L, shape (3, 3) [S/m], when the run asked for a bracket: e . L e is no
            more than e . sigma_eff e for any field e. Its diagonal bounds that of sigma_eff, its
            other entries bound nothing by themselves; NaN where `effective_conductivity` is.
        upper: Upper bound, likewise.
        geometry_error_estimate: Per direction, relative error of sigma_eff by flat facets on curved
            surfaces, which the bounds do not hold [-]; NaN where it is not known; empty without a
            bracket.
        reason: Why the conductivity is 0, when it is.
        dissipation: Per direction that carries current, where its energy goes.
        sensitivities: Per direction that carries current, exact derivatives of the mesh's answer
            d ln sigma_eff / d ln p [-] by parameter p: ``conductivity_A`` of each material,
            ``area_resistance_A/B`` and ``sheet_conductance_A/B`` of each pair. By the energy form
            they are the shares of the dissipation, negative for resistances.
        barrier_sensitivities: Per direction that carries current, d ln sigma_eff / d E [1/eV] by
            energy E: ``activation_energy_A``, ``barrier_A_hops[0]``, ``barrier_difference_A/B``.
        conductivity_moments: Per direction k and material, d sigma_kk / d sigma_ij [-] by the
            tensor in crystal axes, shape (d, d): mean of E_i E_j over the box for a mean field 1.
        brick_layer: The brick layer estimate, for grains of one material that fill the box.
        conductors: Of several conducting materials, what each contributes.
    """

    conducting: tuple[str, ...]
    conducting_fraction: float
    bulk_conductivity: float
    effective_conductivity: NDArray[np.float64]
    percolates: Mapping[str, bool]
    tortuosity_factor: Mapping[str, float]
    macmullin_number: Mapping[str, float]
    bruggeman_exponent: Mapping[str, float]
    discretisation_error_estimate: Mapping[str, float] = field(default_factory=dict)
    composition_bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    geometry_error_estimate: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    dissipation: Mapping[str, DissipationRecord] = field(default_factory=dict)
    sensitivities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    barrier_sensitivities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    conductivity_moments: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(
        default_factory=dict
    )
    brick_layer: BrickLayerRecord | None = None
    conductors: Mapping[str, Conductor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("effective_conductivity", "lower", "upper"):
            tensor = getattr(self, name)
            if tensor is not None and np.shape(tensor) != (3, 3):
                raise ResultsError(
                    f"{name}: found shape {np.shape(tensor)}; allowed: (3, 3), with null for "
                    "directions that were not asked for"
                )

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions that were asked for."""
        diagonal = np.diagonal(self.effective_conductivity)
        return tuple(n for n, value in zip(DIRECTIONS, diagonal, strict=True) if value == value)

    @property
    def mean_conductivity(self) -> float:
        """Mean of sigma_eff over the directions that were asked for [S/m]."""
        diagonal = np.diagonal(self.effective_conductivity)
        return float(np.mean(diagonal[~np.isnan(diagonal)])) if self.directions else math.nan

    @property
    def mean_tortuosity_factor(self) -> float:
        """phi_c sigma_bulk over the mean sigma_eff [-]; infinite when nothing percolates."""
        return self.conducting_fraction * self.mean_macmullin_number

    @property
    def mean_macmullin_number(self) -> float:
        """sigma_bulk over the mean sigma_eff [-]; infinite when nothing percolates."""
        mean = self.mean_conductivity
        return math.inf if mean == 0 else self.bulk_conductivity / mean

    @property
    def mean_dissipation(self) -> tuple[float, float, float]:
        """Shares of bulk, resistive interfaces and sheets, mean over directions; NaN without."""
        if not self.dissipation:
            return math.nan, math.nan, math.nan
        totals = [each.totals for each in self.dissipation.values()]
        bulk, resistive, sheet = np.mean(totals, axis=0)
        return float(bulk), float(resistive), float(sheet)

    @property
    def mean_sensitivities(self) -> dict[str, float]:
        """D ln sigma_mean / d ln p of the mean over directions, by parameter [-]."""
        return weighted_mean(self.sensitivities, self._diagonal)

    @property
    def mean_barrier_sensitivities(self) -> dict[str, float]:
        """D ln sigma_mean / d E of the mean over directions, by energy [1/eV]."""
        return weighted_mean(self.barrier_sensitivities, self._diagonal)

    @property
    def _diagonal(self) -> dict[str, float]:
        """Effective conductivity per direction [S/m]."""
        sigma = self.effective_conductivity
        return {name: float(sigma[i, i]) for i, name in enumerate(DIRECTIONS)}

    @property
    def mean_error_estimate(self) -> float:
        """Largest relative discretisation error over the directions [-]; NaN without estimate."""
        estimates = self.discretisation_error_estimate.values()
        return max((value for value in estimates if value == value), default=math.nan)


@dataclass(frozen=True, kw_only=True)
class PercolationRecord:
    """How the conducting phases of a carrier hang together, as volume fractions of the box.

    Attributes:
        percolating: Per material and direction, volume through which a current can cross [-].
        dangling: The same for volume that is attached to one side, or winds another way, only.
        isolated: The same for volume that is attached to nothing.
        clusters: Number of connected clusters.
        reason: Per direction without percolation, why.
    """

    percolating: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    dangling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    isolated: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    clusters: int | None = None
    reason: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SolverRecord:
    """How the linear systems of one carrier ended.

    Attributes:
        unknowns: Number of unknowns of one system.
        iterations: Iterations per direction.
        residual: Relative residual per direction [-].
        flux_imbalance: Per direction, current in minus current out over current [-].
        reason: PETSc's reason by name, or why nothing had to be solved.
        options: Solver options in force.
    """

    unknowns: int
    iterations: Mapping[str, int]
    residual: Mapping[str, float]
    flux_imbalance: Mapping[str, float]
    reason: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Everything a run answers, without the fields.

    Attributes:
        name: Name of the scenario.
        temperature: Temperature [K].
        box: Edge lengths of the box, two or three [m].
        materials: Names of the materials in the order of the scenario.
        carriers: Effective transport of ``ion`` and ``electron``, as far as asked for.
        volume_fraction: Per material [-].
        weight_fraction: Per material, of the solid [-].
        specific_surface: Per material, area of its boundary with the others over the volume of
            the box [1/m].
        contact_area: Per pair of materials (see `pair_name`), shared area over the volume of the
            box [1/m].
        percolation: Per carrier.
        solver: Per carrier.
        mesh: Plain numbers about the mesh, such as ``cells`` and ``min_dihedral_degrees``.
        provenance: What made these numbers.
        notes: What the user should know, one sentence each.
        description: What the scenario says about itself.
        cell: Response of a cell, if the run asked for one; fractions, surfaces and contact areas
            are then those of its composite.
        accuracy: What the bounds certify, if the run asked for them.
        key: Hash of the question that this is the answer to (see `cellion.results.identity`).
        schema_version: Version of this layout.
    """

    name: str
    temperature: float
    box: tuple[float, ...]
    materials: tuple[str, ...]
    carriers: Mapping[str, CarrierResult]
    volume_fraction: Mapping[str, Fraction]
    weight_fraction: Mapping[str, Fraction]
    specific_surface: Mapping[str, float]
    contact_area: Mapping[str, float]
    percolation: Mapping[str, PercolationRecord]
    solver: Mapping[str, SolverRecord]
    mesh: Mapping[str, float]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    description: str | None = None
    cell: CellResponse | None = None
    accuracy: AccuracyRecord | None = None
    key: str | None = None
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        for name, values in (("temperature", (self.temperature,)), ("box", self.box)):
            if not values or not min(values) > 0.0:
                raise ResultsError(f"{name}: found {values}; allowed: numbers above 0")

    @property
    def unwritten(self) -> tuple[str, ...]:
        """Notes about files that the run should have left and has not."""
        return tuple(note for note in self.notes if note.startswith(UNWRITTEN))

    def carrier(self, name: str) -> CarrierResult:
        """Effective transport of the named carrier.

        Raises:
            ResultsError: The run did not ask for this carrier.
        """
        if name not in self.carriers:
            raise ResultsError(
                f"carriers: {name!r} was not part of the run '{self.name}'"
                f"{nearest(name, self.carriers)}; it holds: {', '.join(self.carriers) or 'none'}"
            )
        return self.carriers[name]
