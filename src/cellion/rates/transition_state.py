"""Rates of single hops from transition-state theory.

Three equivalent ways to write the rate of ONE directed jump to ONE neighbouring site [1/s]::

    Arrhenius   w = nu* exp(-H/kT)
    Gibbs       w = nu0 exp(S/k) exp(-H/kT)
    Vineyard    nu* = prod nu_k / prod nu'_k

The entropy that belongs to the Gibbs form depends on the frequency it stands beside: with an
attempt frequency ``nu0`` it is `migration_entropy`; with ``kT/h`` it is `eyring_entropy`. Mixing
the two is wrong by ``h nu0/kT`` and puts a spurious ``1/T`` into the rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, Planck, speed_of_light

from cellion.errors import RatesError, nearest

__all__ = [
    "NormalModes",
    "arrhenius_rate",
    "eyring_entropy",
    "eyring_rate",
    "gibbs_rate",
    "migration_entropy",
    "normal_modes",
    "positive_temperatures",
    "quantum_prefactor",
    "vineyard_prefactor",
]

FloatArray = NDArray[np.float64]
ModeUnit = Literal["Hz", "THz", "cm^-1", "rad/s"]
ImaginaryRule = Literal["refuse", "drop"]
TranslationRule = Literal["absent", "drop"]

TO_HERTZ: dict[str, float] = {
    "Hz": 1.0,
    "THz": 1.0e12,
    "cm^-1": 100.0 * speed_of_light,
    "rad/s": 1.0 / (2.0 * np.pi),
}
"""Factors to ordinary frequencies in cycles per second; the 2 pi of angular ones is paid here,
once."""

SMALLEST_VIBRATION = 3.0e10
"""Modes below 0.03 THz (1 cm^-1) are rigid translations, not vibrations [Hz]."""


@dataclass(frozen=True, kw_only=True)
class NormalModes:
    """Real, positive normal modes of one stationary point.

    Attributes:
        frequencies: ordinary frequencies, shape (n_modes,), ascending [Hz].
        dropped_imaginary: number of imaginary modes left out (1 at a saddle, 0 at a minimum).
        dropped_translations: number of rigid translations left out (0 or 3).
    """

    frequencies: FloatArray
    dropped_imaginary: int = 0
    dropped_translations: int = 0

    def __len__(self) -> int:
        """Return the number of vibrations."""
        return int(self.frequencies.size)


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
) -> NormalModes:
    """Read the normal modes of a minimum or of a saddle point.

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
    return NormalModes(
        frequencies=np.sort(modes[~tiny & ~unstable].real),
        dropped_imaginary=int(unstable.sum()),
        dropped_translations=int(tiny.sum()),
    )


def _check_imaginary(found: int, rule: ImaginaryRule) -> None:
    if rule == "refuse" and found:
        raise RatesError(
            f"normal modes: {found} imaginary mode(s) found; a minimum has none. "
            "If this is the saddle point say 'imaginary: drop'; if not, relax the structure further"
        )
    if rule == "drop" and found != 1:
        raise RatesError(
            f"normal modes: {found} imaginary mode(s) found; a first-order saddle point has "
            f"exactly 1. "
            "Converge the saddle point (climbing image, dimer) before using its frequencies"
        )


def _check_translations(found: int, rule: TranslationRule) -> None:
    if rule == "absent" and found:
        raise RatesError(
            f"normal modes: {found} mode(s) below {SMALLEST_VIBRATION / 1e12:g} THz found; the "
            f"three "
            "translations of a periodic crystal must leave both lists: say 'translations: drop'"
        )
    if rule == "drop" and found != 3:
        raise RatesError(
            f"normal modes: {found} mode(s) below {SMALLEST_VIBRATION / 1e12:g} THz found; a "
            f"periodic "
            "crystal has exactly 3 translations. Apply the acoustic sum rule, or say "
            "'translations: absent'"
        )


def _check_counts(initial: NormalModes, saddle: NormalModes) -> None:
    if len(initial) != len(saddle) + 1:
        raise RatesError(
            f"normal modes: {len(initial)} at the initial state and {len(saddle)} at the saddle "
            f"point; "
            "the saddle point must have exactly one less (3N and 3N-1, or 3N-3 and 3N-4 after the "
            "translations left both). Use the same displaced atoms in both calculations"
        )
    if len(initial) == 0:
        raise RatesError("normal modes: the initial state has no mode; at least 1 is needed")


def vineyard_prefactor(initial: NormalModes, saddle: NormalModes) -> float:
    """Return the harmonic prefactor of a jump.

        nu* = prod_{k=1}^{n} nu_k / prod_{k=1}^{n-1} nu'_k        (ordinary frequencies)

    With ordinary frequencies there is no factor 1/(2 pi); angular ones are converted on reading.

    Returns:
        the prefactor [1/s].

    Raises:
        RatesError: the saddle point does not have exactly one mode less.

    Source: Vineyard 1957, J. Phys. Chem. Solids 3, 121, eq. (15).
    """
    _check_counts(initial, saddle)
    return float(np.exp(np.sum(np.log(initial.frequencies)) - np.sum(np.log(saddle.frequencies))))


def quantum_prefactor(
    initial: NormalModes, saddle: NormalModes, temperature: ArrayLike
) -> FloatArray:
    """Return the prefactor of quantum harmonic transition-state theory, shape (nT,) [1/s].

        nu*(T) = (kT/h) prod 2 sinh(h nu_k/2kT) / prod 2 sinh(h nu'_k/2kT)

    Zero-point energies sit in it (do not add them to the barrier too); tunnelling does not. For
    h nu << kT it becomes `vineyard_prefactor`.

    Raises:
        RatesError: mode counts do not match, or a temperature is not positive.

    Source: Wigner 1938; Haenggi, Talkner, Borkovec 1990, Rev. Mod. Phys. 62, 251, section IX.
    """
    _check_counts(initial, saddle)
    kT = Boltzmann * positive_temperatures(temperature)
    logs = [
        np.sum(_log_two_sinh(Planck * modes.frequencies[None, :] / (2.0 * kT[:, None])), axis=1)
        for modes in (initial, saddle)
    ]
    return np.asarray(kT / Planck * np.exp(logs[0] - logs[1]))


def _log_two_sinh(x: FloatArray) -> FloatArray:
    return np.asarray(x + np.log(-np.expm1(-2.0 * x)))


def migration_entropy(initial: NormalModes, saddle: NormalModes, attempt_frequency: float) -> float:
    """Return the migration entropy that stands beside an attempt frequency [J/K].

        S = k ln(nu* / nu0),   so that   nu0 exp(S/k) = nu*   exactly, at every temperature.

    Args:
        initial: modes of the initial state.
        saddle: modes of the saddle point, one less.
        attempt_frequency: nu0, usually 1e12 to 1e13 [1/s].

    Raises:
        RatesError: mode counts do not match, or the attempt frequency is not positive.
    """
    _check_positive(attempt_frequency, "attempt_frequency", "1/s")
    return float(Boltzmann * np.log(vineyard_prefactor(initial, saddle) / attempt_frequency))


def eyring_entropy(initial: NormalModes, saddle: NormalModes, temperature: ArrayLike) -> FloatArray:
    """Return the entropy from mode sums of unequal length, shape (nT,) [J/K].

        S = k [sum_{n} ln(h nu/kT) - sum_{n-1} ln(h nu'/kT)]

    It carries the factor h/kT of the mode that became the jump, so it belongs beside kT/h
    (`eyring_rate`) and never beside an attempt frequency.

    Raises:
        RatesError: mode counts do not match, or a temperature is not positive.
    """
    _check_counts(initial, saddle)
    kT = Boltzmann * positive_temperatures(temperature)
    ratio = np.log(vineyard_prefactor(initial, saddle)) + np.log(Planck / kT)
    return np.asarray(Boltzmann * ratio)


def arrhenius_rate(prefactor: ArrayLike, barrier: ArrayLike, temperature: ArrayLike) -> FloatArray:
    """Return jump rates w = nu* exp(-H/kT) [1/s].

    Args:
        prefactor: nu*, scalar or shape (n,) [1/s].
        barrier: migration enthalpy, scalar or shape (n,) [J].
        temperature: scalar or shape (nT,) [K].

    Returns:
        rates, shape (nT,) for scalars, else (nT, n).

    Raises:
        RatesError: a prefactor or temperature is not positive.
    """
    kT = Boltzmann * positive_temperatures(temperature)
    nu, height = np.broadcast_arrays(np.asarray(prefactor, float), np.asarray(barrier, float))
    _check_positive(nu, "prefactor", "1/s")
    shape = kT.shape + (1,) * nu.ndim
    return np.asarray(nu * np.exp(-height / kT.reshape(shape)))


def gibbs_rate(
    attempt_frequency: float, enthalpy: float, entropy: float, temperature: ArrayLike
) -> FloatArray:
    """Return w = nu0 exp(-(H - T S)/kT), shape (nT,) [1/s].

    Args:
        attempt_frequency: nu0 [1/s].
        enthalpy: migration enthalpy H [J].
        entropy: migration entropy S of the convention of `migration_entropy` [J/K].
        temperature: scalar or shape (nT,) [K].

    Raises:
        RatesError: the attempt frequency or a temperature is not positive.
    """
    prefactor = attempt_frequency * np.exp(entropy / Boltzmann)
    return arrhenius_rate(prefactor, enthalpy, temperature)


def eyring_rate(enthalpy: float, entropy: ArrayLike, temperature: ArrayLike) -> FloatArray:
    """Return w = (kT/h) exp(S/k) exp(-H/kT), shape (nT,) [1/s].

    Args:
        enthalpy: migration enthalpy H [J].
        entropy: entropy of the convention of `eyring_entropy`, scalar or shape (nT,) [J/K].
        temperature: scalar or shape (nT,) [K].

    Raises:
        RatesError: a temperature is not positive.
    """
    kT = Boltzmann * positive_temperatures(temperature)
    exponent = np.asarray(entropy, float) / Boltzmann - enthalpy / kT
    return np.asarray(kT / Planck * np.exp(exponent))


def _check_positive(value: ArrayLike, name: str, unit: str) -> None:
    array = np.asarray(value, dtype=float)
    wrong = np.atleast_1d(array[~(np.isfinite(array) & (array > 0.0))])
    if wrong.size:
        raise RatesError(f"{name}: {wrong[0]:g} {unit} found; it must be a positive number")
