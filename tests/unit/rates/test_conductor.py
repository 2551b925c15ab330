"""A hopping conductor: the same conductivity as its parts, whatever mechanism carries it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt, elementary_charge

from cellion.errors import RatesError
from cellion.rates.conductor import Carriers, HoppingConductor, hopping_conductivity
from cellion.rates.defects import DefectModel, frenkel_pair
from cellion.rates.family import family_conductor, family_network
from cellion.rates.family_data import load_family
from cellion.rates.jump_network import Hop, Site, jump_network
from cellion.rates.lattices import lattice_network
from cellion.rates.nernst_einstein import conductivity
from cellion.rates.occupancy import lattice_gas_diffusivity

EDGE, BARRIER, PREFACTOR, T = 4e-10, 0.3 * electron_volt, 1e13, 350.0
RATE = PREFACTOR * np.exp(-BARRIER / (Boltzmann * T))


def conductor(kind="sc", share=0.02, **settings):
    network = lattice_network(kind, edge=EDGE, barrier=BARRIER, prefactor=PREFACTOR)
    carriers = Carriers(share=share)
    return HoppingConductor(network=network, charge_number=1, carriers=carriers, **settings)


def sigma(found):
    tensor = hopping_conductivity(found, T).tensor[0]
    np.testing.assert_allclose(tensor, tensor[0, 0] * np.eye(3), atol=1e-12 * tensor[0, 0])
    return float(tensor[0, 0])


def nernst_einstein(density, diffusivity):
    return density * elementary_charge**2 * diffusivity / (Boltzmann * T)


def test_independent_carriers_block_each_other_on_average():
    expected = nernst_einstein(0.02 / EDGE**3, 0.98 * RATE * EDGE**2)
    assert sigma(conductor()) == pytest.approx(expected, rel=1e-12)


def test_few_vacancies_conduct_like_few_ions_on_equal_sites():
    expected = nernst_einstein(0.02 / EDGE**3, RATE * EDGE**2)
    assert sigma(conductor(mechanism="vacancy")) == pytest.approx(expected, rel=1e-12)


def test_a_tracer_diffusivity_is_divided_by_the_haven_ratio():
    network = lattice_network("sc", edge=EDGE, barrier=BARRIER, prefactor=PREFACTOR)
    carriers = Carriers(density=1e27)
    found = HoppingConductor(network=network, charge_number=2, carriers=carriers, haven_ratio=0.5)
    expected = 4 * nernst_einstein(1e27, RATE * EDGE**2) / 0.5
    assert sigma(found) == pytest.approx(expected, rel=1e-12)


def test_rows_that_move_together_carry_the_square_of_their_length():
    ratio = sigma(conductor(mechanism="concerted", row=3)) / sigma(conductor(mechanism="vacancy"))
    assert ratio == pytest.approx(9.0, rel=1e-12)


def test_pairs_of_vacancies_move_on_close_packed_lattices():
    assert sigma(conductor("fcc", mechanism="divacancy")) > 0.0


@pytest.mark.parametrize("variant", ["Li5La3Nb2O12", "Li5La3Ta2O12", "Li7La3Zr2O12"])
def test_a_family_conducts_as_its_lattice_gas(variant):
    family = load_family("garnet", variant)
    found = hopping_conductivity(family_conductor(family), [300.0, T])
    network, ions = family_network(family), family.ions_per_cell
    gas = lattice_gas_diffusivity(network, [300.0, T], ions / network.n_sites)
    expected = conductivity(gas, density=ions / network.volume, charge_number=1).tensor
    np.testing.assert_allclose(found.tensor, expected, rtol=1e-12, atol=1e-12 * expected.max())


def test_the_share_of_carriers_of_a_family_is_symmetric():
    family = load_family("olivine")
    tensors = [
        hopping_conductivity(family_conductor(family, carriers=Carriers(share=c)), T).tensor
        for c in (0.03, 0.97)
    ]
    np.testing.assert_allclose(*tensors, rtol=1e-9, atol=1e-12 * tensors[0].max())


@pytest.mark.parametrize(
    ("axis_energy", "few", "blocked"),
    [
        (0.0, (0.0327, 0.0276), 0.9667),
        (0.2, (4.07e-5, 3.45e-5), 1.111),
        (-0.2, (0.0490, 0.0414), 0.950),
    ],
)
def test_vacancies_move_in_the_family_that_says_so(axis_energy, few, blocked):
    """Tysonite with vacancies on 3.33 % of its places at 298.15 K, along c and across.

    ``few`` is the vacancy mechanism of the crystal written out, as if they did not block each
    other; on their favourite sites they do.
    """
    family = load_family("tysonite")
    energies = {"f1": 0.3, "f12": 0.9, "axis_energy": axis_energy}
    energies = {key: value * electron_volt for key, value in energies.items()}
    per_volume = 0.0333 * 18 / abs(np.linalg.det(family.lattice))
    by_density = family_conductor(family, energies, carriers=Carriers(density=per_volume))
    by_share = family_conductor(family, energies, carriers=Carriers(share=0.0333))
    found = hopping_conductivity(by_density, 298.15).tensor[0]
    np.testing.assert_allclose((found[2, 2], found[0, 0]), few, rtol=2e-3)
    ratio = hopping_conductivity(by_share, 298.15).tensor[0, 2, 2] / found[2, 2]
    assert ratio == pytest.approx(blocked, rel=1e-3)


def test_defects_block_by_the_sign_of_their_charge():
    """Vacancies of Li+ (charge -1) on two sites conduct as the ions that leave them."""
    sites = [
        Site(name="a", position=(0, 0, 0)),
        Site(name="b", position=(0.5, 0, 0), energy=0.1 * electron_volt),
    ]
    hops = [
        Hop(start="a", end="b", translation=cell, saddle_energy=0.3 * electron_volt, prefactor=1e13)
        for cell in ((0, 0, 0), (-1, 0, 0))
    ]
    network = jump_network(EDGE * np.eye(3), sites, hops)
    pair = frenkel_pair(1, 2.0 / EDGE**3, 2.0 / EDGE**3, 0.3 * electron_volt)

    def conducted(carriers):
        found = HoppingConductor(network=network, charge_number=1, carriers=carriers)
        return hopping_conductivity(found, T).tensor[0, 0, 0]

    for name, holds in (("vacancy", lambda c: 1.0 - c), ("interstitial", lambda c: c)):
        model = DefectModel(species=pair, carrier=name)
        c = float(model.density(T)[0]) * EDGE**3 / 2.0
        expected = conducted(Carriers(share=holds(c)))
        assert conducted(Carriers(defects=model)) == pytest.approx(expected, rel=1e-9)


def test_immobile_ions_hinder_few_carriers_as_they_hinder_many():
    """A density and a share of the same few vacancies conduct the same."""
    family = load_family("perovskite")
    places = (1.0 - family.blocked_per_cell) / abs(np.linalg.det(family.lattice))
    by_share, by_density = (
        hopping_conductivity(family_conductor(family, carriers=carriers), T).tensor
        for carriers in (Carriers(share=1e-9), Carriers(density=1e-9 * places))
    )
    np.testing.assert_allclose(by_share, by_density, rtol=1e-8, atol=1e-12 * by_share.max())


def test_more_carriers_than_places_are_refused():
    network = lattice_network("sc", edge=EDGE, barrier=BARRIER, prefactor=PREFACTOR)
    told = r"2e\+28 1/m\^3 found; the crystal has 1\.563e\+28 places"
    with pytest.raises(RatesError, match=told):
        HoppingConductor(network=network, charge_number=1, carriers=Carriers(density=2e28))


def test_a_density_of_carriers_of_a_family_is_used_as_it_is():
    family = load_family("olivine")
    found = hopping_conductivity(family_conductor(family, carriers=Carriers(density=1e25)), T)
    rate = 1e13 * np.exp(-0.375 * electron_volt / (Boltzmann * T))
    expected = nernst_einstein(1e25, rate * (3.005e-10) ** 2)
    assert found.tensor[0, 1, 1] == pytest.approx(expected, rel=1e-9)
    assert np.abs(found.tensor[0][[0, 2]]).max() <= 1e-12 * expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "one of their share of the sites, their density"),
        ({"share": 0.1, "density": 1e25}, "one of their share"),
        ({"share": 0.0}, "a share of 0 found"),
        ({"share": 1.0}, "a share of 1 found"),
        ({"density": -1.0}, "must be positive"),
        ({"density": float("nan")}, "must be positive"),
    ],
)
def test_carriers_without_meaning_are_refused(settings, message):
    with pytest.raises(RatesError, match=message):
        Carriers(**settings)


def test_a_haven_ratio_beside_a_mechanism_is_refused():
    with pytest.raises(RatesError, match="has its own"):
        conductor(mechanism="vacancy", haven_ratio=0.65)


def test_a_mechanism_that_the_lattice_lacks_is_refused_at_once():
    with pytest.raises(RatesError, match="no ion is next to both vacancies"):
        conductor("sc", mechanism="divacancy")


@pytest.mark.parametrize("temperature", [0.0, -5.0, float("nan")])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(RatesError, match="temperature"):
        hopping_conductivity(conductor(), temperature)
