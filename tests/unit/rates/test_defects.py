"""Defect chemistry: neutrality, mass action, doping, activation energies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.arrhenius_fit import fit_arrhenius
from cellion.rates.defects import (
    DefectModel,
    DefectSpecies,
    concentrations,
    frenkel_pair,
    schottky_pair,
)

N = 2.0e28
PAIR = 1.4 * electron_volt


def test_frenkel_defects_follow_the_law_of_mass_action():
    """c_v c_i = N N' exp(-E_F/kT), c_v = c_i."""
    T = np.array([300.0, 600.0])
    found = concentrations(frenkel_pair(1, N, 2 * N, PAIR), T)
    expected = np.sqrt(2.0) * N * np.exp(-0.5 * PAIR / (Boltzmann * T))
    assert found["vacancy"] == pytest.approx(expected, rel=1e-5)
    assert found["vacancy"] == pytest.approx(found["interstitial"], rel=1e-10)


@given(
    st.floats(0.2, 4.0), st.floats(-1e27, 1e27), st.floats(150.0, 1200.0), st.sampled_from([-2, 1])
)
def test_the_crystal_is_neutral(pair_ev, fixed, T, z):
    pair = frenkel_pair(z, N, N, pair_ev * electron_volt)
    found = concentrations(pair, T, fixed_charge=fixed)
    charges = np.array([one.charge * found[one.name][0] for one in pair])
    scale = np.abs(charges).max() + abs(fixed)
    assert charges.sum() + fixed == pytest.approx(0.0, abs=1e-9 * scale)


@given(st.floats(-3.0, 3.0))
def test_how_a_pair_energy_is_shared_does_not_matter(share):
    vacancy, interstitial = frenkel_pair(1, N, N, PAIR)
    moved = share * electron_volt
    shared = (
        replace(vacancy, formation_energy=vacancy.formation_energy + moved),
        replace(interstitial, formation_energy=interstitial.formation_energy - moved),
    )
    even = concentrations((vacancy, interstitial), 500.0, fixed_charge=1e20)
    found = concentrations(shared, 500.0, fixed_charge=1e20)
    for name in ("vacancy", "interstitial"):
        assert found[name] == pytest.approx(even[name], rel=1e-9)


def test_doping_fixes_the_majority_and_suppresses_the_minority():
    """Divalent cations on Li sites (+1) are compensated by vacancies (-1)."""
    found = concentrations(frenkel_pair(1, N, N, PAIR), 400.0, fixed_charge=1e25)
    assert found["vacancy"] == pytest.approx([1e25], rel=1e-9)
    product = N * N * np.exp(-PAIR / (Boltzmann * 400.0))
    assert found["interstitial"] == pytest.approx(product / 1e25, rel=1e-3)


def test_activation_energy_is_migration_plus_half_the_pair_energy_or_migration_alone():
    """Intrinsic: H_m + H_F/2. Doped: H_m. With sigma T ~ c exp(-H_m/kT)."""
    T, migration = np.linspace(500.0, 700.0, 5), 0.3 * electron_volt
    for fixed, extra in ((0.0, 0.5 * PAIR), (1e27, 0.0)):
        c = concentrations(frenkel_pair(1, N, N, PAIR), T, fixed_charge=fixed)["vacancy"]
        law = fit_arrhenius(T, c * np.exp(-migration / (Boltzmann * T)) / T, "sigmaT")
        assert law.activation_energy == pytest.approx(migration + extra, rel=1e-3)


def test_schottky_defects_of_an_unequal_compound():
    """MX2: twice as many anion as cation vacancies, c_M c_X^2 = N_M N_X^2 exp(-E_S/kT)."""
    T, energy = 900.0, 4.0 * electron_volt
    found = concentrations(schottky_pair((2, -1), (N, 2 * N), energy), T)
    cation, anion = found["cation vacancy"][0], found["anion vacancy"][0]
    assert anion == pytest.approx(2 * cation, rel=1e-9)
    product = 4 * N**3 * np.exp(-energy / (Boltzmann * T))
    assert cation * anion**2 == pytest.approx(product, rel=1e-4)


def test_sites_cannot_be_filled_twice():
    """Heavy doping fills the places and no more."""
    found = concentrations(frenkel_pair(1, N, N, PAIR), 400.0, fixed_charge=0.999 * N)
    assert found["vacancy"][0] <= N


def test_three_species_share_one_potential():
    """Cation and anion Frenkel pairs in one crystal: four species, one neutrality."""
    cation = frenkel_pair(1, N, N, PAIR)
    anion = [replace(one, name=f"anion {one.name}") for one in frenkel_pair(-1, N, N, 1.2 * PAIR)]
    found = np.array([*concentrations([*cation, *anion], 800.0).values()])[:, 0]
    charges = np.array([-1, 1, 1, -1])
    assert found @ charges == pytest.approx(0.0, abs=1e-9 * found.max())


def test_formation_entropy_multiplies_the_concentration():
    neutral = DefectSpecies(name="pair", charge=0, density=N, formation_energy=PAIR)
    warm = replace(neutral, formation_entropy=2.0 * Boltzmann)
    cold, hot = (concentrations([one], 500.0)["pair"] for one in (neutral, warm))
    assert hot == pytest.approx(np.e**2 * cold, rel=1e-6)


@pytest.mark.parametrize(
    ("species", "fixed", "message"),
    [
        ([frenkel_pair(1, N, N, PAIR)[0]], 0.0, "all charged species are negative"),
        ([frenkel_pair(1, N, N, PAIR)[1]], 0.0, "all charged species are positive"),
        ([frenkel_pair(1, N, N, PAIR)[1]], 1e26, "cannot be compensated"),
        (frenkel_pair(1, N, N, PAIR), 2 * N, "cannot be compensated"),
        (frenkel_pair(1, N, N, PAIR), -2 * N, "cannot be compensated"),
        ([], 0.0, "no species"),
        ([frenkel_pair(1, N, N, PAIR)[0]] * 2, 0.0, "more than once"),
        (frenkel_pair(1, -N, N, PAIR), 0.0, "density"),
        (frenkel_pair(1, N, N, np.nan), 0.0, "not a finite number"),
    ],
)
def test_crystals_that_cannot_be_neutral_are_refused(species, fixed, message):
    with pytest.raises(RatesError, match=message):
        concentrations(species, 500.0, fixed_charge=fixed)


def test_charged_formula_units_are_refused():
    with pytest.raises(RatesError, match="perfect crystal must be neutral"):
        schottky_pair((2, -1), (N, N), PAIR)


def test_unknown_carrier_names_the_nearest():
    with pytest.raises(RatesError, match="did you mean 'vacancy'"):
        DefectModel(species=frenkel_pair(1, N, N, PAIR), carrier="vacancies")
