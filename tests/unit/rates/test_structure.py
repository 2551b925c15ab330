"""Structure files: sites and space group of the mobile ion, whatever cell describes them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import angstrom, electron_volt

from cellion.errors import RatesError
from cellion.rates.family import family_network
from cellion.rates.family_data import load_family
from cellion.rates.jump_network import diffusivity
from cellion.rates.lattices import lattice_network
from cellion.rates.orbits import (
    BarrierRow,
    HopOrbit,
    distinct_hops,
    missing_barriers,
    structure_network,
)
from cellion.rates.structure import CrystalStructure, mobile_sublattice, read_structure

OLIVINE = Path(__file__).parents[3] / "scenarios" / "structures" / "LiFePO4.cif"
EV = electron_volt
CUBE = 4.2 * angstrom * np.eye(3)
FACES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HALF = np.array([0.5, 0, 0])
PRIMITIVE = 2.1 * angstrom * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])


def rock_salt(conventional: bool) -> CrystalStructure:
    if conventional:
        positions = np.concatenate([FACES, FACES + HALF])
        return CrystalStructure(
            lattice=CUBE, positions=positions, elements=("Li",) * 4 + ("F",) * 4, source="LiF"
        )
    positions = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    return CrystalStructure(
        lattice=PRIMITIVE, positions=positions, elements=("Li", "F"), source="LiF"
    )


def antifluorite() -> CrystalStructure:
    """Li2O with lithium also on the empty octahedra: two kinds of sites."""
    tetrahedra = np.concatenate([FACES + 0.25, FACES + 0.75])
    positions = np.concatenate([tetrahedra, FACES + 0.5, FACES])
    return CrystalStructure(
        lattice=CUBE, positions=positions, elements=("Li",) * 12 + ("O",) * 4, source="Li2O"
    )


def labels(orbits: tuple[HopOrbit, ...]) -> list[str]:
    return [f"{orbit.label} x{orbit.starts.size}" for orbit in orbits]


def row(first: str, second: str, distance: float, **values: float | bool) -> BarrierRow:
    energies = {k: v * EV if k != "closed" else v for k, v in values.items()}
    return BarrierRow(between=(first, second), distance=distance * angstrom, **energies)


def test_a_cif_file_gives_sites_and_space_group():
    found = mobile_sublattice(read_structure(OLIVINE), "Li")
    assert found.kinds == ("Li1",) * 4
    assert found.space_group == "62 (Pnma)"
    assert len(found.rotations) == 8
    np.testing.assert_allclose(found.lattice, np.diag([10.33, 6.01, 4.69]) * angstrom, atol=1e-16)


def test_a_poscar_file_gives_the_same(tmp_path: Path):
    crystal = read_structure(OLIVINE)
    poscar = tmp_path / "POSCAR"
    species = dict.fromkeys(crystal.elements)
    order = [k for s in species for k, e in enumerate(crystal.elements) if e == s]
    vectors = "\n".join(" ".join(f"{x:.9f}" for x in v) for v in crystal.lattice / angstrom)
    counts = " ".join(str(crystal.elements.count(s)) for s in species)
    places = "\n".join(" ".join(f"{x:.9f}" for x in crystal.positions[k]) for k in order)
    poscar.write_text(
        f"olivine\n1.0\n{vectors}\n{' '.join(species)}\n{counts}\nDirect\n{places}\n",
        encoding="utf-8",
    )
    from_poscar = mobile_sublattice(read_structure(poscar), "Li")
    from_cif = mobile_sublattice(crystal, "Li")
    longest = 5.8 * angstrom
    assert labels(distinct_hops(from_poscar, longest)) == labels(distinct_hops(from_cif, longest))


def test_the_space_group_tells_hops_apart():
    orbits = distinct_hops(mobile_sublattice(read_structure(OLIVINE), "Li"), 5.8 * angstrom)
    assert labels(orbits) == [
        "Li1 - Li1 at 3.005 angstrom x4",
        "Li1 - Li1 at 4.690 angstrom x4",
        "Li1 - Li1 at 5.570 angstrom x8",
        "Li1 - Li1 at 5.672 angstrom x8",
    ]


@pytest.mark.parametrize(("conventional", "cells"), [(True, 4), (False, 1)])
def test_orbits_hold_all_hops_of_any_cell(conventional, cells):
    found = mobile_sublattice(rock_salt(conventional), "Li")
    orbits = distinct_hops(found, 4.3 * angstrom)
    assert [orbit.starts.size for orbit in orbits] == [6 * cells, 3 * cells]


@pytest.mark.parametrize("conventional", [True, False])
def test_a_structure_diffuses_like_its_named_lattice(conventional):
    found = mobile_sublattice(rock_salt(conventional), "Li")
    rows = [row("Li1", "Li1", 2.97, barrier=0.4)]
    network, _ = structure_network(found, rows, prefactor=1e13)
    named = lattice_network("fcc", edge=4.2 * angstrom, barrier=0.4 * EV, prefactor=1e13)
    expected = diffusivity(named, 400.0).tensor
    np.testing.assert_allclose(
        diffusivity(network, 400.0).tensor, expected, rtol=1e-9, atol=1e-12 * expected.max()
    )


def test_the_olivine_of_a_file_is_the_olivine_of_the_family():
    found = mobile_sublattice(read_structure(OLIVINE), "Li")
    rows = [
        row("Li1", "Li1", 3.0, barrier=0.375),
        row("Li1", "Li1", 4.69, closed=True),
        row("Li1", "Li1", 5.57, closed=True),
        row("Li1", "Li1", 5.67, barrier=0.5),
    ]
    network, _ = structure_network(found, rows, prefactor=1e13)
    expected = diffusivity(family_network(load_family("olivine"), {"cross": 0.5 * EV}), 300.0)
    np.testing.assert_allclose(
        diffusivity(network, 300.0).tensor,
        expected.tensor,
        rtol=1e-9,
        atol=1e-12 * expected.tensor.max(),
    )


def test_two_kinds_of_sites_have_their_own_energies_and_barriers():
    found = mobile_sublattice(antifluorite(), "Li")
    assert found.kinds == ("Li1",) * 8 + ("Li2",) * 4
    rows = [row("Li2", "Li1", 1.819, barrier=0.15, reverse_barrier=0.4)]
    network, _ = structure_network(found, rows, prefactor=1e13, energies={"Li2": 0.25 * EV})
    assert network.starts.size == 32
    np.testing.assert_allclose(network.saddle_energies, 0.4 * EV)
    np.testing.assert_allclose(network.site_energies, [0.0] * 8 + [0.25 * EV] * 4)
    tensor = diffusivity(network, 500.0).tensor[0]
    np.testing.assert_allclose(tensor, tensor[0, 0] * np.eye(3), atol=1e-9 * tensor[0, 0])


def test_missing_barriers_are_listed_before_anything_is_evaluated():
    found = mobile_sublattice(read_structure(OLIVINE), "Li")
    rows = [row("Li1", "Li1", 3.0), row("Li1", "Li1", 5.67, barrier=0.5)]
    lacking = missing_barriers(distinct_hops(found, 5.7 * angstrom), rows)
    assert [round(orbit.distance / angstrom, 3) for orbit in lacking] == [3.005, 4.69, 5.57]
    with pytest.raises(RatesError, match=r"missing for .* 3\.005 .* 4\.690 .* 5\.570 angstrom\."):
        structure_network(found, rows, prefactor=1e13)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("Li1", "Li9", 3.0, barrier=0.3)], "has no site 'Li9'.*are Li1"),
        (
            [row("Li1", "Li1", 3.3, barrier=0.3)],
            "no hop fits .*3.300.*are Li1 - Li1 at 3.005",
        ),
        ([row("Li1", "Li1", 3.0, barrier=0.3)] * 2, "given by more than one line"),
        ([row("Li1", "Li1", 3.0, closed=True)], "every hop is closed"),
        ([row("Li1", "Li1", 3.0, barrier=0.3)], "2 groups of sites"),
        ([row("Li1", "Li1", 3.0, barrier=0.3, reverse_barrier=0.4)], "detailed balance violated"),
        ([], "every hop is closed"),
    ],
)
def test_tables_that_do_not_fit_the_crystal_are_refused(rows, message):
    found = mobile_sublattice(read_structure(OLIVINE), "Li")
    with pytest.raises(RatesError, match=message):
        structure_network(found, rows, prefactor=1e13)


def test_an_element_that_is_not_there_is_refused():
    with pytest.raises(RatesError, match="holds no Na; it holds Fe, Li, O, P"):
        mobile_sublattice(read_structure(OLIVINE), "Na")


@pytest.mark.parametrize(
    ("name", "text"),
    [("empty.cif", ""), ("words.cif", "no crystal\n"), ("POSCAR", "a\n1\n"), ("what.txt", "x\n")],
)
def test_files_that_hold_no_crystal_are_refused(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RatesError, match=name):
        read_structure(file)


POSCAR = """Li O
{scale}
4.0 0 0
0 4.0 0
0 0 4.0
{species}
{kind}
{rows}
"""
DIRECT = {"scale": "1.0", "species": "Li O\n1 1", "kind": "Direct", "rows": "0 0 0\n0.5 0.5 0.5"}


def poscar(folder: Path, **values: str) -> CrystalStructure:
    file = folder / "POSCAR_x"
    file.write_text(POSCAR.format(**(DIRECT | values)), encoding="utf-8")
    return read_structure(file)


@pytest.mark.parametrize(
    ("values", "edge"),
    [
        ({}, 4.0),
        ({"scale": "1.05"}, 4.2),
        ({"scale": "-74.088"}, 4.2),
        ({"scale": "1.05 1.05 1.05"}, 4.2),
        ({"species": "Li_sv O_s\n1 1"}, 4.0),
        ({"species": "1 1"}, 4.0),
        ({"kind": "Selective dynamics\ndirect", "rows": "0 0 0 T T F\n.5 .5 .5 F F F"}, 4.0),
        ({"kind": "Cartesian", "rows": "0 0 0 Li\n2.0 2.0 2.0 O"}, 4.0),
        ({"kind": "cart", "rows": "0 0 0\n2.0 2.0 2.0", "scale": "1.05"}, 4.2),
    ],
)
def test_poscar_files_are_read_in_all_their_forms(tmp_path, values, edge):
    found = poscar(tmp_path, **values)
    np.testing.assert_allclose(found.lattice, edge * angstrom * np.eye(3), rtol=1e-6)
    np.testing.assert_allclose(found.positions, [[0, 0, 0], [0.5, 0.5, 0.5]], rtol=1e-6)
    assert found.elements == ("Li", "O")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"rows": "0 0 0\nnan .5 .5"}, "POSCAR_x:10: found 'nan .5 .5'; 3 finite number"),
        ({"rows": "0 0 0\n0.5 0.5"}, "POSCAR_x:10: found '0.5 0.5'"),
        ({"rows": "0 0 0"}, "POSCAR_x:10: found ''"),
        ({"rows": "0 0 0\n1e99 0 0"}, "POSCAR_x:10: found '1e99 0 0'"),
        ({"rows": "0 0 0\n1e5 0 0"}, "a coordinate beyond 1000 cells"),
        ({"rows": "0 0 0\n0.1 0 0"}, "Li and O are 0.40 angstrom apart"),
        ({"scale": "0"}, "POSCAR_x:2: one or three scaling factors"),
        ({"scale": "x"}, "POSCAR_x:2: found 'x'"),
        ({"scale": "1e6"}, "no usable cell"),
        ({"species": "my crystal\n1 1"}, "POSCAR_x:7: found '1 1' below 'my crystal'"),
        ({"species": "Li O\nmany"}, "POSCAR_x:7: found 'many'"),
        ({"species": "Li O\n1 99999999999"}, "atoms are too many"),
        ({"kind": "0 0 0"}, "POSCAR_x:8: found '0 0 0'; 'Direct' or 'Cartesian'"),
    ],
)
def test_a_damaged_poscar_is_told_with_its_line(tmp_path, values, told):
    with pytest.raises(RatesError) as caught:
        poscar(tmp_path, **values)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["crystal.xyz", "endless.dat", "in.lammps", "crystal.json"])
def test_only_names_that_tell_a_format_are_opened(tmp_path, name):
    (tmp_path / name).write_text(" $DATA\n", encoding="utf-8")
    with pytest.raises(RatesError, match=r"tells no format; read are CIF files \(.cif\)"):
        read_structure(tmp_path / name)


def test_pipes_and_large_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "POSCAR")
    with pytest.raises(RatesError, match="a device or a pipe"):
        read_structure(tmp_path / "POSCAR")
    with (tmp_path / "large.cif").open("wb") as stream:
        stream.truncate(17 << 20)
    with pytest.raises(RatesError, match="larger than 16 MiB"):
        read_structure(tmp_path / "large.cif")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RatesError, match="cannot be read"):
        read_structure(tmp_path / "nowhere.cif")


def test_atoms_in_one_place_are_refused():
    crowded = CrystalStructure(
        lattice=CUBE, positions=np.zeros((2, 3)), elements=("Li", "Li"), source="crowded"
    )
    with pytest.raises(RatesError, match="two atoms may share one place"):
        mobile_sublattice(crowded, "Li")
