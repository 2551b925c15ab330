"""Transport tensors of a material over temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cellion.arrays import BoolArray, FloatArray
from cellion.errors import MaterialError
from cellion.material.conductivity_laws import ConductivityInterval
from cellion.material.hopping_law import HoppingLaw, correlation_note
from cellion.material.material import MARGIN, Material
from cellion.material.tabulated import TableLaw
from cellion.rates.arrhenius_fit import Quantity, fit_arrhenius
from cellion.rates.diffusivity import Diffusivity, PrincipalAxes, principal_axes

__all__ = ["TensorTable", "conductivity_table", "diffusivity_table"]

_SAME = 1e-9  # relative difference below which principal values are one


@dataclass(frozen=True, kw_only=True)
class TensorTable:
    """One tensor over temperature.

    Attributes:
        name: Material, and the carrier where it is not the ion.
        quantity: ``conductivity`` [S/m] or ``diffusivity`` of one carrier [m^2/s].
        temperature: Temperatures [K], shape (n,).
        tensor: Symmetric tensors in crystal axes, shape (n, 3, 3).
        extrapolated: Whether a temperature is outside the data behind the law, shape (n,).
        origin: ``computed`` from hops, or ``measured``.
        source: Citation or crystal.
        spread: Interval of the mean of the principal values, where that is known.
        notes: Further remarks, one sentence each.
    """

    name: str
    quantity: Literal["conductivity", "diffusivity"]
    temperature: FloatArray
    tensor: FloatArray
    extrapolated: BoolArray
    origin: Literal["computed", "measured"]
    source: str
    spread: ConductivityInterval | None = None
    notes: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """Unit of the tensor."""
        return "S/m" if self.quantity == "conductivity" else "m^2/s"

    @property
    def principal(self) -> PrincipalAxes:
        """Principal values, descending, and their axes."""
        return principal_axes(self.tensor)

    @property
    def mean(self) -> FloatArray:
        """One third of the trace, shape (n,)."""
        return np.asarray(np.trace(self.tensor, axis1=1, axis2=2) / 3.0)

    @property
    def isotropic(self) -> bool:
        """Whether the three principal values are one at every temperature."""
        values = self.principal.values
        return bool(np.all(values[:, 0] - values[:, 2] <= _SAME * values[:, 0]))

    @property
    def activation_energy(self) -> float | None:
        """Apparent Arrhenius energy of the mean of sigma T or D [J]; None from one temperature."""
        if np.unique(self.temperature).size < 2 or not np.all(self.mean > 0.0):
            return None
        law: Quantity = "sigmaT" if self.quantity == "conductivity" else "diffusivity"
        return fit_arrhenius(self.temperature, self.mean, law).activation_energy

    def scaled(self) -> FloatArray:
        """Principal values of sigma T [S K/m] or D, which follow Arrhenius laws, shape (n, 3)."""
        values = self.principal.values
        return values * self.temperature[:, None] if self.quantity == "conductivity" else values


def conductivity_table(material: Material, carrier: str, temperature: FloatArray) -> TensorTable:
    """Return the conductivity of one carrier of a material at temperatures (n,) [K].

    Raises:
        MaterialError: The carrier does not move, or a temperature is not above 0 K.
    """
    T = np.asarray(temperature, dtype=np.float64)
    tensor = np.array([material.conductivity(carrier, float(t)) for t in T])
    if not tensor.any():
        raise MaterialError(f"material '{material.name}': the {carrier} does not move")
    low, high = material.ranges.get(carrier, (0.0, np.inf))
    law = material.carriers[carrier]
    hops = isinstance(law, HoppingLaw)
    notes = law.notes if isinstance(law, TableLaw) else ()
    if isinstance(law, HoppingLaw):
        middle = float(T[T.size // 2])
        notes = (correlation_note(law, middle), *law.notes(middle))
    start = f"{carrier} conductivity: "
    sources = [s.removeprefix(start) for s in material.sources if s.startswith(start)]
    return TensorTable(
        name=material.name if carrier == "ion" else f"{material.name}, electron",
        quantity="conductivity",
        temperature=T,
        tensor=tensor,
        extrapolated=(low - MARGIN > T) | (high + MARGIN < T),
        origin="computed" if hops else "measured",
        source="; ".join(sources),
        spread=law.spread(T) if isinstance(law, HoppingLaw | TableLaw) else None,
        notes=tuple(note for note in notes if note),
    )


def diffusivity_table(name: str, found: Diffusivity, notes: tuple[str, ...] = ()) -> TensorTable:
    """Return the diffusivity of one carrier as a table."""
    return TensorTable(
        name=name,
        quantity="diffusivity",
        temperature=found.temperature,
        tensor=found.tensor,
        extrapolated=np.zeros(found.temperature.size, dtype=bool),
        origin="computed",
        source=found.source,
        notes=notes,
    )
