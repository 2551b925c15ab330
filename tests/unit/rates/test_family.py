"""Crystal families: structure, symmetry, what is missing, lattice-gas conductivity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.correlation import charge_tensor
from cellion.rates.family import family_conductor, family_network, missing_parameters
from cellion.rates.family_data import family_document, family_names, load_family
from cellion.rates.jump_network import diffusivity
from helpers.interstitialcies import equal_interstitialcy

REQUIRED = {
    "spinel", "olivine", "garnet", "perovskite", "perovskite_layered", "anti_perovskite",
    "prussian_blue", "chevrel", "layered_o3", "layered_p2", "nasicon", "tysonite", "fluorite",
    "halide_perovskite", "lgps",
}  # fmt: skip

COORDINATION = {
    "spinel": {"tetrahedral": 4},
    "spinel_octahedral": {"tetrahedral": 4, "octahedral": 2},
    "olivine": {"Li": 2},
    "garnet": {"tetrahedral": 4, "octahedral": 2},
    "perovskite": {"A": 6},
    "perovskite_layered": {"La-poor": 6, "La-rich": 6},
    "anti_perovskite": {"Li": 8},
    "prussian_blue": {"face": 10},
    "chevrel": {"inner": 5, "outer": 2},
    "layered_o3": {"octahedral": 6},
    "layered_p2": {"edge": 3, "face": 3},
    "nasicon": {"Na1": 6, "Na2": 2},
    "tysonite": {"F1": 8, "F2": 9, "F3": 6},
    "fluorite": {"interstitial": 12},
    "halide_perovskite": {"X": 8},
    "lgps": {"channel": 2},
}


def completed(name):
    """A family whose missing energies are filled in: 0.05 eV for sites, 0.4 eV for barriers."""
    family = load_family(name)
    site_energies = {site.energy for site in family.sites}
    return family, {
        p.name: (0.05 if p.name in site_energies else 0.4) * electron_volt
        for p in missing_parameters(family)
    }


def test_every_class_of_the_review_is_there():
    assert set(family_names()) >= REQUIRED


@pytest.mark.parametrize("name", family_names())
def test_sites_have_their_neighbours(name):
    network = family_network(*completed(name))
    ends = np.bincount(np.r_[network.starts, network.ends], minlength=network.n_sites)
    for kind, expected in COORDINATION[name].items():
        mine = [k for k, site in enumerate(network.site_names) if site.startswith(kind)]
        assert ends[mine].tolist() == [expected] * len(mine)


@pytest.mark.parametrize("name", family_names())
def test_tensors_have_the_symmetry_of_the_crystal(name):
    """Cubic: isotropic. Uniaxial: D_xx = D_yy. Conducting in as many directions as stated."""
    family, energies = completed(name)
    tensor = diffusivity(family_network(family, energies), 400.0).tensor[0]
    values = np.linalg.eigvalsh(tensor)
    assert np.sum(values > 1e-6 * values[-1]) == family_document(name)["dimension"]
    cubic = {"spinel", "spinel_octahedral", "garnet", "perovskite", "anti_perovskite",
             "prussian_blue", "fluorite", "halide_perovskite"}  # fmt: skip
    uniaxial = {"layered_o3", "layered_p2", "nasicon", "tysonite", "perovskite_layered", "lgps"}
    if name in cubic:
        assert tensor == pytest.approx(values[-1] * np.eye(3), abs=1e-9 * values[-1])
    if name in uniaxial:
        assert tensor[0, 0] == pytest.approx(tensor[1, 1], rel=1e-6, abs=1e-30)
        assert np.abs(tensor - np.diag(np.diag(tensor))).max() < 1e-6 * values[-1]


def test_olivine_conducts_along_b_and_across_only_with_antisites():
    family = load_family("olivine")
    ideal = diffusivity(family_network(family), 300.0).tensor[0]
    rate = 1e13 * np.exp(-0.375 * electron_volt / (Boltzmann * 300.0))
    assert ideal == pytest.approx(np.diag([0.0, rate * 3.005e-10**2, 0.0]), rel=1e-9, abs=1e-40)
    crossed = family_network(family, {"cross": 0.5 * electron_volt})
    mixed = diffusivity(crossed, 300.0).tensor[0]
    assert 0.0 < mixed[0, 0] < mixed[1, 1]
    assert 0.0 < mixed[2, 2] < mixed[1, 1]


def test_spinel_is_the_diamond_lattice():
    """D = a^2 w/8 for the hop between tetrahedral sites; LiM2O4: a 8.24 A, 0.50 eV."""
    network = family_network(load_family("spinel", "LiM2O4"))
    found = diffusivity(network, 500.0).tensor[0, 0, 0]
    rate = 1e13 * np.exp(-0.5 * electron_volt / (Boltzmann * 500.0))
    assert found == pytest.approx(rate * 8.24e-10**2 / 8.0)


def test_body_centre_hops_of_prussian_blue_pass_the_body_centre():
    """Half an edge along the normal of the face: 2 of the 6 neighbours at that distance."""
    network = family_network(load_family("prussian_blue"))
    gaps = network.positions[network.ends] - network.positions[network.starts]
    steps = (gaps + network.translations) @ network.lattice
    across = np.isclose(np.linalg.norm(steps, axis=1), 5.1e-10, rtol=1e-3, atol=0.0)
    assert across.sum() == network.n_sites


def test_missing_energies_are_listed_before_anything_is_computed():
    family = load_family("chevrel")
    assert [p.name for p in missing_parameters(family)] == ["outer_energy", "exit", "channel"]
    with pytest.raises(
        RatesError, match=r"energies are missing.*outer_energy: energy of the outer"
    ):
        family_network(family)
    assert missing_parameters(family, {"exit": 0.0, "channel": 0.0, "outer_energy": 0.0}) == ()


def test_lattice_gas_conductivity_counts_free_places():
    """Li0.34La0.51TiO2.94: 0.15 of the A sites are free."""
    family = load_family("perovskite", "Li0.34La0.51TiO2.94")
    conductor = family_conductor(family)
    assert conductor.available == pytest.approx(0.34 + 0.15)
    assert conductor.carriers.share == pytest.approx(0.34 / (0.34 + 0.15))
    assert conductor.carrier_density(298.15)[0] == pytest.approx(0.34 / 3.87e-10**3)
    assert conductor.charge_number == 1


def test_an_interstitial_of_fluorite_pushes_either_of_two_ions():
    """As the mechanism written out: the two fluorines beside each way are two paths."""
    family = load_family("fluorite")
    network = family_network(family, {"push": 0.45 * electron_volt})
    quarters = np.array([[x, y, z] for x in (1, 3) for y in (1, 3) for z in (1, 3)]) / 4.0
    edge = float(np.linalg.norm(family.lattice[0]))
    pushed = equal_interstitialcy(
        family.lattice,
        quarters,
        network.positions,
        jump=edge * np.sqrt(3.0) / 4.0,
        interstitial_distance=edge * np.sqrt(0.5),
        rate=1e13 * np.exp(-0.45 * electron_volt / (Boltzmann * 500.0)),
    )
    expected = charge_tensor(pushed)
    np.testing.assert_allclose(
        diffusivity(network, 500.0).tensor[0], expected, rtol=1e-9, atol=1e-12 * expected.max()
    )


@pytest.mark.parametrize("name", family_names())
def test_every_family_says_what_wanders(name):
    family = load_family(name)
    assert family.carrier == ("ions" if "interstitial" in family.mechanism else "vacancies")


def test_full_sublattices_need_defects():
    with pytest.raises(RatesError, match="fill all 1 places"):
        family_conductor(load_family("olivine"))


def test_variants_replace_lattice_charge_and_barrier():
    magnesium = load_family("layered_o3", "MgTiS2")
    assert (magnesium.charge_number, magnesium.ion) == (2, "Mg2+")
    assert magnesium.parameters["hop"].value == pytest.approx(1.0 * electron_volt)
    assert np.linalg.norm(magnesium.lattice[0]) == pytest.approx(3.41e-10)


def test_every_number_has_a_source():
    for name in family_names():
        family = load_family(name)
        assert family_document(name)["lattice"]["source"]
        assert all(p.source and p.meaning for p in family.parameters.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_family("spinell"), "did you mean 'spinel'"),
        (lambda: load_family("spinel", "MgSc2Se"), "did you mean 'MgSc2Se4'"),
        (
            lambda: family_network(load_family("olivine"), {"chanel": 1.0}),
            "did you mean 'channel'",
        ),
    ],
)
def test_unknown_names_are_refused(call, message):
    with pytest.raises(RatesError, match=message):
        call()


def test_lattices_too_far_from_the_family_are_refused():
    family = load_family("nasicon")
    stretched = replace(family, lattice=family.lattice * np.array([1.0, 1.0, 3.0])[:, None])
    with pytest.raises(RatesError, match="for the hop 'Na1-Na2'"):
        family_network(stretched)
