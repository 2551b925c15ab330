"""Response of a cell, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PARTS", "ActiveMaterial", "CellResponse"]

PARTS = (
    *("separator", "ionic", "ionic_contacts", "interfacial"),
    *("electronic_contacts", "electronic", "collector"),
)
"""What dissipates, in the order in which current passes."""


@dataclass(frozen=True, kw_only=True)
class ActiveMaterial:
    """Connected and cut-off shares of an active material; volume shares that sum to 1.

    A particle (label) has ions when it meets, at a contact where it can react, electrolyte that
    leads to the separator, and electrons when it belongs to a conductor that leads to the
    collector.

    Attributes:
        connected: Share that has both [-].
        without_ions: Share that has electrons only [-].
        without_electrons: Share that has ions only [-].
        without_both: Share that has none [-].
    """

    connected: float
    without_ions: float
    without_electrons: float
    without_both: float


@dataclass(frozen=True, kw_only=True)
class CellResponse:
    """Steady linear response of a cell.

    All resistances are for the cross-section of the box: voltage over mean current density. Where
    no current can flow they are infinite, and there are neither parts nor a reaction.

    Attributes:
        axis: Direction from separator to collector.
        thickness: Thickness of separator, composite and collector [m].
        connects: Whether current can flow.
        unconnected: Whether what leads to no electrode is ``excluded`` or ``polarised``.
        utilisation: Volume of the active materials that has ions and electrons, over all of it
            [-]; NaN without active material.
        reaction_utilisation: Area at which the reaction can take place with ions and electrons,
            over all of it [-]; NaN without any.
        reversed_share: Part of the reaction current, all counted as positive, that runs from the
            electronic to the ionic network, against the current through the cell [-].
        area_specific_resistance: Voltage between the outer faces over the current density,
            layers included [Ohm m^2]; infinite where no current can flow.
        parts: Its parts by `PARTS` [Ohm m^2], in proportion to what they dissipate:
            ``separator`` and ``collector``, the bulk of the ``ionic`` and ``electronic`` materials
            in the composite, contacts within either network, and ``interfacial``, contacts
            between the two, at which the reaction takes place.
        depth: Distances from the separator that bound the slices of the composite, one more than
            there are slices [m].
        reaction_current: Per slice, current from the ionic to the electronic network over the
            cross-section, when 1 A/m^2 pass through the cell [A/m^2]; they sum to 1.
        active: Per active material, how much of it takes part.
        reaction_area: Area at which the reaction can take place over the volume of the composite
            [1/m].
        connected_area: The part of it that leads to both separator and collector [1/m].
        imbalance: Current in minus current out over current [-].
        discretisation_error: Estimated relative error of the resistance by the mesh [-].
        reason: Why no current can flow, where none can.
    """

    axis: str
    thickness: Mapping[str, float]
    connects: bool
    area_specific_resistance: float
    unconnected: str = "polarised"
    utilisation: float = math.nan
    reaction_utilisation: float = math.nan
    reversed_share: float = math.nan
    parts: Mapping[str, float] = field(default_factory=dict)
    depth: tuple[float, ...] = ()
    reaction_current: tuple[float, ...] = ()
    active: Mapping[str, ActiveMaterial] = field(default_factory=dict)
    reaction_area: float = 0.0
    connected_area: float = 0.0
    imbalance: float = math.nan
    discretisation_error: float = math.nan
    reason: str | None = None

    @property
    def cathode_resistance(self) -> float:
        """Area-specific resistance of the composite and its contacts alone [Ohm m^2]."""
        layers = self.parts.get("separator", 0.0) + self.parts.get("collector", 0.0)
        return self.area_specific_resistance - layers

    @property
    def mean_reaction_depth(self) -> float:
        """Mean distance of the reaction from the separator, to half a slice [m]."""
        middles = [
            0.5 * (low + high) for low, high in zip(self.depth, self.depth[1:], strict=False)
        ]
        if not self.reaction_current:
            return math.nan
        pairs = zip(middles, self.reaction_current, strict=True)
        return math.fsum(middle * share for middle, share in pairs)
