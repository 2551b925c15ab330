"""Text with units becomes an SI float, or one clear message."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants

from cellion.errors import ScenarioError
from cellion.quantities import (
    AVOGADRO,
    BOLTZMANN,
    DIMENSIONS,
    ELECTRON_VOLT,
    ELEMENTARY_CHARGE,
    FARADAY,
    GAS_CONSTANT,
    describe,
    to_si,
)

SPELLINGS = [
    ("5 um", "length", 5e-6),
    ("5um", "length", 5e-6),
    ("5 µm", "length", 5e-6),
    ("5 μm", "length", 5e-6),
    ("5\N{NO-BREAK SPACE}um", "length", 5e-6),
    ("  5 um ", "length", 5e-6),
    ("-5 um", "length", -5e-6),
    ("\N{MINUS SIGN}5 um", "length", -5e-6),
    (".5 mm", "length", 5e-4),
    ("5. mm", "length", 5e-3),
    ("1.5e-3 m", "length", 1.5e-3),
    ("2 Å", "length", 2e-10),
    ("2 angstrom", "length", 2e-10),
    ("3 mS/cm", "conductivity", 0.3),
    ("3 mS cm^-1", "conductivity", 0.3),
    ("3 mS cm-1", "conductivity", 0.3),
    ("3 mS·cm⁻¹", "conductivity", 0.3),
    ("3 S/m", "conductivity", 3.0),
    ("20 Ohm cm^2", "area_resistance", 2e-3),
    ("20 ohm*cm**2", "area_resistance", 2e-3),
    ("20 Ω cm²", "area_resistance", 2e-3),
    ("20 \N{OHM SIGN} cm2", "area_resistance", 2e-3),
    ("2 kOhm cm^2", "area_resistance", 0.2),
    ("20 Ω·cm²", "area_resistance", 2e-3),
    ("20 Ωcm²", "area_resistance", 2e-3),
    ("20 kΩcm²", "area_resistance", 2.0),
    ("20 Ohm.cm2", "area_resistance", 2e-3),
    ("20 ohm-cm2", "area_resistance", 2e-3),
    ("3 1/(Ohm m)", "conductivity", 3.0),
    ("3/(Ω·m)", "conductivity", 3.0),
    ("3 (Ohm cm)^-1", "conductivity", 300.0),
    ("3 Ω⁻¹cm⁻¹", "conductivity", 300.0),
    ("3 S cm⁻¹", "conductivity", 300.0),
    ("3 S cm^{-1}", "conductivity", 300.0),
    ("3 S.cm-1", "conductivity", 300.0),
    ("1.2·10⁻³ S/cm", "conductivity", 0.12),
    ("1.2x10^-3 S/cm", "conductivity", 0.12),
    ("1.2 × 10-3 S/cm", "conductivity", 0.12),
    ("1.2*10**-3 S/cm", "conductivity", 0.12),
    ("1.2 10^-3 S/cm", "conductivity", 0.12),
    ("1.2e\N{MINUS SIGN}3 S/cm", "conductivity", 0.12),
    ("10⁻³ S/cm", "conductivity", 0.1),
    ("10³ S/m", "conductivity", 1000.0),
    ("5\N{NARROW NO-BREAK SPACE}µm", "length", 5e-6),
    ("2 A\N{COMBINING RING ABOVE}", "length", 2e-10),
    ("1e21/cm³", "number_density", 1e27),
    ("2 J/(mol K)", "entropy", 2.0 / AVOGADRO),
    ("25 ℃", "temperature", 298.15),
    ("25\N{MASCULINE ORDINAL INDICATOR}C", "temperature", 298.15),
    ("1e-9 S", "sheet_conductance", 1e-9),
    ("1.64 g/cm^3", "density", 1640.0),
    ("1e-8 cm^2/s", "diffusivity", 1e-12),
    ("10 ps", "time", 1e-11),
    ("5 THz", "frequency", 5e12),
    ("5 1/s", "frequency", 5.0),
    ("10 mV", "voltage", 1e-2),
    ("1 mA/cm^2", "current_density", 10.0),
    ("300 K", "temperature", 300.0),
    ("25 degC", "temperature", 298.15),
    ("25 °C", "temperature", 298.15),
    ("77 degF", "temperature", 298.15),
    ("0.33 eV", "energy", 0.33 * 1.602176634e-19),
    ("60 %", "fraction", 0.6),
    ("60%", "fraction", 0.6),
    ("0.6", "fraction", 0.6),
    (0.6, "fraction", 0.6),
    (1, "fraction", 1.0),
]


@pytest.mark.parametrize(("text", "dimension", "value"), SPELLINGS)
def test_a_quantity_is_read_in_every_usual_spelling(text, dimension, value):
    # two roundings, of the scale and of the product
    assert to_si(text, dimension) == pytest.approx(value, rel=4e-16)


@pytest.mark.parametrize(("text", "exact"), [("5 um", 5e-6), ("0.6 um", 6e-7), ("3 mS/cm", None)])
def test_decimal_units_give_the_float_a_reader_expects(text, exact):
    dimension = "length" if exact else "conductivity"
    assert to_si(text, dimension) == (exact or 0.3)


def test_a_molar_energy_is_taken_per_particle():
    assert to_si("1 kJ/mol", "energy") == pytest.approx(1e3 / AVOGADRO, rel=1e-15)
    # 96.485 kJ/mol is one electron volt per particle
    assert to_si("96.48533212 kJ/mol", "energy") == pytest.approx(ELECTRON_VOLT, rel=1e-9)


REFUSED = [
    (5, "length", "found 5 (a bare number); a length with its unit is needed, for example '5 um'"),
    (5.5, "energy", "found 5.5 (a bare number); an energy with its unit"),
    ("5", "length", "found '5' (the unit is missing)"),
    ("5 K", "length", "('K' is not the unit of a length)"),
    ("5 foo", "length", "(the unit 'foo' is not known here)"),
    ("2.4 mS", "conductivity", "('mS' is not the unit of a conductivity)"),
    ("2 Ohm cm", "conductivity", "is not the unit of a conductivity"),
    ("25 C", "temperature", "'degC' is"),
    ("5 delta_degC", "temperature", "a temperature with its unit"),
    ("1 degC^2", "temperature", "is not the unit of a temperature"),
    ("0,5 um", "length", "write decimals with a point"),
    ("1,234 um", "length", "'1,234' can be 1.234 or 1234"),
    ("1,234.5 um", "length", "write 1234.5, without marks"),
    ("1 000 um", "length", "write 1000, without marks"),
    ("1'000 um", "length", "write 1000, without marks"),
    ("1.000,5 um", "length", "is not readable"),
    ("1.2·103 um", "length", "is not readable"),
    ("5–10 um", "length", "is not readable"),
    ("3 1/Ohm m", "conductivity", "'1/(ohm m)' may be meant"),
    ("2 J/mol K", "entropy", "'J/(mol K)' may be meant"),
    ("um", "length", "found 'um'; a length"),
    ("", "length", "found ''; a length"),
    ("nan m", "length", "found 'nan m'"),
    ("inf m", "length", "found 'inf m'"),
    ("1e999 m", "length", "out of any range"),
    ("1e-300 m", "length", "out of any range"),
    ("9**9**9 m", "length", "is not readable"),
    ("1 m^999999", "length", "is not readable"),
    ("5 (m", "length", "is not readable"),
    ("5 m/0", "length", "is not readable"),
    ("5 " + "um " * 4000, "length", "…"),
    ("4 dB", "length", "is not the unit of a length"),
    (None, "length", "found nothing; a length"),
    (True, "length", "found true; a length"),
    ([1, 2], "length", "found a list of 2; a length"),
    ({}, "length", "found an empty mapping; a length"),
    (True, "fraction", "found true; a fraction is needed, for example 0.6 or '60 %'"),
    ("0.6 m", "fraction", "found '0.6 m'; a fraction"),
    (math.nan, "fraction", "out of any range"),
    (math.inf, "fraction", "out of any range"),
    (10**400, "fraction", "a very large whole number"),
]


@pytest.mark.parametrize(("text", "dimension", "told"), REFUSED)
def test_anything_else_is_refused_with_what_was_found_and_an_example(text, dimension, told):
    with pytest.raises(ScenarioError) as caught:
        to_si(text, dimension)
    assert told in str(caught.value)
    assert DIMENSIONS[dimension].example in str(caught.value)


@pytest.mark.parametrize("name", sorted(DIMENSIONS))
def test_every_dimension_accepts_its_own_example(name):
    example = DIMENSIONS[name].example.split(" or ")[0]
    assert to_si(example, name) > 0.0


def test_an_unknown_dimension_is_a_mistake_of_the_code():
    with pytest.raises(ValueError, match="did you mean 'length'"):
        to_si("5 um", "lenght")


@given(st.text(max_size=40), st.sampled_from(sorted(DIMENSIONS)))
def test_no_text_does_more_than_be_refused(text, dimension):
    with contextlib.suppress(ScenarioError):
        assert math.isfinite(to_si(text, dimension))


@given(
    st.text("0123456789.eE+-*/^() %µumKSdegCVhOΩ²", max_size=24),
    st.sampled_from(sorted(DIMENSIONS)),
)
def test_no_text_that_looks_like_a_quantity_does_more_than_be_refused(text, dimension):
    with contextlib.suppress(ScenarioError):
        assert math.isfinite(to_si(text, dimension))


@given(st.floats(1e-3, 1e6), st.sampled_from(["nm", "um", "mm", "m"]))
def test_reading_is_linear_in_the_number(number, unit):
    # two roundings each
    assert to_si(f"{number!r} {unit}", "length") == pytest.approx(
        number * to_si(f"1 {unit}", "length"), rel=5e-16
    )


def test_constants_belong_together():
    # exact in the SI of 2019, so that the product is the rounded product
    assert AVOGADRO * ELEMENTARY_CHARGE == FARADAY
    assert AVOGADRO * BOLTZMANN == GAS_CONSTANT
    assert ELECTRON_VOLT == ELEMENTARY_CHARGE


def test_constants_are_those_of_scipy():
    assert constants.Avogadro == AVOGADRO
    assert constants.Boltzmann == BOLTZMANN
    assert constants.elementary_charge == ELEMENTARY_CHARGE
    assert constants.gas_constant == GAS_CONSTANT


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x" * 200, "…'"),
        (b"x", "a bytes"),
        ([], "an empty list"),
        ({"a": 1}, "a mapping"),
        (2.5, "2.5"),
        (False, "false"),
    ],
)
def test_values_are_described_in_a_few_words(value, told):
    assert describe(value).endswith(told)
    assert len(describe(value)) < 100
