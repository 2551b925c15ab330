"""Tensors over temperature as tables and Arrhenius plots."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from rich.console import Console

from cellion.errors import ResultsError
from cellion.export.arrhenius import arrhenius_figure, plot_arrhenius
from cellion.export.rates import rates_table, screening_table, write_rates, write_screening
from cellion.material.over_temperature import TensorTable
from cellion.material.screening import screen

T = np.array([250.0, 300.0, 400.0])
PRINCIPAL = np.array([3.0, 2.0, 1.0])


def table(quantity="conductivity", principal=PRINCIPAL, outside=(True, False, False)):
    factor = np.exp(-3000.0 / T) / (T if quantity == "conductivity" else 1.0)
    return TensorTable(
        name="[crystal]",
        quantity=quantity,
        temperature=T,
        tensor=factor[:, None, None] * np.diag(principal),
        extrapolated=np.array(outside),
        origin="measured",
        source="a paper with a long name " * 5,
        notes=("mind the step",),
    )


def printed(renderable) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(renderable)
    return stream.getvalue()


def test_the_table_fits_and_tells_units_axes_energy_and_extrapolation():
    text = printed(rates_table(table()))
    assert max(map(len, text.splitlines())) <= 80
    for words in (
        "[crystal]: conductivity, measured",
        "sigma_1 [S/m]",
        "sigma_3 [S/m]",
        "*250",
        "apparent activation energy of sigma T: 0.259 eV",  # 3000 K in eV
        "axis 1: (1.000, 0.000, 0.000)",
        "* extrapolated",
        "note: mind the step",
    ):
        assert words in text
    assert "…" not in text


def test_an_isotropic_table_has_one_column_and_no_axes():
    text = printed(rates_table(table(principal=np.ones(3), outside=(False,) * 3)))
    assert "sigma [S/m]" in text
    assert "axis 1" not in text
    assert "*" not in text


def test_the_csv_holds_components_principal_values_axes_and_flags(tmp_path):
    write_rates([table(), table("diffusivity")], tmp_path / "new" / "folder")
    with (tmp_path / "new" / "folder" / "rates.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 6
    first, last = rows[0], rows[-1]
    assert float(first["temperature [K]"]) == 250.0
    assert (first["extrapolated"], rows[1]["extrapolated"]) == ("yes", "no")
    expected = np.exp(-3000.0 / 250.0) / 250.0
    assert float(first["sigma_yy [S/m]"]) == pytest.approx(2 * expected)
    assert float(first["sigma_1 [S/m]"]) == pytest.approx(3 * expected)
    assert [float(first[f"axis_3_{a} [-]"]) for a in "xyz"] == [0.0, 0.0, 1.0]
    assert first["D_xx [m^2/s]"] == ""
    assert float(last["D_mean [m^2/s]"]) == pytest.approx(2 * np.exp(-3000.0 / 400.0))


def test_each_quantity_gets_its_plots(tmp_path):
    files = write_rates([table(), table("diffusivity")], tmp_path)
    assert [file.name for file in files] == [
        "rates.csv",
        "arrhenius.png",
        "arrhenius.svg",
        "arrhenius_diffusivity.png",
        "arrhenius_diffusivity.svg",
    ]
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in files[2].read_text(encoding="utf-8")


def test_the_plot_is_log_sigma_t_over_a_thousand_over_t():
    figure = arrhenius_figure([table()])
    axes = figure.axes[0]
    lines = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert len(lines) == 3
    np.testing.assert_allclose(lines[0].get_xdata(), 1000.0 / T)
    np.testing.assert_allclose(lines[0].get_ydata(), np.log10(3.0 * np.exp(-3000.0 / T)))
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [len(line.get_xdata()) for line in hollow] == [1, 1, 1]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "[crystal]"
    assert labels[-1] == "extrapolated"


def test_directions_that_do_not_conduct_are_not_drawn():
    axes = arrhenius_figure([table(principal=np.array([1.0, 0.0, 0.0]))]).axes[0]
    assert len([line for line in axes.lines if line.get_linestyle() != "None"]) == 1


@pytest.mark.parametrize("tables", [[], [table(), table("diffusivity")]])
def test_a_plot_of_nothing_or_of_two_kinds_is_refused(tables):
    with pytest.raises(ResultsError, match="one kind of quantity"):
        arrhenius_figure(tables)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"found the ending '\.gif'"):
        plot_arrhenius([table()], tmp_path / "plot.gif")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ResultsError, match="choose another folder with -o"):
        write_rates([table()], tmp_path / "file" / "below")


def test_the_ranking_fits_and_is_written(tmp_path):
    found = screen(298.15)
    text = printed(screening_table(found))
    assert max(map(len, text.splitlines())) <= 80
    assert "standard deviation of 50 meV" in text
    assert "left out, all places full" in text
    (file,) = write_screening(found, tmp_path)
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [each.name for each in found.candidates]
    for row in rows:
        low, value, high = (float(row[f"sigma{k} [S/m]"]) for k in ("_low", "", "_high"))
        assert low <= value <= high
