"""Reader of CIF files: sites, occupancies and space-group setting.

The setting follows from the list of operations, the Hall symbol, the Hermann-Mauguin symbol or the
number, whichever are given; they, the cell, the formula and the distances must agree. Of two
possible origins, the one with plausible formula and distances is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy.constants import angstrom

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.cif_text import CifBlock, cif_blocks
from cellion.rates.crystal_structure import FULL, MOST_SITES, CrystalStructure, check_structure
from cellion.rates.elements import element_of_label, element_of_symbol, formula_of
from cellion.rates.lattices import cell_vectors
from cellion.rates.space_groups import (
    Operations,
    Setting,
    UnknownSymbolError,
    fits_cell,
    listed_operations,
    named_settings,
    number_of,
    preferred,
    setting_of,
)

__all__ = ["read_cif"]

_SYMBOL = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_h-m_full",
)
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_NUMBER = ("_space_group_it_number", "_symmetry_int_tables_number")
_CODE = ("_space_group_it_coordinate_system_code",)
_LISTED = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_ssg_operation_algebraic",
)
_VALUE = re.compile(
    r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)(?:\(\d{0,9}\))?"
)
_RATIO = re.compile(r"[+-]?\d{1,3}/[1-9]\d{0,2}")

_SAME_PLACE = 0.05  # angstrom; images closer than this are one site, whose coordinates are rounded
_COUNTS = 0.1  # of an element, relative and per formula unit


class _Atom(NamedTuple):
    """One row of the atoms; position in fractional coordinates, shape (3,)."""

    label: str
    element: str
    occupancy: float
    position: FloatArray


def read_cif(text: str, source: str) -> CrystalStructure:
    """Return the crystal of the text of a CIF file; messages call it ``source``.

    Raises:
        RatesError: It follows no syntax, holds no or several crystals, or contradicts itself.
    """
    blocks = cif_blocks(text, f"structure: {source}")
    found = [b for b in blocks if _coordinates(b) and b.first("_cell_length_a")]
    if len(found) != 1:
        names = ", ".join(f"'data_{block.name}'" for block in found[:8])
        raise RatesError(
            f"structure: {source} holds {len(found)} crystals"
            + (f" ({names}); leave one in the file" if found else ": a cell and atoms are needed")
        )
    try:
        return _crystal(found[0], source)
    except RatesError as error:
        told = str(error).removeprefix("structure: ").removeprefix(f"{source}: ")
        raise RatesError(f"structure: {source}: {told.removeprefix(f'{source} ')}") from error


def _coordinates(block: CifBlock) -> list[list[str | None]]:
    """Return the columns of the three coordinates; nothing where one is missing."""
    columns = [block.column(f"_atom_site_fract_{axis}") for axis in "xyz"]
    return columns if all(columns) else []


def _number(text: str | None, what: str) -> float:
    """Read a number, with its uncertainty in parentheses."""
    written = (text or "?").strip()
    if _RATIO.fullmatch(written):
        return float(Fraction(written))
    match = _VALUE.fullmatch(written)
    value = float(match[1]) if match else math.nan
    if not abs(value) < 1e6:
        raise RatesError(f"{what} is '{written[:40]}'; a finite number is needed")
    return value


def _crystal(block: CifBlock, source: str) -> CrystalStructure:
    """Return the crystal of one block, in the one setting in which it makes sense."""
    lattice = _lattice(block)
    atoms, notes = _atoms(block)
    operations, assumed = _possible(block, lattice)
    notes += assumed
    found: dict[str, CrystalStructure] = {}
    faults: list[str] = []
    for name, one in operations.items():
        try:
            structure = _built(atoms, one, lattice, source)
            _check_formula(block, structure)
        except RatesError as error:
            faults.append(f"as '{name}': {error}" if len(operations) > 1 else str(error))
        else:
            found[name] = structure
    if not found:
        raise RatesError("; ".join(dict.fromkeys(faults)))
    if len(found) > 1:
        contents = {
            name: " ".join(f"{element}{count:g}" for element, count in one.composition().items())
            for name, one in found.items()
        }
        told = " or ".join(f"'{name}' ({content})" for name, content in contents.items())
        raise RatesError(f"the file can mean {told} per cell; give the setting behind the symbol")
    if faults:
        plain = (fault.replace(f"structure: {source}: ", "").partition(";")[0] for fault in faults)
        notes.append(f"no origin is named; read as '{next(iter(found))}'; {'; '.join(plain)}")
    structure = next(iter(found.values()))
    return replace(structure, notes=tuple(f"{source}: {note}" for note in notes))


def _lattice(block: CifBlock) -> FloatArray:
    """Return the lattice vectors [m]; angles that are not given are right."""
    lengths = [_number(block.first(f"_cell_length_{a}"), f"_cell_length_{a}") for a in "abc"]
    angles = []
    for name in ("alpha", "beta", "gamma"):
        tag = f"_cell_angle_{name}"
        angles.append(_number(block.first(tag), tag) if tag in block.columns else 90.0)
    if not (min(lengths) > 0.0 and min(angles) > 0.0 and max(angles) < 180.0):
        raise RatesError(f"edges {lengths} angstrom with angles {angles} form no cell")
    return cell_vectors(angstrom * np.array(lengths), angles)


def _atoms(block: CifBlock) -> tuple[list[_Atom], list[str]]:
    """Return the atoms that are there, and a note on those that are not."""
    coordinates = _coordinates(block)
    count = len(coordinates[0])
    if count > MOST_SITES:
        raise RatesError(f"it lists {count} atoms; at most {MOST_SITES} are read")
    unknown: list[str | None] = [None] * count
    names = ("label", "type_symbol", "occupancy", "calc_flag")
    columns = [block.column(f"_atom_site_{name}") or unknown for name in names] + coordinates
    if {len(column) for column in columns} != {count}:
        raise RatesError("the columns of the atoms have different lengths; one loop is needed")
    formula = formula_of(block.first("_chemical_formula_sum") or "") or {}
    found = [_atom(row, k, formula) for k, row in enumerate(zip(*columns, strict=True))]
    atoms = [atom for atom in found if atom is not None and atom.occupancy > 0.0]
    if not atoms:
        raise RatesError("no site of the file is occupied")
    empty = [f"'{atom.label}'" for atom in found if atom is not None and atom.occupancy == 0.0]
    return atoms, [f"{', '.join(empty[:8])} of occupancy 0 are left out"] if empty else []


def _atom(row: tuple[str | None, ...], index: int, formula: Collection[str]) -> _Atom | None:
    """Return the atom of one row, None of a dummy."""
    label, symbol, share, kind = row[:4]
    name = (label or symbol or f"atom {index + 1}")[:40]
    if kind == "dum":
        return None
    element = element_of_symbol(symbol) if symbol else element_of_label(label or "", formula)
    if element is None:
        raise RatesError(
            f"atom '{name}': '{(symbol or name)[:40]}' names no element, or more than one; give "
            "its _atom_site_type_symbol, such as 'Li1+'"
        )
    occupancy = 1.0 if share is None else _number(share, f"occupancy of '{name}'")
    if not 0.0 <= occupancy <= FULL:
        raise RatesError(f"occupancy of '{name}' is {occupancy:g}; it goes from 0 to 1")
    place = [
        _number(text, f"{axis} of '{name}'") for axis, text in zip("xyz", row[4:], strict=True)
    ]
    return _Atom(label=name, element=element, occupancy=occupancy, position=np.array(place))


def _possible(block: CifBlock, lattice: FloatArray) -> tuple[dict[str, Operations], list[str]]:
    """Return the operations that the file may mean, by name, and what was assumed.

    Raises:
        RatesError: What it says contradicts itself or the cell, or it says nothing.
    """
    symbol, hall = block.first(*_SYMBOL), block.first(*_HALL)
    written = block.first(*_NUMBER)
    number = None if written is None else round(_number(written, "the space group number"))
    listed = [text for text in block.column(*_LISTED) if text]
    notes: list[str] = []
    given = [(symbol, hall), (None, hall), (symbol, None), (None, None)]
    settings: tuple[Setting, ...] = ()
    for name, other in given:
        if not (name or other or listed) and (symbol or hall):
            continue  # a number alone does not replace a symbol that is unknown
        try:
            settings = named_settings(name, other, number, block.first(*_CODE))
            break
        except UnknownSymbolError as error:
            notes = notes or [f"{error}; what else the file says is followed"]
    else:
        raise RatesError(notes[0].partition(";")[0])
    if listed:
        own = listed_operations(listed)
        _check_listed(own, settings, lattice, exact=bool(symbol or hall) and not notes)
        return {symbol or "the list of operations": own}, notes
    if not settings:
        raise RatesError(
            "nothing says its symmetry; give _space_group_name_H-M_alt, or 'P 1' if all atoms of "
            "the cell are listed"
        )
    fitting = preferred(tuple(s for s in settings if fits_cell(s.operations.rotations, lattice)))
    if not fitting:
        raise RatesError(f"the cell has not the symmetry of '{settings[0].name}'")
    if not symbol and not hall:
        notes.append(f"only a space group number is given; read as '{fitting[0].symbol}'")
    return {setting.name: setting.operations for setting in fitting}, notes


def _check_listed(
    own: Operations, settings: tuple[Setting, ...], lattice: FloatArray, *, exact: bool
) -> None:
    """Refuse a list of operations that contradicts the symbols, the number or the cell."""
    if not fits_cell(own.rotations, lattice):
        raise RatesError("the cell has not the symmetry of the listed operations")
    number = number_of(own, lattice)
    listed = f"the {len(own.rotations)} listed operations"
    if settings and number and number != settings[0].number:
        raise RatesError(
            f"{listed} are of space group {number}, the file says {settings[0].number} "
            f"('{settings[0].symbol}')"
        )
    tabulated = setting_of(own, number) if number else None
    keys = own.keys
    if exact and tabulated and settings and all(s.operations.keys != keys for s in settings):
        raise RatesError(
            f"{listed} are those of '{tabulated.name}', the file says '{settings[0].name}'"
        )


def _built(
    atoms: list[_Atom], operations: Operations, lattice: FloatArray, source: str
) -> CrystalStructure:
    """Return the crystal that operations make of atoms; atoms in one place share a site."""
    places: list[FloatArray] = []
    occupants: list[dict[str, float]] = []
    owners: list[str] = []
    for atom in atoms:
        orbit = _orbit(atom, operations, lattice)
        known = np.array(places).reshape(-1, 3)
        near = _distances(orbit[:, None] - known[None], lattice) < _SAME_PLACE
        shared = near.any(axis=1)
        if shared.any() and not shared.all():
            raise RatesError(f"'{atom.label}' shares only some of its sites with another atom")
        if len(places) + len(orbit) > MOST_SITES:
            raise RatesError(f"it has more than {MOST_SITES} sites per cell, which are not read")
        for k, position in enumerate(orbit):
            if not shared.any():
                places.append(position)
                occupants.append({atom.element: atom.occupancy})
                owners.append(atom.label)
                continue
            site = int(np.argmax(near[k]))
            before = occupants[site]
            before[atom.element] = before.get(atom.element, 0.0) + atom.occupancy
            if sum(before.values()) > FULL:
                raise RatesError(
                    f"'{owners[site]}' and '{atom.label}' are in one place with a total occupancy "
                    f"of {sum(before.values()):g}; perhaps all atoms of the cell are listed beside "
                    "its symmetry"
                )
    full = {(element, 1.0) for element in {atom.element for atom in atoms}}
    structure = CrystalStructure(
        lattice=lattice,
        positions=np.array(places) % 1.0,
        elements=tuple(max(site, key=lambda e: site[e]) for site in occupants),
        source=source,
        shares={
            k: site
            for k, site in enumerate(occupants)
            if len(site) > 1 or next(iter(site.items())) not in full
        },
    )
    check_structure(structure)
    return structure


def _distances(gaps: FloatArray, lattice: FloatArray) -> FloatArray:
    """Return lengths [angstrom] of differences of coordinates, to the nearest image."""
    return np.asarray(np.linalg.norm((gaps - np.round(gaps)) @ lattice, axis=-1) / angstrom)


def _orbit(atom: _Atom, operations: Operations, lattice: FloatArray) -> FloatArray:
    """Return all images of an atom, shape (m, 3), moved onto its special position exactly."""
    images = operations.rotations @ atom.position + operations.shifts
    gaps = images - atom.position
    same = _distances(gaps, lattice) < _SAME_PLACE
    centre = atom.position + (gaps[same] - np.round(gaps[same])).mean(axis=0)
    images = operations.rotations @ centre + operations.shifts
    kept: list[FloatArray] = []
    for image in images:
        apart = _distances(np.array(kept).reshape(-1, 3) - image, lattice)
        if not (apart < 0.5 * _SAME_PLACE).any():
            kept.append(image)
    if len(kept) * int(same.sum()) != len(images):
        raise RatesError(
            f"'{atom.label}' is near a special position but not on it; give its coordinates with "
            "more digits"
        )
    return np.array(kept)


def _check_formula(block: CifBlock, structure: CrystalStructure) -> None:
    """Refuse atoms that are not those of the formula; hydrogen may be missing from the atoms."""
    formula = formula_of(block.first("_chemical_formula_sum") or "")
    if not formula:
        return
    found = structure.composition()
    if "H" not in found:
        formula.pop("H", None)
    units = block.first("_cell_formula_units_z")
    common = sum(found.get(element, 0.0) for element in formula) / max(sum(formula.values()), 1e-9)
    Z = common if units is None else _number(units, "_cell_formula_units_Z")
    for element in {**formula, **found}:
        wanted, there = formula.get(element, 0.0), found.get(element, 0.0) / max(Z, 1e-9)
        if abs(there - wanted) > _COUNTS * max(wanted, 1.0):
            text = block.first("_chemical_formula_sum") or ""
            raise RatesError(
                f"the sites hold {found.get(element, 0.0):g} {element} per cell, the formula "
                f"'{text[:80]}' times {Z:g} gives {wanted * Z:g}"
            )
