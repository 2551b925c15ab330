"""Derivatives of an effective conductivity, from where its energy goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DissipationRecord", "derivatives", "weighted_mean"]


@dataclass(frozen=True, kw_only=True)
class DissipationRecord:
    """Where the energy of a mean field goes; all shares together are 1.

    With blocking boundaries alone, these are the shares of the resistance: bulk and boundaries in
    series.

    Attributes:
        bulk: Share of each conducting material [-].
        resistive: Share of resistive interfaces, per pair of materials [-].
        sheet: Share of conducting sheets, per pair of materials [-].
    """

    bulk: Mapping[str, float] = field(default_factory=dict)
    resistive: Mapping[str, float] = field(default_factory=dict)
    sheet: Mapping[str, float] = field(default_factory=dict)

    @property
    def totals(self) -> tuple[float, float, float]:
        """Shares of bulk, resistive interfaces and sheets."""
        bulk, resistive, sheet = (sum(p.values()) for p in (self.bulk, self.resistive, self.sheet))
        return float(bulk), float(resistive), float(sheet)


def derivatives(shares: DissipationRecord) -> dict[str, float]:
    """Logarithmic derivatives of the energy form: the solved field is stationary in it.

    Args:
        shares: Where the energy goes.

    Returns:
        D ln sigma_eff / d ln p [-] by parameter p.
    """
    return (
        {f"conductivity_{name}": share for name, share in shares.bulk.items()}
        | {f"area_resistance_{pair}": -share for pair, share in shares.resistive.items()}
        | {f"sheet_conductance_{pair}": share for pair, share in shares.sheet.items()}
    )


def weighted_mean(
    per_direction: Mapping[str, Mapping[str, float]], conductivity: Mapping[str, float]
) -> dict[str, float]:
    """Logarithmic derivatives of the mean over directions from those of each.

    Args:
        per_direction: Derivatives by direction and parameter.
        conductivity: sigma_eff by direction [S/m].
    """
    total = sum(conductivity[name] for name in per_direction)
    if not total:
        return {}  # a mean of 0 has no logarithm
    names = dict.fromkeys(p for each in per_direction.values() for p in each)
    return {
        p: float(sum(conductivity[d] * each.get(p, 0.0) for d, each in per_direction.items()))
        / float(total)
        for p in names
    }
