"""Published measurements are those of the references, and shown where they belong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cellion.export.measured import (
    composites_beside,
    measured_composites,
    measured_polycrystals,
    polycrystals_beside,
)

REFERENCES = Path(__file__).parents[2] / "references" / "references.json"


@pytest.fixture(scope="module")
def references() -> dict[str, dict]:
    entries = json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]
    return {entry["id"]: entry for entry in entries if entry["id"].startswith("exp-")}


def quoted(entry: dict) -> dict[tuple[str, str], float]:
    """Values of a reference in SI units, by carrier and quantity."""
    found = {}
    for key, value in entry["expected"].items():
        carrier = "electron" if key.startswith(("sigma_el_", "tau2_el")) else "ion"
        if key.startswith("sigma"):
            factor = 0.1 if key.endswith("mS_cm") else 100.0
            found[carrier, "conductivity"] = factor * value
        elif key.startswith(("tau2", "experiment_tau")):  # measured after computed
            found[carrier, "tortuosity"] = value
    return found


def test_composites_hold_the_values_of_the_references(references) -> None:
    for series in measured_composites():
        for point in series.points:
            entry = references[point.reference]
            for (carrier, quantity), value in quoted(entry).items():
                assert point.value(carrier, quantity) == pytest.approx(value, rel=1e-12)
            assert entry["source"].split(" et al.")[0] in series.name
            assert ("SECONDARY" in entry["source"]) == (series.status == "secondary")


def test_fractions_are_those_of_the_references(references) -> None:
    names = ("phi_SE_pct", "phi_electrolyte_real", "phi_SE")
    for series in measured_composites():
        for point in series.points:
            inputs = references[point.reference]["inputs"]
            given = next((inputs[name] for name in names if name in inputs), None)
            given = inputs["vol_solid_CAM_SE"][1] if given is None else given
            share = given / 100 if given > 1 else given
            assert point.volume_fraction == pytest.approx(share, rel=1e-12)


def test_polycrystals_hold_the_values_of_the_references(references) -> None:
    for each in measured_polycrystals():
        expected = references[each.reference]["expected"]
        assert each.bulk == pytest.approx(100 * expected["sigma_bulk_S_cm"], rel=1e-12)
        assert each.total == pytest.approx(100 * expected["sigma_total_S_cm"], rel=1e-12)


def test_every_measured_composite_of_the_references_is_there(references) -> None:
    kinds = ("experiment_composite", "experiment_microstructure")
    wanted = {name for name, entry in references.items() if entry["kind"] in kinds}
    assert wanted == {point.reference for s in measured_composites() for point in s.points}


def test_conductivities_are_compared_with_the_same_electrolyte_only() -> None:
    scenario = {"materials": {"SE": {"library": "li6ps5cl"}, "pore": "insulator"}}
    comparable = {each.name for each in composites_beside(scenario) if each.comparable}
    assert comparable == {"Minnmann et al. 2021", "Bazzoun et al. 2026"}
    assert not polycrystals_beside(scenario)
    assert not any(each.comparable for each in composites_beside({}))
    garnet = {"materials": {"G": {"library": "Li7La3Zr2O12"}}}
    assert {"La3Zr" in each.formula for each in polycrystals_beside(garnet)} == {True, False}
