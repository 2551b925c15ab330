"""Studies without plots: drawing takes longer than these studies."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellion.export.plots.plot_series", lambda results, path: path)
