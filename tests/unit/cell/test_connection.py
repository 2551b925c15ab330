"""What of the active material leads to the separator, and what to the collector."""

from __future__ import annotations

import math

import pytest

from helpers.cell_scenarios import R_OF_UNIT_CURRENT, answer, cell_document

TILE = 1.0 / 6.0
"""Share of one of the six tiles of active material."""


def tiles(rows: list[str], **more: object) -> object:
    """A wall of tiles, given from the collector down to the separator; S, C and . are materials."""
    names = {"S": "SE", "C": "CAM", ".": "pore"}
    structure = {
        "checkerboard": {
            "box": [f"{4 * len(rows[0])} um", f"{4 * len(rows)} um"],
            "divisions": [len(rows[0]), len(rows)],
            "materials": [names[letter] for row in reversed(rows) for letter in row],
            "periodic": False,
        }
    }
    return answer(cell_document(structure, mesh={"size": "2 um", "smallest_size": "1 um"}, **more))


def test_what_is_cut_off_lacks_something():
    result = tiles(
        [
            "CC.SC",
            "S.C..",
            "SC.CS",
        ]
    )
    share = result.cell.active["CAM"]
    # Top left: both touch the collector, the left one the electrolyte below it. Top right: beside
    # electrolyte that leads nowhere. Middle: apart. Bottom: two in electrolyte, no electrons.
    assert share.connected == pytest.approx(TILE, rel=1e-12)
    assert share.without_ions == pytest.approx(2 * TILE, rel=1e-12)
    assert share.without_electrons == pytest.approx(2 * TILE, rel=1e-12)
    assert share.without_both == pytest.approx(TILE, rel=1e-12)
    assert result.cell.connected_area < result.cell.reaction_area
    note = next(note for note in result.notes if note.startswith("utilisation"))
    assert "16.7% of the volume of CAM" in note
    assert "33.3% from ions" in note
    assert any("SE | Al insulate" in note for note in result.notes)


def test_a_particle_that_meets_its_image_is_supplied_as_a_whole():
    """Electrolyte touches it in the middle only."""
    balls = [("CAM", ["4 um", "8 um"], "4.1 um"), ("SE", ["3.2 um", "2 um"], "2.05 um")]
    structure = {
        "spheres": {
            "box": ["8 um", "12 um"],
            "matrix": "pore",
            "spheres": [
                {"center": center, "radius": radius, "material": material}
                for material, center, radius in balls
            ],
        }
    }
    result = answer(cell_document(structure, mesh={"size": "1 um", "surface_size": "0.5 um"}))
    assert result.cell.active["CAM"].connected > 0.99
    assert result.cell.active["CAM"].without_ions == 0.0


def test_a_cell_that_nothing_connects_says_so():
    result = tiles(["CCC", "...", "SSS"])
    cell = result.cell
    assert not cell.connects
    assert math.isinf(cell.area_specific_resistance)
    assert cell.parts == {}
    assert cell.reaction_current == ()
    assert math.isnan(cell.mean_reaction_depth)
    assert "connects y_min with y_max" in cell.reason
    assert cell.active["CAM"].without_ions == 1.0
    assert any("no current flows through the cell" in note for note in result.notes)


def test_without_a_law_the_contact_insulates():
    result = tiles(["CCC", "SSS"], interfaces=())
    assert not result.cell.connects
    assert result.cell.active == {}
    assert any("CAM | SE" in note or "SE | CAM" in note for note in result.notes)


def test_composition_is_that_of_the_composite():
    result = tiles(["CCC", "SSS"])
    assert result.volume_fraction["CAM"].meshed == pytest.approx(0.5, rel=1e-12)
    assert "Al" not in result.volume_fraction
    # 12 um of contact in 12 um x 8 um; that of CAM with the collector is not counted.
    assert result.contact_area["CAM/SE"] == pytest.approx(1.0 / 8e-6, rel=1e-12)
    assert not any("Al" in pair for pair in result.contact_area)
    assert result.cell.reaction_area == pytest.approx(1.0 / 8e-6, rel=1e-12)


@pytest.mark.parametrize(
    "rows",
    [
        # S and C touch in a corner between two pores, and in a facet elsewhere.
        ["CCC", "S.C", "SS."],
        ["CCC", "C.S", ".SS"],
    ],
)
def test_nothing_passes_through_a_corner(rows):
    cell = tiles(rows).cell
    assert sum(cell.reaction_current) == pytest.approx(1.0, rel=1e-8)
    # All passes a face of one tile, a third of the cross-section; least if it does so uniformly.
    assert cell.parts["interfacial"] >= (1.0 - 1e-9) * 3.0 * R_OF_UNIT_CURRENT / 2.0
