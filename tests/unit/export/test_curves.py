"""Curves of a study: which values tell them apart, what a bar is, and what does not conduct."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import ResultsError
from cellion.export.curves import curves_figure, plot_curves
from cellion.export.varied import independent, short

X, SIZE, MESH = "a.fraction [-]", "a.b.size [um]", "mesh.size [um]"
SIGMA = "sigma_ion_mean [S/m]"


def row(x: float, size: float, sigma: float, **more: float) -> dict[str, float]:
    return {X: x, SIZE: size, MESH: size / 2, SIGMA: sigma} | more


ROWS = [
    row(0.2, 1.0, 0.010),
    row(0.2, 1.0, 0.014),
    row(0.4, 1.0, 0.020),
    row(0.4, 1.0, 0.020, **{"relative_error_ion_x [-]": 0.1, "relative_error_ion_y [-]": 0.05}),
    row(0.2, 3.0, 0.0),
    row(0.4, 3.0, 0.200),
]


def test_values_that_follow_from_others_tell_nothing_apart():
    assert independent(ROWS, (X, SIZE, MESH), X) == (SIZE,)
    assert independent(ROWS, (X, MESH, SIZE)) == (X, MESH)
    assert independent(ROWS[:4], (X, SIZE, MESH)) == (X,)


def test_what_follows_from_a_later_value_goes_too():
    """Two lists that go together over a third: the first is the same for several of the last."""
    rows = [{"p": i // 2, "q": i} for i in range(4)]
    assert independent(rows, ("p", "q")) == ("q",)


def test_key_paths_are_shortened():
    assert short("microstructure.packing.box[0] [um]") == ("packing.box[0]", " [um]")
    assert short("materials.A.library", 1) == ("library", "")


def test_bars_join_realisations_and_mesh():
    axes = curves_figure(ROWS, (X, SIZE, MESH)).axes[0]
    first = axes.containers[0]
    np.testing.assert_allclose(first.lines[0].get_ydata(), [0.012, 0.020])
    lower, upper = (np.array([s[i][1] for s in first.lines[2][0].get_segments()]) for i in (0, 1))
    deviation = np.std([0.010, 0.014], ddof=1)
    np.testing.assert_allclose(upper - [0.012, 0.020], [deviation, 0.1 * 0.020])
    np.testing.assert_allclose(lower, [0.012 - deviation, 0.9 * 0.020])


def test_what_does_not_conduct_is_marked_at_the_edge():
    axes = curves_figure(ROWS, (X, SIZE, MESH)).axes[0]
    assert axes.get_yscale() == "log"
    (marks,) = (
        line for line in axes.get_lines() if line.get_marker() == "v" and line.get_xdata().size
    )
    np.testing.assert_array_equal(marks.get_xdata(), [0.2])
    second = axes.containers[1]
    np.testing.assert_array_equal(second.lines[0].get_xdata(), [0.4])


def test_axes_say_what_they_show():
    axes = curves_figure(ROWS, (X, SIZE, MESH), by=MESH).axes[0]
    assert axes.get_xlabel() == X
    assert axes.get_ylabel() == "effective conductivity of ions, mean over the\ndirections [S/m]"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["mesh.size = 0.5 um", "mesh.size = 1.5 um"]


def test_there_must_be_something_to_draw(tmp_path):
    with pytest.raises(ResultsError, match="a conductivity over a varied value"):
        plot_curves([{"mesh": "fine"}], ("mesh",), tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


def test_every_carrier_has_a_panel():
    both = [row | {"sigma_electron_mean [S/m]": 1.0} for row in ROWS]
    panels = curves_figure(both, (X, SIZE, MESH)).axes
    assert ["electron" in axes.get_ylabel() for axes in panels] == [False, True]
    assert len(curves_figure(both, (X, SIZE, MESH), y=SIGMA).axes) == 1
