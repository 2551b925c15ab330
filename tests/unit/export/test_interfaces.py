"""The surface of interfaces: jumps and currents of bricks, whose field is one-dimensional."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from cellion.export.field_piece import FieldPiece, read_fields
from cellion.export.interfaces import interface_fields
from cellion.pipeline.effective import solve_carrier
from cellion.pipeline.prepare import prepare
from cellion.scenario.load import build_scenario
from helpers.cli_calls import on_ranks

EDGE, GRAIN, RESISTANCE, SHEET = 2e-6, 0.2, 1e-5, 1e-7
RESISTIVE = {"area_resistance": "0.1 Ohm cm^2"}
FAST = {"sheet_conductance": "1e-7 S"}

POLYCRYSTAL = """\
name: grains
materials:
  G: {ion: {conductivity: 2 mS/cm}}
microstructure:
  polycrystal: {box: [4 um, 4 um, 4 um], grains: 7, material: G, seed: 3571}
interfaces:
  - {between: [G, G], area_resistance: 0.1 Ohm cm^2, sheet_conductance: 1e-7 S}
transport: {carriers: [ion], boundary: periodic, directions: [x]}
mesh: {size: 1.5 um}
output: {pictures: false}
"""


def surface(
    dimension: int,
    boundary: str = "periodic",
    divisions: list[int] | None = None,
    **law: str | bool,
) -> FieldPiece | None:
    """The interfaces of bricks, two along each edge unless it is said."""
    lengths = ["4 um"] * dimension
    bricks = {"box": lengths, "divisions": divisions or [2] * dimension, "material": "G"}
    document = {
        "name": "bricks",
        "materials": {"G": {"ion": {"conductivity": "2 mS/cm"}}},
        "microstructure": {"bricks": bricks},
        "mesh": {"size": "2 um"},
        "transport": {"carriers": ["ion"], "boundary": boundary, "directions": ["x"]},
        "interfaces": [{"between": ["G", "G"], **law}] if law else [],
    }
    scenario = build_scenario(document)
    prepared = prepare(scenario, MPI.COMM_SELF)
    return interface_fields(prepared.mesh, {"ion": solve_carrier(scenario, prepared, "ion")})


def across(piece: FieldPiece) -> np.ndarray:
    """Facets that the mean field crosses."""
    return np.abs(piece.cell_data["normal"][:, 0]) > 0.5


@pytest.mark.parametrize("dimension", [2, 3])
def test_jump_and_current_of_resistive_bricks(dimension: int) -> None:
    piece = surface(dimension, **RESISTIVE)
    crossed = across(piece)
    current = 1.0 / (1.0 / GRAIN + RESISTANCE / EDGE)
    sense = piece.cell_data["normal"][crossed, 0]
    found = piece.cell_data["normal_current_density_ion_x"]
    np.testing.assert_allclose(found[crossed], current * sense, rtol=1e-8)
    np.testing.assert_allclose(found[~crossed], 0.0, atol=1e-8 * current)
    jump = piece.cell_data["jump_ion_x"][crossed]
    np.testing.assert_allclose(jump, RESISTANCE * current * sense, rtol=1e-8)
    assert piece.units["jump_ion_x"] == "V"


@pytest.mark.parametrize(("dimension", "families"), [(2, 2), (3, 3)])
def test_each_facet_is_there_once_also_through_the_period(dimension: int, families: int) -> None:
    piece = surface(dimension, **RESISTIVE)
    face = 4e-6 ** (dimension - 1)
    assert piece.cell_data["area"].sum() == pytest.approx(2 * families * face, rel=1e-9)
    assert piece.cells.shape[1] == dimension
    assert (piece.cell_data["first_label"] < piece.cell_data["second_label"]).all()


def test_normals_point_from_the_first_label_to_the_second() -> None:
    piece = surface(3, "electrodes", **RESISTIVE)
    crossed = across(piece)
    # Labels count along x fastest; without a period every normal points to larger x.
    assert (piece.cell_data["normal"][crossed, 0] > 0.5).all()
    assert (piece.cell_data["normal_current_density_ion_x"][crossed] > 0.0).all()


@pytest.mark.parametrize("dimension", [2, 3])
def test_sheets_carry_current_along_them(dimension: int) -> None:
    piece = surface(dimension, **FAST)
    crossed = across(piece)
    along = piece.cell_data["sheet_current_ion_x"]
    np.testing.assert_allclose(
        along[~crossed], SHEET * np.eye(3)[0] + 0 * along[~crossed], atol=1e-15
    )
    np.testing.assert_allclose(along[crossed], 0.0, atol=1e-15)
    assert np.isnan(piece.cell_data["normal_current_density_ion_x"]).all()


def test_no_current_crosses_an_insulating_facet() -> None:
    piece = surface(3, "electrodes", insulating=True)
    assert np.isinf(piece.cell_data["resistance_ion"]).all()
    assert (piece.cell_data["normal_current_density_ion_x"] == 0.0).all()
    assert np.isnan(piece.cell_data["jump_ion_x"]).any()


def test_grains_that_meet_their_images_have_one_boundary_with_each_neighbour() -> None:
    data = surface(2, divisions=[1, 2], **RESISTIVE).cell_data
    rows = np.stack([data["first_label"], data["second_label"], data["boundary"]], axis=1)
    pairs = np.unique(rows, axis=0)
    assert pairs[:, :2].tolist() == [[0, 0], [0, 1], [1, 1]]
    assert len(np.unique(pairs[:, 2])) == 3


def test_perfect_contacts_are_no_surface() -> None:
    assert surface(2) is None


@pytest.mark.mpi
def test_the_surface_does_not_depend_on_ranks(
    tmp_path: Path, subprocess_environment: dict[str, str]
) -> None:
    file = tmp_path / "grains.yaml"
    file.write_text(POLYCRYSTAL, encoding="utf-8")
    sums = []
    for ranks in (1, 2):
        calls = [["run", file, "-o", f"on_{ranks}"]]
        (told,) = on_ranks(ranks, calls, tmp_path, subprocess_environment, 120.0)
        assert told.code == 0, told.stderr
        piece, materials = read_fields(tmp_path / f"on_{ranks}" / "interfaces.vtkhdf")
        assert materials == ("G",)
        data = piece.cell_data
        weighted = {
            name: data["area"] * np.abs(data[name].reshape(len(data["area"]), -1)).sum(axis=1)
            for name in ("jump_ion_x", "normal_current_density_ion_x", "sheet_current_ion_x")
        }
        pairs = np.unique(data["boundary"], return_inverse=True)[1]
        sums.append([np.bincount(pairs, weights=each) for each in weighted.values()])
    for one, two in zip(*sums, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-7)
