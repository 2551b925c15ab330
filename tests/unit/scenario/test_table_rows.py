"""Files of measured values are read as people write them, or refused with what they could mean."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cellion.material.material import build_material
from cellion.scenario.faults import FaultsError
from cellion.scenario.load import build_scenario
from cellion.scenario.table_rows import TableRows, read_row, read_table_file

PLAIN = "temperature [K],conductivity [S/m]\n{}"

SERIES = {
    "semicolons and decimal commas": (
        "temperature [degC];conductivity [mS/cm]\n25,00;1,000000\n40,00;1,828402\n"
        "60,00;3,744040\n80,00;7,044910\n100,00;12,349875\n"
    ),
    "inverse temperature and sigma T": (
        "1000/T [1/K],log10(sigma T) [S K/cm]\n3.35402,-0.52557\n3.19336,-0.24218\n"
        "3.00165,0.09598\n2.83166,0.39583\n2.67989,0.66355\n"
    ),
    "decadic logarithms": (
        "temperature [K],log10 conductivity [S/cm]\n298.15,-3.00000\n313.15,-2.73793\n"
        "333.15,-2.42666\n353.15,-2.15212\n373.15,-1.90834\n"
    ),
    "units in parentheses": (
        "Temperature (K),Conductivity (S/cm)\n298.15,1.000000e-03\n313.15,1.828402e-03\n"
        "333.15,3.744040e-03\n353.15,7.044910e-03\n373.15,1.234988e-02\n"
    ),
    "units in the second row": (
        "temperature,conductivity\nK,S/cm\n298.15,1.000000e-03\n313.15,1.828402e-03\n"
        "333.15,3.744040e-03\n353.15,7.044910e-03\n373.15,1.234988e-02\n"
    ),
    "further columns": (
        "sample,temperature [K],conductivity [S/cm],note\n"
        'A0,298.15,1.000000e-03,"heating, run 1"\nA1,313.15,1.828402e-03,"heating, run 1"\n'
        'A2,333.15,3.744040e-03,"heating, run 1"\nA3,353.15,7.044910e-03,"heating, run 1"\n'
        'A4,373.15,1.234988e-02,"heating, run 1"\n'
    ),
    "absolute errors": (
        "temperature [K],conductivity [S/cm],error [S/cm]\n298.15,1.000000e-03,1.000000e-04\n"
        "313.15,1.828402e-03,1.828402e-04\n333.15,3.744040e-03,3.744040e-04\n"
        "353.15,7.044910e-03,7.044910e-04\n373.15,1.234988e-02,1.234988e-03\n"
    ),
}
"""One measurement, 0.35 eV, as different instruments and people write it."""


def read(folder: Path, text: str, of: str = "conductivity") -> TableRows:
    file = folder / "m.csv"
    file.write_text(text, encoding="utf-8")
    return read_table_file(file, of)


@pytest.mark.parametrize("text", SERIES.values(), ids=SERIES)
def test_a_measurement_gives_one_answer_however_it_is_written(tmp_path, text):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    document = {
        "name": "c",
        "materials": {"M": {"ion": {"table": {"of": "conductivity", "file": "m.csv"}}}},
        "microstructure": {
            "layers": {
                "box": ["1 um", "1 um"],
                "axis": "y",
                "materials": ["M"],
                "thicknesses": ["1 um"],
            }
        },
    }
    spec = build_scenario(document, tmp_path / "c.yaml").materials["M"]
    found = build_material("M", spec, 320.0).conductivity("ion", 320.0)
    assert found[0, 0] == pytest.approx(0.23618, rel=3e-5)  # five digits of the logarithms


READ = [
    ("T/K,σ/S cm-1\n300,1e-3\n", 300.0, 0.1),
    ("T/K\tlg(σ/(S/cm))\n300\t-3\n", 300.0, 0.1),
    ("T (K)|Total conductivity (S/cm)\n300|1e-3\n", 300.0, 0.1),
    ("T / K;log10(σ / S cm-1)\n300;-3,0\n", 300.0, 0.1),
    ("T in K, sigma in S/cm\n300,1e-3\n", 300.0, 0.1),
    ("1000/T / K-1\tln(sigmaT / S K cm-1)\n4\t0\n", 250.0, 0.4),
    ("10³/T (K⁻¹);lg(σ·T) (S·K·cm⁻¹)\n4;0\n", 250.0, 0.4),
    ("1/T [1/K],conductivity [S/m]\n0.004,0.1\n", 250.0, 0.1),
    ("1/T [1/kK],conductivity [S/m]\n4,0.1\n", 250.0, 0.1),
    ("Temperature (K)   Conductivity (S/cm)\n300 1e-3\n", 300.0, 0.1),
    ("# T(K) sigma(S/cm)\n300 1e-3\n", 300.0, 0.1),
    ("sep=;\nT (K);Ionic conductivity (S/cm)\n300;1e-3\n", 300.0, 0.1),
    ("T(℃)\tσ (mS·cm⁻¹)\n25\t1.2·10⁻³\n", 298.15, 1.2e-4),
    ("temperature,conductivity\n25 °C,1 mS/cm\n", 298.15, 0.1),
    ("T (K),conductivity [10^-3 S/cm],\n300,1.5,\n", 300.0, 0.15),
    ("T (K),conductivity (1/(Ohm m))\n300,0.5\n", 300.0, 0.5),
    ("T (K);conductivity (S/m)\n300,0;1,234\n", 300.0, 1.234),
    ("T (K),1000/T (1/K),sigma (S/m),log sigma\n300,3.333,0.1,-1\n", 300.0, 0.1),
    ("(1000/T) [1/K],log10(sigma) [S/m],ln(sigma T) [S K/m],sigma [S/m]\n4,1,1,0.1\n", 250.0, 0.1),
    ("1/T (10^-3 K^-1);conductivity (S/m)\n4;0,1\n", 250.0, 0.1),
    ("1000 K / T\tconductivity (S/m)\n4\t0.1\n", 250.0, 0.1),
    ('"T (K)","conductivity (S/m)"\n"300","0,5"\n', 300.0, 0.5),
    ("T [K],ionic conductivity [S/m],electronic conductivity [S/m]\n300,1,2\n", 300.0, 1.0),
]


@pytest.mark.parametrize(("text", "temperature", "value"), READ)
def test_headers_units_and_numbers_are_read_in_usual_forms(tmp_path, text, temperature, value):
    (row,) = read(tmp_path, text).rows
    assert row == (pytest.approx(temperature), pytest.approx(value), None)


@pytest.mark.parametrize(
    "header", ["D [cm^2/s]", "log10(D / cm2 s-1)", "Diffusion coefficient [cm2/s]"]
)
def test_diffusivities_have_names_of_their_own(tmp_path, header):
    value = "-8" if "log" in header else "1e-8"
    (row,) = read(tmp_path, f"T [K],{header}\n300,{value}\n", "diffusivity").rows
    assert row[1] == pytest.approx(1e-12)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("T [K],conductivity [S/m],relative error [%]\n300,2,5\n", 0.05),
        ("T [K],conductivity [S/m],error [%]\n300,2,5 \n", 0.05),
        ("T [K],conductivity [S/m],± [mS/cm]\n300,2,1\n", 0.05),
        ("T [K],conductivity [S/m],Δσ (S/m)\n300,2,0.1\n", 0.05),
        ("T [K],sigma T [S K/m],standard deviation [S K/m]\n300,600,30\n", 0.05),
        ("T [K],log10 conductivity [S/m],error of log10\n300,0,0.05\n", 0.115129),
        ("T [K],conductivity [S/m],thickness error [mm]\n300,2,0.1\n", None),
        ("T [K],conductivity [S/m],relative error [%]\n300,2,\n", None),
    ],
)
def test_errors_are_relative_or_in_the_unit_of_the_value(tmp_path, text, error):
    (row,) = read(tmp_path, text).rows
    assert row[2] == (None if error is None else pytest.approx(error, rel=1e-5))


def test_a_row_of_the_scenario_may_have_an_absolute_error():
    assert read_row("conductivity", ["300 K", "2 S/m", "1 mS/cm"])[2] == pytest.approx(0.05)


def test_a_note_names_what_is_not_used(tmp_path):
    found = read(tmp_path, "sample,T [K],conductivity [S/m],note\na,300,1,x\n")
    assert found.notes == ("of the table, 'sample', 'note' is not used",)


REFUSED = [
    ("T [K],log(sigma) [S/cm]\n300,-3\n", "m.csv:1: column 'log(sigma) [S/cm]' can be the decadic"),
    ("T [K];conductivity [S/m]\n300;1,234\n", "m.csv:2: found '1,234', which can be 1.234 or 1234"),
    ("T [K];conductivity [S/m]\n300.5;1,2\n", "m.csv:2: found '1,2'; write all decimals with a po"),
    ("T [K];conductivity [S/m]\n300;1.234,5\n", "m.csv:2: found '1.234,5'; write all decimals"),
    ("T [K],conductivity [S/m]\n300,5,1,5\n", "decimal commas need another separator"),
    ("temperature,conductivity\n25,1\n", "m.csv:2: found '25' (the unit is missing)"),
    ("1/T [1/K],conductivity [S/m]\n3.35,1\n", "0.298507 K; should '1/T [1/K]' read '1000/T"),
    ("1000/T [1/K],conductivity [S/m]\n0.003,1\n", "should '1000/T [1/K]' read '1/T [1/K]'?"),
    ("T [K],conductivity [S/m],error\n300,1,0.1\n", "'error' can be relative, or in the unit"),
    ("T [K],bulk conductivity [S/m],total conductivity [S/m]\n300,1,2\n", "can each be the value"),
    ("T [K],conductivty [S/m]\n300,1\n", "did you mean 'conductivity'?"),
    ("300,1\n320,2\n", "one 'temperature [K]' or '1000/T [1/K]' is needed"),
    (PLAIN.format("300,nan\n"), "m.csv:2: found 'nan S/m'"),
    (PLAIN.format("300,inf\n"), "m.csv:2: found 'inf S/m'"),
    (PLAIN.format("300,1e999\n"), "out of any range"),
    (PLAIN.format("300,\n"), "m.csv:2: found 'S/m'"),
    ("T [K],log10(sigma) [S/m]\n300,1e9\n", "is no logarithm of a conductivity"),
    ("T [K],log10(sigma)\n300,1\n", "the unit is missing in 'log10(sigma)'"),
    ("T [K],conductivity [S/m],error [S/m]\n300,1,50\n", "50 times the value"),
    ("T [K],conductivity [S/m],relative error\n300,1,5\n", "can be 5 % or 500 %; write it with"),
    ("\0\1\2", "it is no text"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_is_ambiguous_or_no_number_is_refused_with_its_readings(tmp_path, text, told):
    with pytest.raises(FaultsError) as caught:
        read(tmp_path, text)
    assert "m.csv" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_spreadsheets_save_tables_in_their_own_encodings(tmp_path, encoding):
    (tmp_path / "m.csv").write_text("T (°C);Conductivity (µS/cm)\n25;10\n", encoding=encoding)
    (row,) = read_table_file(tmp_path / "m.csv", "conductivity").rows
    assert row[:2] == (pytest.approx(298.15), pytest.approx(1e-3))


def test_devices_pipes_and_endless_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(17 << 20)
    for name, told in (
        ("/dev/zero", "a device or a pipe"),
        (tmp_path / "pipe", "a device or a pipe"),
        (tmp_path, "it is a folder"),
        (tmp_path / "large", "larger than 16 MiB"),
        (tmp_path / "nowhere", "No such file"),
    ):
        with pytest.raises(FaultsError, match=told):
            read_table_file(Path(name), "conductivity")
