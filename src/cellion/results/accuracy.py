"""How a bracket became narrow: one entry for each mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan

__all__ = ["AccuracyRecord", "PassRecord"]


@dataclass(frozen=True, kw_only=True)
class PassRecord:
    """Bounds on one mesh.

    Attributes:
        cells: Mesh cells.
        lower: Lower bound of sigma_eff per carrier and direction [S/m].
        upper: Upper bound of sigma_eff per carrier and direction [S/m].
        unknowns: Unknowns of upper and lower bound together, of all carriers.
        seconds: Wall time since the first mesh was asked for [s].
        geometry_error: Largest estimated change of sigma_eff from flat facets to the surfaces they
            stand for, relative [-]; no bound; 0 where surfaces are plane, NaN where they are not
            known (mesh files).
    """

    cells: int
    lower: Mapping[str, Mapping[str, float]]
    upper: Mapping[str, Mapping[str, float]]
    unknowns: int
    seconds: float
    geometry_error: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class AccuracyRecord:
    """What a bracket certifies, and what it took.

    The bounds hold for the meshed geometry; how far that is from the true one they do not tell.

    Attributes:
        width: Largest width of a bracket over its middle, of all carriers and directions [-].
        tolerance: The width that was asked for [-]; None when the mesh was to be kept.
        stopped: Why the refinement ended.
        rounding: Largest rounding error that the bounds allow for, relative [-].
        geometry_error: That of the last mesh, see `PassRecord` [-].
        history: The meshes, from coarse to fine.
    """

    width: float
    tolerance: float | None
    stopped: str
    rounding: float
    geometry_error: float = float("nan")
    history: tuple[PassRecord, ...] = field(default_factory=tuple)

    def missed(self) -> tuple[str, ...]:
        """Say that a tolerance was missed, by what and why; nothing if it was met or not asked."""
        if self.tolerance is None:
            return ()
        geometry = 0.0 if isnan(self.geometry_error) else self.geometry_error
        if self.width + 2.0 * geometry <= self.tolerance:
            return ()
        return (
            f"accuracy.tolerance: {100 * self.tolerance:.3g} % was asked for and is missed: the "
            f"bracket is {100 * self.width:.3g} % wide, the estimated geometry error about "
            f"{100 * geometry:.2g} % on either side of it; refinement ended because {self.stopped}",
        )

    @property
    def converges(self) -> bool:
        """Whether several meshes let something conduct, so that there is something to draw."""
        flows = any(
            low > 0.0
            for each in self.history[:1]
            for of in each.lower.values()
            for low in of.values()
        )
        return flows and len(self.history) > 1
