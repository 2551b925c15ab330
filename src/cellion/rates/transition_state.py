"""Prefactors of hops from harmonic transition-state theory.

The rate of one directed jump to one neighbouring site is w = nu* exp(-H/kT) [1/s], with Vineyard's
prefactor nu* = prod nu_k / prod nu'_k of the normal modes of minimum and saddle point. An attempt
frequency nu0 with a migration entropy S stands for nu* = nu0 exp(S/k).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import speed_of_light

from cellion.arrays import FloatArray
from cellion.errors import RatesError, nearest

__all__ = ["normal_modes", "positive_temperatures", "vineyard_prefactor"]

ModeUnit = Literal["Hz", "THz", "cm^-1", "rad/s"]
ImaginaryRule = Literal["refuse", "drop"]
TranslationRule = Literal["absent", "drop"]

TO_HERTZ: dict[str, float] = {
    "Hz": 1.0,
    "THz": 1.0e12,
    "cm^-1": 100.0 * speed_of_light,
    "rad/s": 1.0 / (2.0 * np.pi),
}
"""Factors to ordinary frequencies [Hz]; angular ones are divided by 2 pi here, and only here."""

SMALLEST_VIBRATION = 3.0e10
"""Modes below 0.03 THz (1 cm^-1) are rigid translations, not vibrations [Hz]."""


def positive_temperatures(temperature: ArrayLike) -> FloatArray:
    """Return temperatures as an array of at least one dimension, shape (nT,) [K].

    Raises:
        RatesError: a temperature is not a positive finite number.
    """
    values = np.atleast_1d(np.asarray(temperature, dtype=float))
    wrong = values[~(np.isfinite(values) & (values > 0.0))]
    if wrong.size:
        raise RatesError(
            f"temperature: {wrong[0]:g} K found; every temperature must be above 0 K "
            "(temperatures are absolute: 25 degC is 298.15 K)"
        )
    return values


def normal_modes(
    values: Sequence[complex] | ArrayLike,
    unit: ModeUnit = "THz",
    *,
    imaginary: ImaginaryRule = "refuse",
    translations: TranslationRule = "absent",
) -> FloatArray:
    """Return the real, positive frequencies of a minimum or saddle point, ascending [Hz].

    An imaginary mode is a complex number with an imaginary part or, as lattice-dynamics codes print
    it, a negative number.

    Args:
        values: modes as the code printed them, shape (n_modes,), in ``unit``.
        unit: ``Hz``, ``THz``, ``cm^-1`` (wave numbers) or ``rad/s`` (angular frequencies).
        imaginary: ``refuse`` (a minimum has none) or ``drop`` (a saddle point has exactly one).
        translations: ``drop`` removes the three zero modes of a periodic crystal; ``absent`` says
            that the list holds none, and a zero mode is refused.

    Raises:
        RatesError: unknown unit, unexpected imaginary or zero modes.
    """
    if unit not in TO_HERTZ:
        raise RatesError(
            f"normal modes: unit '{unit}' is not known; allowed are {', '.join(TO_HERTZ)}"
            + nearest(str(unit), TO_HERTZ)
        )
    modes = np.atleast_1d(np.asarray(values, dtype=complex)) * TO_HERTZ[unit]
    if not np.all(np.isfinite(modes)):
        raise RatesError("normal modes: a value is not a finite number")
    tiny = np.abs(modes) < SMALLEST_VIBRATION
    unstable = ~tiny & ((np.abs(modes.imag) > 0.0) | (modes.real < 0.0))
    _check_imaginary(int(unstable.sum()), imaginary)
    _check_translations(int(tiny.sum()), translations)
    return np.sort(modes[~tiny & ~unstable].real)


def _check_imaginary(found: int, rule: ImaginaryRule) -> None:
    if rule == "refuse" and found:
        raise RatesError(
            f"normal modes: {found} imaginary mode(s) found; a minimum has none. "
            "If this is the saddle point say 'imaginary: drop'; if not, relax the structure further"
        )
    if rule == "drop" and found != 1:
        raise RatesError(
            f"normal modes: {found} imaginary mode(s) found; a first-order saddle point has "
            "exactly 1. Converge the saddle point (climbing image, dimer) before using its "
            "frequencies"
        )


def _check_translations(found: int, rule: TranslationRule) -> None:
    counted = f"normal modes: {found} mode(s) below {SMALLEST_VIBRATION / 1e12:g} THz found; "
    if rule == "absent" and found:
        raise RatesError(
            f"{counted}the three translations of a periodic crystal must leave both lists: say "
            "'translations: drop'"
        )
    if rule == "drop" and found != 3:
        raise RatesError(
            f"{counted}a periodic crystal has exactly 3 translations. Apply the acoustic sum rule, "
            "or say 'translations: absent'"
        )


def vineyard_prefactor(initial: FloatArray, saddle: FloatArray) -> float:
    """Return the harmonic prefactor of a jump [1/s].

        nu* = prod_{k=1}^{n} nu_k / prod_{k=1}^{n-1} nu'_k        (ordinary frequencies)

    With ordinary frequencies there is no factor 1/(2 pi); angular ones are converted on reading.

    Raises:
        RatesError: the saddle point does not have exactly one mode less.

    Source: Vineyard 1957, J. Phys. Chem. Solids 3, 121, eq. (15).
    """
    if len(initial) != len(saddle) + 1:
        raise RatesError(
            f"normal modes: {len(initial)} at the initial state and {len(saddle)} at the saddle "
            "point; the saddle point must have exactly one less (3N and 3N-1, or 3N-3 and 3N-4 "
            "after the translations left both). Use the same displaced atoms in both calculations"
        )
    if len(initial) == 0:
        raise RatesError("normal modes: the initial state has no mode; at least 1 is needed")
    return float(np.exp(np.sum(np.log(initial)) - np.sum(np.log(saddle))))
