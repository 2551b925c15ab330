"""CIF files as public collections have them: what is read, and what contradicts itself."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import angstrom

from cellion.errors import RatesError
from cellion.rates.cif import read_cif
from cellion.rates.crystal_structure import CrystalStructure
from cellion.rates.lattices import neighbour_pairs
from cellion.rates.orbits import BarrierRow, structure_network
from cellion.rates.space_groups import listed_operations, named_settings
from cellion.rates.structure import mobile_sublattice, named_kinds, read_structure

FILES = Path(__file__).parent / "crystals"


def text(name: str) -> str:
    return (FILES / f"{name}.cif").read_text(encoding="utf-8-sig")


READ = [
    # file, atoms per cell, space group, kinds of the mobile ion with their number
    ("spinel_origin_2", "Li8 Mn16 O32", 227, {"Li1": 8}),
    ("spinel_icsd_origin_1", "Li8 Mn16 O32", 227, {"Li1": 8}),
    ("titanate_no_origin", "Li10.672 Ti13.328 O32", 227, {"Li1": 8, "Li2": 16}),
    ("perovskite_shared", "La0.56 Li0.34 Ti1 O3", 221, {"Li1": 1}),
    ("olivine_bom", "Li4 Fe4 P4 O16", 62, {"Li1": 4}),
    ("olivine_pbnm", "Li4 Fe4 P4 O16", 62, {"Li1": 4}),
    ("olivine_hall_blocks", "Li4 Fe4 P4 O16", 62, {"Li1": 4}),
    ("layered_hexagonal", "Li3 Co3 O6", 166, {"Li1": 3}),
    ("layered_rhombohedral", "Li1 Co1 O2", 166, {"Li1": 1}),
    ("layered_axes_from_cell", "Na3 Co3 O6", 166, {"Na1": 3}),
    ("nitride_truncated", "Li3 N1", 191, {"Li1": 1, "Li2": 2}),
    ("sodium_cobaltate_truncated", "Na1.32 Co2 O4", 194, {"Na1": 2, "Na2": 2}),
    ("monoclinic_p21n", "Li4 O4", 14, {"Li1": 4}),
    ("monoclinic_unique_c", "Li4 O4", 14, {"Li1": 4}),
    ("garnet_split", "Li51.696 La24 Zr16 O96", 230, {"Li1": 24, "Li2": 96}),
    ("argyrodite_shared", "Li24 Cl4 S20 P4", 216, {"Li1": 48}),
    ("rock_salt_generated_p1", "Li4 F4", 225, {"Li1": 4}),
    ("rock_salt_old_symbol", "Li4 F4", 225, {"Li1": 4}),
    ("nonstandard_centred", "Li4 O4", 2, {"Li1": 4}),
    ("dotted_names", "Li4 F4", 225, {"Li1": 4}),
    ("number_only", "Li4 F4", 225, {"Li1": 4}),
]


@pytest.mark.parametrize(("name", "atoms", "group", "kinds"), READ, ids=[row[0] for row in READ])
def test_public_files_give_the_atoms_and_sites_that_they_describe(name, atoms, group, kinds):
    crystal = read_structure(FILES / f"{name}.cif")
    told = " ".join(f"{element}{count:g}" for element, count in crystal.composition().items())
    assert told == atoms
    found = mobile_sublattice(crystal, next(iter(kinds))[:2])
    assert int(found.space_group.split()[0]) == group
    assert {kind: found.kinds.count(kind) for kind in found.kinds} == kinds


def test_every_file_of_the_folder_is_listed():
    assert {path.stem for path in FILES.iterdir()} == {row[0] for row in READ}


def shortest(name: str, element: str) -> float:
    found = mobile_sublattice(read_structure(FILES / f"{name}.cif"), element)
    reach = 6.0 * angstrom
    return neighbour_pairs(found.lattice, found.positions, 1e-12, reach)[3].min() / angstrom


@pytest.mark.parametrize("name", ["spinel_origin_2", "spinel_icsd_origin_1"])
def test_both_origins_of_a_spinel_give_its_diamond_lattice_of_lithium(name):
    assert shortest(name, "Li") == pytest.approx(8.24 * np.sqrt(3.0) / 4.0)  # 3.568


@pytest.mark.parametrize("name", ["olivine_bom", "olivine_pbnm", "olivine_hall_blocks"])
def test_all_settings_of_an_olivine_give_its_channels(name):
    assert shortest(name, "Li") == pytest.approx(6.01 / 2.0)


def test_truncated_thirds_are_moved_onto_their_position():
    crystal = read_structure(FILES / "nitride_truncated.cif")
    np.testing.assert_allclose(
        sorted(crystal.positions[1:3].tolist()), [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0]], atol=1e-12
    )


def test_shared_sites_keep_their_occupancies():
    crystal = read_structure(FILES / "perovskite_shared.cif")
    assert crystal.elements == ("La", "Ti", "O", "O", "O")
    assert crystal.occupants(0) == {"La": 0.56, "Li": 0.34}
    found = named_kinds(mobile_sublattice(crystal, "Li"), "Li", ["Li1"])
    assert found.shares == ({"La": 0.56, "Li": 0.34},)
    assert (
        "site Li1 (1 per cell) is shared (La 0.56, Li 0.34); all of them are in" in found.notes[0]
    )


def test_sites_of_another_species_are_left_out_with_a_note_unless_they_are_named():
    whole = mobile_sublattice(read_structure(FILES / "titanate_no_origin.cif"), "Li")
    some = named_kinds(whole, "Li", ["Li1"])
    assert set(some.kinds) == {"Li1"}
    assert (
        "site Li2 (16 per cell) is shared (Ti 0.833, Li 0.167); no hop names it" in some.notes[-1]
    )
    assert set(named_kinds(whole, "Li", ["Li1", "Li2"]).kinds) == {"Li1", "Li2"}


def test_names_that_no_site_has_leave_all_sites_to_be_told():
    whole = mobile_sublattice(read_structure(FILES / "perovskite_shared.cif"), "Li")
    with pytest.raises(RatesError, match="has no site 'Li7'; its symmetry-distinct sites are Li1"):
        structure_network(
            named_kinds(whole, "Li", ["Li7"]),
            [BarrierRow(between=("Li7", "Li7"), distance=4e-10, barrier=5e-20)],
            prefactor=1e13,
        )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("titanate_no_origin", "no origin is named; read as 'F d -3 m :1'; as 'F d -3 m :2': Ti"),
        ("nonstandard_centred", "'C -1' is not known (did you mean 'p-1'?); what else the"),
        ("number_only", "only a space group number is given; read as 'F m -3 m'"),
    ],
)
def test_what_was_assumed_is_a_note(name, told):
    (note,) = read_structure(FILES / f"{name}.cif").notes
    assert note.startswith(f"{name}.cif: ")
    assert told in note


SPINEL, OLIVINE, P1 = "spinel_origin_2", "olivine_hall_blocks", "rock_salt_generated_p1"
ICSD = "spinel_icsd_origin_1"

REFUSED = [
    # file, what is replaced in it, by what, what is told
    (SPINEL, "m :2'", "m :1'", "O and O are 0.29 angstrom apart, on sites"),
    (SPINEL, "m :2'", "m :3'", "has no setting ':3'; it has ':1', ':2'"),
    (SPINEL, "number 227", "number 225", "is of space group 227, the number says 225"),
    (SPINEL, "number 227", "number 999", "999 is no space group number"),
    (SPINEL, "units_Z 8", "units_Z 4", "the sites hold 8 Li per cell, the formula"),
    (SPINEL, "'Li Mn2 O4'", "'Li Mn2 O4 Cl'", "the sites hold 0 Cl per cell"),
    (SPINEL, "length_b 8.2400(5)", "length_b 8.9", "the cell has not the symmetry of"),
    (SPINEL, "length_b 8.2400(5)", "length_b 0", "form no cell"),
    (SPINEL, "length_b 8.2400(5)", "length_b nan", "_cell_length_b is 'nan'; a finite number"),
    (SPINEL, "length_b 8.2400(5)", "length_b 1e400", "a finite number is needed"),
    (SPINEL, "Mn3.5+ 0.5 0.5", "Mn3.5+ inf 0.5", "x of 'Mn1' is 'inf'"),
    (SPINEL, "Mn3.5+ 0.5 0.5", "Mn3.5+ ? 0.5", "x of 'Mn1' is '?'"),
    (SPINEL, "Mn3.5+ 0.5 0.5", "Mn3.5+ 0,5 0.5", "x of 'Mn1' is '0,5'"),
    (SPINEL, "0.5 0.5 0.5 1", "0.5 0.5 0.5 1.4", "occupancy of 'Mn1' is 1.4"),
    (SPINEL, "0.5 0.5 0.5 1", "0.5 0.5 0.5", "the loop has 6 names and 17 values"),
    (SPINEL, "Mn1 Mn3.5+", "Mn1 Xq", "'Xq' names no element"),
    (SPINEL, "0.5 0.5 0.5 1", "0.125 0.125 0.125 0.5", "'Li1' and 'Mn1' are in one place with a"),
    (SPINEL, "'F d -3 m :2'", "'Q d -3 m'", "the space group symbol 'Q d -3 m' is not known"),
    (SPINEL, "_cell_length_c", "_cell_lenth_c", "_cell_length_c is '?'"),
    (SPINEL, "data_LiMn2O4", "", "spinel_origin_2.cif:2: _cell_length_a stands before any 'data_'"),
    (OLIVINE, "'-P 2ac 2n'", "'-P 2c 2ab'", "O and O are 0.07 angstrom apart"),
    (OLIVINE, "alt ?", "alt 'P b n m'", "'P b n m' and the Hall symbol '-P 2ac 2n' (P n m a) con"),
    (OLIVINE, "Hall '-P 2ac 2n'", "Hall ?", "nothing says its symmetry"),
    (OLIVINE, "'Fe Li O4 P'", "'Na Li O4 P'", "the sites hold 0 Na per cell"),
    (OLIVINE, "\n;\nloop_", "\n loop_", "a text that begins with ';' does not end"),
    (P1, "'P 1'", "'F m -3 m'", "is of space group 225, the number says 1"),
    (P1, "H-M   'P 1'", "Hall 'F 4 2 3'", "number 1 and the Hall symbol 'F 4 2 3' (F 4 3 2) con"),
    (P1, "'x, y, z'", "'x, y, z, w'", "'x, y, z, w' is no symmetry operation"),
    (P1, "'x, y, z'", "'x/0, y, z'", "is no symmetry operation"),
    (P1, "'x, y, z'", "'x+1/2, y+1/3, z'", "are no group"),
    ("rock_salt_old_symbol", "LI1", "CO1", "'CO1' names no element, or more than one"),
    ("rock_salt_old_symbol", "1/2 1/2 1/2", "1/0 1/2 1/2", "x of 'F1' is '1/0'"),
    ("layered_axes_from_cell", "R-3m", "'R -3 m :R'", "the cell has not the symmetry"),
    ("nitride_truncated", "0.333 0.667", "0.32 0.66", "Li and Li are 0."),
]


@pytest.mark.parametrize(("name", "old", "new", "told"), REFUSED)
def test_contradictions_and_damage_are_refused_with_a_sentence(name, old, new, told):
    whole = text(name)
    assert old in whole
    with pytest.raises(RatesError) as caught:
        read_cif(whole.replace(old, new, 1), f"{name}.cif")
    assert f"{name}.cif" in str(caught.value)
    assert told in str(caught.value)


def test_all_atoms_beside_their_symmetry_are_refused():
    doubled = text(SPINEL).replace("O1 O2-", "Mn2 Mn3.5+ 0.5 0.25 0.25 1\nO1 O2-")
    with pytest.raises(RatesError, match="perhaps all atoms of the cell are listed beside"):
        read_cif(doubled, "a.cif")


def test_a_list_of_operations_that_is_not_that_of_the_symbol_is_refused():
    cubic = text(P1).replace("'P 1'", "'F m -3 m'").replace("number   1", "number   225")
    with pytest.raises(RatesError, match="1 listed operations are of space group 1, the file says"):
        read_cif(cubic, "a.cif")


def test_two_crystals_in_a_file_are_refused():
    with pytest.raises(RatesError, match=r"holds 2 crystals \('data_LiMn2O4', 'data_12345-ICSD'\)"):
        read_cif(text(SPINEL) + text(ICSD), "a.cif")


def test_two_origins_that_both_make_sense_are_told_with_their_readings():
    flat = (
        "data_x\n_cell_length_a 6\n_cell_length_b 6\n_cell_length_c 6\n"
        "_space_group_name_H-M_alt 'P 4/n m m'\nloop_\n_atom_site_label\n_atom_site_fract_x\n"
        "_atom_site_fract_y\n_atom_site_fract_z\nLi1 0 0 0\n"
    )
    with pytest.raises(RatesError) as caught:
        read_cif(flat, "a.cif")
    assert "can mean 'P 4/n m m :1' (Li2) or 'P 4/n m m :2' (Li4) per cell" in str(caught.value)


def test_empty_sites_are_left_out_with_a_note():
    given = text(SPINEL).replace("O1 O2-", "Li2 Li 0 0 0 0\nO1 O2-")
    found = read_cif(given, "a.cif")
    assert found.composition() == read_cif(text(SPINEL), "a.cif").composition()
    assert found.notes == ("a.cif: 'Li2' of occupancy 0 are left out",)


def test_an_unknown_hall_symbol_leaves_the_other_to_say_the_setting():
    given = text(SPINEL).replace(
        "_space_group_IT", "_space_group_name_Hall '-F 9'\n_space_group_IT"
    )
    (note,) = read_cif(given, "a.cif").notes
    assert "the Hall symbol '-F 9' is not known; what else the file says is followed" in note


def test_columns_in_loops_of_their_own_are_refused():
    given = text(SPINEL).replace("_atom_site_occupancy\n", "").replace(" 1\n", "\n")
    given += "loop_\n_atom_site_occupancy\n1\n1\n"
    with pytest.raises(RatesError, match="columns of the atoms have different lengths"):
        read_cif(given, "a.cif")


LONG = 100_000


@pytest.mark.parametrize(
    "damage",
    [
        "'a " * LONG,
        "'" * LONG,
        "_x " + "1" * LONG,
        "loop_\n_symmetry_equiv_pos_as_xyz\n" + "x" * LONG,
        "_chemical_formula_sum '" + "Li  " * LONG + "!'",
        "_space_group_name_H-M_alt '" + "(origin" * LONG + "'",
        "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        + "Li1 0 0 0\n" * LONG,
    ],
)
def test_large_damage_is_refused_at_once(damage):
    started = time.process_time()
    with pytest.raises(RatesError):
        read_cif("data_x\n_cell_length_a 5\n_cell_length_b 5\n_cell_length_c 5\n" + damage, "a.cif")
    assert time.process_time() - started < 20.0  # seconds; any reader of quadratic cost takes hours


@pytest.mark.parametrize(
    ("symbol", "hall", "number", "names"),
    [
        ("P n m a", None, 62, ["P n m a"]),
        ("Pbnm", None, 62, ["P b n m :cab"]),
        ("P 2(1)/c", None, None, ["P 1 2_1/c 1 :b1", "P 2_1/c 1 1 :a3"]),
        ("P 1 21/n 1", None, 14, ["P 1 2_1/n 1 :b2"]),
        ("Fd-3m:2", None, None, ["F d -3 m :2"]),
        ("F d 3 m", None, None, ["F d -3 m :1", "F d -3 m :2"]),
        ("F d -3 m Z", None, 227, ["F d -3 m :2"]),
        ("R -3 m H", None, None, ["R -3 m :H"]),
        ("F d 3\N{COMBINING OVERLINE} m:1", None, None, ["F d -3 m :1"]),
        ("R-3c", None, None, ["R -3 c :H", "R -3 c :R"]),
        ("I 41/a m d", "-I 4bd 2", None, ["I 4_1/a m d :2"]),
        ("C m c a", None, 64, ["C m c e"]),
        (None, "-P 2ac 2n", None, ["P n m a"]),
        (None, None, 15, ["C 1 2/c 1 :b1"]),
        (None, None, 227, ["F d -3 m :1", "F d -3 m :2"]),
        (None, None, None, []),
    ],
)
def test_symbols_are_known_in_their_usual_spellings(symbol, hall, number, names):
    assert [setting.name for setting in named_settings(symbol, hall, number)] == names


def test_operations_are_read_exactly():
    found = listed_operations(["x,y,z", "-Y, X-Y, Z+0.333", "y-x,-x,2/3+z"])
    assert found.translations.tolist() == [[0, 0, 0], [0, 0, 8], [0, 0, 16]]
    assert found.rotations[1].tolist() == [[0, -1, 0], [1, -1, 0], [0, 0, 1]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_number_that_is_not_finite_reaches_a_library(value):
    crystal = CrystalStructure(
        lattice=4e-10 * np.eye(3),
        positions=np.array([[0, 0, 0], [value, 0.5, 0.5]]),
        elements=("Li", "O"),
        source="x",
    )
    with pytest.raises(RatesError, match="not finite"):
        mobile_sublattice(crystal, "Li")
