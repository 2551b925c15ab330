"""The porous electrode of Newman: two superposed continua that exchange current everywhere.

With the effective conductivities kappa (ions) and sigma (electrons), the reacting area per volume a
and the resistance R of the reaction, the potential difference eta = phi_ion - phi_electron obeys

    eta'' = (nu / L)^2 eta,   nu^2 = L^2 (a / R) (1 / kappa + 1 / sigma),

with ions entering at x = 0, eta'(0) = -I / kappa, and electrons leaving at x = L,
eta'(L) = I / sigma.

Source: Euler and Nonnenmacher, Electrochim. Acta 2 (1960) 268; Newman and Tobias, J. Electrochem.
Soc. 109 (1962) 1183; Newman and Tiedemann, AIChE J. 21 (1975) 25, eqs. 31-37.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PorousElectrode"]


@dataclass(frozen=True, kw_only=True)
class PorousElectrode:
    """A porous electrode with linear kinetics in steady operation.

    Attributes:
        thickness: L [m].
        ionic: Effective ionic conductivity kappa [S/m].
        electronic: Effective electronic conductivity sigma [S/m].
        area: Reacting area per volume a [1/m].
        reaction: Resistance of the reaction R = R_gas T / (F i0) [Ohm m^2].
    """

    thickness: float
    ionic: float
    electronic: float
    area: float
    reaction: float

    @property
    def modulus(self) -> float:
        """Thickness over the depth of the reaction zone, nu [-]."""
        conduction = 1.0 / self.ionic + 1.0 / self.electronic
        return float(self.thickness * np.sqrt(self.area / self.reaction * conduction))

    @property
    def resistance(self) -> float:
        """Area-specific resistance, (phi_ion(0) - phi_electron(L)) / I [Ohm m^2].

        ASR = L / (kappa + sigma) (1 + (2 / sinh nu + (sigma/kappa + kappa/sigma) coth nu) / nu)
        """
        nu, contrast = self.modulus, self.electronic / self.ionic
        inverse_sinh = 2.0 * np.exp(-nu) / -np.expm1(-2.0 * nu)  # does not overflow
        shape = 2.0 * inverse_sinh + (contrast + 1.0 / contrast) / np.tanh(nu)
        return float(self.thickness / (self.ionic + self.electronic) * (1.0 + shape / nu))

    def electronic_share(self, x: ArrayLike) -> NDArray[np.float64]:
        """Share of the current that electrons carry at depths x [m], 0 at 0 and 1 at L [-].

        With y = x / L,

            i_electron / I = (sigma (1 - sinh(nu (1 - y)) / sinh nu) + kappa sinh(nu y) / sinh nu)
                             / (kappa + sigma).
        """
        y, nu = np.asarray(x, dtype=float) / self.thickness, self.modulus
        total = self.ionic + self.electronic
        fed = 1.0 - _decaying(1.0 - y, nu)
        collected = _decaying(y, nu)
        return np.asarray((self.electronic * fed + self.ionic * collected) / total)


def _decaying(y: NDArray[np.float64], nu: float) -> NDArray[np.float64]:
    """sinh(nu y) / sinh(nu) for y in [0, 1] without overflow."""
    ratio = np.exp(nu * (y - 1.0)) * np.expm1(-2.0 * nu * y) / np.expm1(-2.0 * nu)
    return np.asarray(ratio)
