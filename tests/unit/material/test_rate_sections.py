"""What a scenario may say of rates: normal modes, entropies, tables, defects, mechanisms."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt, elementary_charge

from cellion.errors import MaterialError
from cellion.material.material import Material, build_material
from cellion.material.over_temperature import TensorTable, conductivity_table
from cellion.scenario.load import build_scenario
from cellion.scenario.materials import MaterialSpec

T = 400.0
KT = Boltzmann * T
CUBIC: dict[str, Any] = {
    "mobile": "Li+",
    "lattice": {"name": "sc", "edge": "4 angstrom"},
    "barrier": "0.3 eV",
    "carrier_share": "1 %",
}
PLACES = 1.0 / (4e-10) ** 3
MODES = {"initial": [3.0, 5.0, 7.0, 9.0, 4.0], "saddle": [4.0, 5.5, 6.0, 8.0]}
NU = 3.0 * 5.0 * 7.0 * 9.0 * 4.0 / (4.0 * 5.5 * 6.0 * 8.0) * 1e12
WRITTEN: dict[str, Any] = {
    "mobile": "Li+",
    "lattice": {"lengths": ["4 angstrom", "4 angstrom", "4 angstrom"]},
    "sites": [{"name": "A", "position": [0, 0, 0]}],
    "hops": [{"between": ["A", "A"], "distance": "4 angstrom", "barrier": "0.3 eV"}],
    "carrier_density": "1e20 1/cm^3",
}


def built(ion: dict[str, Any]) -> Material:
    return build_material("M", MaterialSpec.model_validate({"ion": ion}), T)


def sigma(ion: dict[str, Any], temperature: float = T) -> float:
    return float(np.trace(built(ion).conductivity("ion", temperature)) / 3.0)


def table(ion: dict[str, Any], *temperatures: float) -> TensorTable:
    return conductivity_table(built(ion), "ion", np.array(temperatures or (T,)))


def hops(**changes: Any) -> dict[str, Any]:
    return {"hopping": {**WRITTEN, "hops": [WRITTEN["hops"][0] | changes]}}


# --- attempt frequencies ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "vibrations",
    [
        MODES,
        {**MODES, "saddle": [4.0, 5.5, -2.1, 6.0, 8.0], "imaginary": "drop"},
        {**MODES, "saddle": [4.0, "2.1i", 5.5, 6.0, 8.0], "imaginary": "drop"},
        {k: [33.35640951981521 * v for v in MODES[k]] for k in MODES} | {"unit": "cm^-1"},
        {k: [0.0, 0.001, -0.002, *MODES[k]] for k in MODES} | {"translations": "drop"},
    ],
    ids=["THz", "imaginary, negative", "imaginary, i", "cm^-1", "translations"],
)
def test_normal_modes_give_the_prefactor_of_vineyard(vibrations):
    expected = sigma({"hopping": CUBIC | {"attempt_frequency": f"{NU:.12g} Hz"}})
    assert sigma({"hopping": CUBIC | {"vibrations": vibrations}}) == pytest.approx(expected)
    # the same for each hop
    assert sigma(hops(vibrations=vibrations)) == pytest.approx(
        sigma(hops(attempt_frequency=f"{NU:.12g} Hz"))
    )


def test_normal_modes_are_read_from_files(tmp_path):
    (tmp_path / "min.txt").write_text("# initial\n3 5 7\n9 4\n")
    (tmp_path / "saddle.txt").write_text("4.0 5.5 6.0 8.0 2.1i  # imaginary\n")
    vibrations = {"initial": "min.txt", "saddle": "saddle.txt", "imaginary": "drop"}
    document = {
        "name": "modes",
        "materials": {"M": {"ion": {"hopping": CUBIC | {"vibrations": vibrations}}}},
        "microstructure": {
            "layers": {
                "box": ["1 um", "1 um"],
                "axis": "x",
                "materials": ["M"],
                "thicknesses": ["1 um"],
            }
        },
    }
    spec = build_scenario(document, path=tmp_path / "demo.yaml").materials["M"]
    found = build_material("M", spec, T).conductivity("ion", T)[0, 0]
    assert found == pytest.approx(sigma({"hopping": CUBIC | {"vibrations": MODES}}))


@pytest.mark.parametrize("where", ["hop", "all"])
def test_the_gibbs_form_multiplies_by_the_entropy(where):
    """nu exp(S/k): 2 k make e^2."""
    given = {"attempt_frequency": "5 THz", "entropy": "2 k_B"}
    if where == "hop":
        ratio = sigma(hops(**given)) / sigma(hops(attempt_frequency="5 THz"))
    else:
        ratio = sigma({"hopping": CUBIC | given}) / sigma(
            {"hopping": CUBIC | {"attempt_frequency": "5 THz"}}
        )
    assert ratio == pytest.approx(np.exp(2.0))


def test_both_sides_of_a_hop_may_have_modes():
    """A softer second site is fuller; the rate back is slower by the same factor."""
    softer = [*MODES["initial"][:-1], 2.0]  # one mode at half its frequency: k ln 2 more entropy
    sites = [
        {"name": "A", "position": [0, 0, 0]},
        {"name": "B", "position": [0.5, 0, 0], "entropy": f"{np.log(2.0):.9f} k_B"},
    ]
    vibrations = {**MODES, "final": softer}
    chain = [
        {"between": ["A", "B"], "barrier": "0.3 eV", "vibrations": vibrations},
        {
            "between": ["B", "A"],
            "translation": [1, 0, 0],
            "barrier": "0.3 eV",
            "attempt_frequency": f"{NU / 2:.12g} Hz",
        },
    ]
    found = built({"hopping": WRITTEN | {"sites": sites, "hops": chain}}).conductivity("ion", T)
    # one third of the time at A, two thirds at B; both bonds carry p_A nu
    rate = NU * np.exp(-0.3 * electron_volt / KT)
    expected = 1e26 * elementary_charge**2 / KT * (rate / 3.0) * (2e-10) ** 2 * 2
    assert found[0, 0] == pytest.approx(expected, rel=1e-6)
    sites[1].pop("entropy")
    with pytest.raises(MaterialError, match=r"hops\[0\]\.vibrations\.final: .*0\.693 k_B.*0\.000"):
        built({"hopping": WRITTEN | {"sites": sites, "hops": chain}})


@pytest.mark.parametrize(
    ("vibrations", "told"),
    [
        ({**MODES, "saddle": [4.0, 5.5, 6.0]}, "5 at the initial state and 3 at the saddle"),
        ({**MODES, "saddle": [4.0, 5.5, 6.0, 8.0, -2.0]}, r"saddle: .*imaginary: drop"),
        ({**MODES, "imaginary": "drop"}, "0 imaginary mode"),
        ({**MODES, "initial": [3.0, 5.0, -7.0, 9.0, 4.0]}, r"initial: .*a minimum has none"),
        ({**MODES, "initial": [0.0, 3.0, 5.0, 7.0, 9.0]}, "translations: drop"),
    ],
)
def test_modes_that_do_not_fit_are_refused(vibrations, told):
    with pytest.raises(MaterialError, match=rf"ion\.hopping\.vibrations.*{told}"):
        built({"hopping": CUBIC | {"vibrations": vibrations}})


# --- tables -------------------------------------------------------------------------------------


def arrhenius(temperature: float) -> float:
    return 0.1 * 300.0 / temperature * np.exp(0.33 / 8.617333262e-5 * (1 / 300 - 1 / temperature))


ROWS = [[f"{t} K", f"{arrhenius(t):.9g} S/m"] for t in (300, 340, 380, 420)]


def test_a_table_is_fitted():
    found = {"table": {"of": "conductivity", "rows": ROWS}}
    assert sigma(found, 360.0) == pytest.approx(arrhenius(360.0), rel=1e-6)
    assert built(found).ranges["ion"] == (300.0, 420.0)
    assert "0.33" in built(found).sources[0]


def test_a_table_says_how_sure_it_is():
    noisy = [[T, y, "10 %"] for T, y in ROWS]
    found = table({"table": {"of": "conductivity", "rows": noisy}}, 360.0, 700.0)
    assert found.spread is not None
    assert found.extrapolated.tolist() == [False, True]
    width = np.log(found.spread.high / found.spread.low) / 2
    assert width[0] == pytest.approx(0.05, abs=0.005)  # four points of 10 %, near their middle
    assert width[1] > 3 * width[0]


def test_far_outside_a_table_a_note_says_so():
    spec = MaterialSpec.model_validate(
        {"ion": {"table": {"of": "conductivity", "rows": ROWS, "relative_error": "5 %"}}}
    )
    far = build_material("M", spec, 600.0)
    assert any("far outside the table (300.00 to 420.00 K)" in note for note in far.notes)
    assert any("68 %" in note for note in far.notes)
    assert not any("outside" in note for note in build_material("M", spec, 350.0).notes)


@pytest.mark.parametrize(("haven", "ratio"), [(0.5, 0.5), ("vacancy/diamond", 0.5), (1, 1.0)])
def test_a_tracer_diffusivity_is_divided_by_the_haven_ratio(haven, ratio):
    rows = [["300 K", "1e-8 cm^2/s"], ["500 K", "1e-7 cm^2/s"]]
    given = {"of": "diffusivity", "rows": rows, "mobile": "Mg2+", "carrier_density": "2e28 1/m^3"}
    found = sigma({"table": given | {"kind": "tracer", "haven_ratio": haven}}, 300.0)
    expected = 2e28 * (2 * elementary_charge) ** 2 * 1e-12 / (Boltzmann * 300.0)
    assert found == pytest.approx(expected / ratio)
    assert sigma({"table": given | {"kind": "charge"}}, 300.0) == pytest.approx(expected)


def test_values_that_fall_on_heating_are_refused():
    with pytest.raises(MaterialError, match=r"ion\.table: the values fall on heating"):
        built({"table": {"of": "conductivity", "rows": [ROWS[0], ["400 K", "1 uS/m"]]}})


def test_an_unknown_haven_ratio_names_the_nearest():
    rows = [["300 K", "1e-8 cm^2/s"], ["500 K", "1e-7 cm^2/s"]]
    given = {"of": "diffusivity", "rows": rows, "mobile": "Li+", "carrier_density": "2e28 1/m^3"}
    with pytest.raises(MaterialError, match=r"table\.haven_ratio.*did you mean 'vacancy/bcc'"):
        built({"table": given | {"kind": "tracer", "haven_ratio": "vacancy/bc"}})


# --- carriers -----------------------------------------------------------------------------------


def carriers(**given: Any) -> dict[str, Any]:
    plain = {key: value for key, value in CUBIC.items() if key != "carrier_share"}
    return {"hopping": plain | {"mechanism": "vacancy", "carriers": given}}


def density(found: float, temperature: float = T) -> float:
    """Carriers per place behind a conductivity of the cubic lattice."""
    rate = 1e13 * np.exp(-0.3 * electron_volt / (Boltzmann * temperature))
    single = elementary_charge**2 * rate * (4e-10) ** 2 / (Boltzmann * temperature)
    return found / single / PLACES


def test_pure_crystals_have_frenkel_pairs():
    found = density(sigma(carriers(frenkel={"energy": "1.0 eV"})))
    assert found == pytest.approx(np.exp(-0.5 * electron_volt / KT), rel=1e-5)


def test_schottky_pairs_need_the_counter_ion():
    """MgF2: three vacancies share the energy; two fluorine places for each magnesium."""
    plain = {key: value for key, value in CUBIC.items() if key != "carrier_share"}
    plain |= {"mobile": "Mg2+", "mechanism": "vacancy"}
    given = {"schottky": {"energy": "1.5 eV", "partner": "F-"}}
    found = density(sigma({"hopping": plain | {"carriers": given}}) / 4.0)
    # [V_Mg] [V_F]^2 = 4 exp(-E/KT) with [V_F] = 2 [V_Mg], per magnesium place
    assert found == pytest.approx(np.exp(-0.5 * electron_volt / KT), rel=1e-4)


def test_dopants_fix_the_carriers():
    """Divalent dopants of effective charge +1 make one vacancy each, at every temperature."""
    doped = carriers(frenkel={"energy": "2 eV"}, dopants=[{"charge": 1, "share": "0.1 %"}])
    for temperature in (350.0, 500.0):
        found = density(sigma(doped, temperature), temperature)
        assert found == pytest.approx(1e-3, rel=1e-4)


def test_the_activation_energy_gains_half_the_formation_energy():
    pure = table(carriers(frenkel={"energy": "1.0 eV"}), 350.0, 450.0)
    doped = table(
        carriers(frenkel={"energy": "2 eV"}, dopants=[{"charge": 1, "share": "0.1 %"}]), 350, 450
    )
    assert pure.activation_energy / electron_volt == pytest.approx(0.8, abs=1e-3)
    assert doped.activation_energy / electron_volt == pytest.approx(0.3, abs=1e-3)


def test_families_take_defects_too():
    ion = {"family": "olivine", "carriers": {"frenkel": {"energy": "1.2 eV"}}}
    found = table(ion, 350.0, 450.0)
    assert found.activation_energy / electron_volt == pytest.approx(0.375 + 0.6, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"species": [{"name": "vacancy", "charge": -1, "formation_energy": "1 eV"}]},
            "all charged species are negative",
        ),
        (
            {"frenkel": {"energy": "1 eV"}, "dopants": [{"charge": 2, "share": "90 %"}]},
            "cannot be compensated",
        ),
        ({"schottky": {"energy": "1 eV", "partner": "K+"}}, "the perfect crystal must be neutral"),
    ],
)
def test_crystals_that_cannot_be_neutral_are_refused(given, told):
    with pytest.raises(MaterialError, match=rf"ion\.hopping\.carriers: .*{told}"):
        built(carriers(**given))


# --- mechanisms ---------------------------------------------------------------------------------

SILVER: dict[str, Any] = {
    "mobile": "Ag+",
    "lattice": {
        "vectors": [
            ["0 angstrom", "2.77 angstrom", "2.77 angstrom"],
            ["2.77 angstrom", "0 angstrom", "2.77 angstrom"],
            ["2.77 angstrom", "2.77 angstrom", "0 angstrom"],
        ]
    },
    "sites": [
        {"name": "Ag", "position": [0, 0, 0], "full": True},
        {"name": "t1", "position": ["1/4", "1/4", "1/4"]},
        {"name": "t2", "position": ["3/4", "3/4", "3/4"]},
    ],
    "mechanism": "interstitialcy",
    "carrier_density": "1e20 1/cm^3",
}
COLLINEAR = {
    "between": ["t1", "t2"],
    "distance": "4.798 angstrom",
    "via": "Ag",
    "barrier": "0.05 eV",
}


def test_collinear_interstitialcy_goes_over_the_full_sites_only():
    """Four ways through silver, none through the halide; each carries charge over both jumps."""
    found = table({"hopping": SILVER | {"hops": [COLLINEAR]}})
    rate = 1e13 * np.exp(-0.05 * electron_volt / KT)
    span = np.sqrt(3) / 2 * 5.54e-10
    expected = 1e26 * elementary_charge**2 / KT * 4 * rate * span**2 / 6
    assert found.mean[0] == pytest.approx(expected, rel=1e-3)
    assert "correlation factor 0.6667, Haven ratio 0.3333" in found.notes[0]


def test_exchange_adds_direct_hops():
    direct = {"between": ["t1", "t2"], "distance": "2.77 angstrom", "barrier": "0.1 eV"}
    both = SILVER | {"mechanism": "exchange", "hops": [COLLINEAR, direct]}
    alone = sigma({"hopping": SILVER | {"hops": [COLLINEAR]}})
    rate = 1e13 * np.exp(-0.1 * electron_volt / KT)
    extra = 1e26 * elementary_charge**2 / KT * 6 * rate * (2.77e-10) ** 2 / 6
    assert sigma({"hopping": both}) == pytest.approx(alone + extra, rel=1e-3)


def test_interstitials_do_not_block_each_other():
    ratio = sigma({"hopping": CUBIC | {"mechanism": "interstitial"}}) / sigma({"hopping": CUBIC})
    assert ratio == pytest.approx(1.0 / 0.99)


def test_monte_carlo_agrees_with_blocking_on_average():
    """Equal sites without interaction: (1 - c) exactly, but for 1/places of a closed box."""
    half = CUBIC | {"carrier_share": 0.5}
    simulated = table({"hopping": half | {"monte_carlo": {"cells": [4, 4, 4], "seed": 11}}})
    assert simulated.spread is not None
    expected = sigma({"hopping": half}) * 64 / 63
    error = 0.5 * float(simulated.spread.high[0] - simulated.spread.low[0])
    assert error < 0.1 * expected
    assert simulated.mean[0] == pytest.approx(expected, abs=4 * error)
    assert "Haven ratio" in simulated.notes[0]


# --- uncertainty --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ion",
    [
        {"hopping": CUBIC | {"barrier": "0.30 eV +- 0.05 eV"}},
        {"hopping": CUBIC | {"barrier": "0.30 +- 0.05 eV"}},
        {"hopping": CUBIC | {"barrier": "0.30 eV ± 50 meV"}},
        {"hopping": CUBIC | {"uncertainty": "50 meV"}},
        hops(barrier="0.30 eV +- 0.05 eV"),
        hops(uncertainty="50 meV"),
        {"family": "olivine", "energies": {"channel": "0.3 eV +- 50 meV"}, "carrier_share": 0.1},
        {"family": "olivine", "uncertainty": "50 meV", "carrier_share": 0.1},
        {"family": "olivine", "uncertainties": {"channel": "50 meV"}, "carrier_share": 0.1},
    ],
)
def test_one_uncertain_barrier_makes_a_lognormal_conductivity(ion):
    """68 % lie within a factor exp(s/KT); 256 even points find the quantiles to a few percent."""
    found = table(ion)
    assert found.spread is not None
    assert found.spread.median[0] == pytest.approx(found.mean[0], rel=0.02)
    factor = np.exp(0.05 * electron_volt / KT)
    assert found.spread.high[0] / found.mean[0] == pytest.approx(factor, rel=0.05)
    assert found.spread.low[0] * factor == pytest.approx(found.mean[0], rel=0.05)


def test_sure_barriers_have_no_interval():
    assert table({"hopping": CUBIC}).spread is None


def test_each_line_of_hops_is_uncertain_by_itself():
    """Two equal bonds in series: the interval is narrower than that of one."""
    sites = [{"name": "A", "position": [0, 0, 0]}, {"name": "B", "position": [0.5, 0, 0]}]
    ends = {"between": ["A", "B"], "uncertainty": "20 meV", "barrier": "0.3 eV"}
    chain = [ends, {**ends, "between": ["B", "A"], "translation": [1, 0, 0]}]
    spread = table({"hopping": WRITTEN | {"sites": sites, "hops": chain}}).spread
    width = float(np.log(spread.high / spread.low)[0]) / 2
    alone = 0.02 * electron_volt / KT
    assert 0.6 * alone < width < 0.85 * alone  # 1/sqrt(2) for small deviations


def test_a_run_is_told_of_uncertain_barriers():
    notes = built({"hopping": CUBIC | {"uncertainty": "50 meV"}}).notes
    assert len(notes) == 1
    assert "(uncertain barriers); vary the barrier in a study" in notes[0]


@pytest.mark.parametrize(
    "ion",
    [
        {"family": "olivine", "uncertainty": "50 meV", "carrier_share": 0.1},
        {"hopping": CUBIC | {"uncertainty": "50 meV"}},
        {"hopping": SILVER | {"hops": [COLLINEAR]}},
        {"table": {"of": "conductivity", "rows": ROWS}},
    ],
)
def test_materials_can_be_handed_to_other_ranks(ion):
    material = built(ion)
    copy = pickle.loads(pickle.dumps(material))
    np.testing.assert_array_equal(copy.conductivity("ion", T), material.conductivity("ion", T))


STRUCTURES = Path(__file__).parents[3] / "scenarios" / "structures"


def test_structure_files_take_uncertainty_line_by_line():
    rows = [
        {"between": ["Li1", "Li1"], "distance": "3.005 angstrom", "barrier": "0.375 eV +- 0.03 eV"},
        {"between": ["Li1", "Li1"], "distance": "4.69 angstrom", "closed": True},
        {"between": ["Li1", "Li1"], "distance": "5.57 angstrom", "closed": True},
        {"between": ["Li1", "Li1"], "distance": "5.672 angstrom", "barrier": "0.5 eV"},
    ]
    given = {
        "mobile": "Li+",
        "structure": str(STRUCTURES / "LiFePO4.cif"),
        "hops": rows,
        "carrier_share": "1 %",
    }
    found = table({"hopping": given})
    factor = np.exp(0.03 * electron_volt / KT)
    assert found.spread.high[0] / found.mean[0] == pytest.approx(factor, rel=0.1)
