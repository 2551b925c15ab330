"""Prefactor of quantum harmonic transition-state theory."""

from __future__ import annotations

import numpy as np
from scipy.constants import Boltzmann, Planck

from cellion.arrays import FloatArray


def quantum_prefactor(initial: FloatArray, saddle: FloatArray, temperature: float) -> float:
    """Prefactor [1/s] of normal modes [Hz], with zero-point energies and without tunnelling.

        nu*(T) = (kT/h) prod 2 sinh(h nu_k/2kT) / prod 2 sinh(h nu'_k/2kT)

    Source: Wigner 1938; Haenggi, Talkner, Borkovec 1990, Rev. Mod. Phys. 62, 251, section IX.
    """
    kT = Boltzmann * temperature
    reduced = (Planck * modes / (2.0 * kT) for modes in (initial, saddle))
    first, second = (float(np.sum(x + np.log(-np.expm1(-2.0 * x)))) for x in reduced)
    return float(kT / Planck * np.exp(first - second))
