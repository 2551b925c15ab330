"""Structure files: the sites of a mobile ion in a crystal, and its space group."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from ase.io.formats import UnknownFileTypeError
from numpy.typing import NDArray
from scipy.constants import angstrom
from spglib import SpglibError, get_symmetry_dataset

from cellion.errors import RatesError, nearest

__all__ = [
    "CrystalStructure",
    "MobileSublattice",
    "mobile_sublattice",
    "read_structure",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CrystalStructure:
    """What a structure file holds.

    Attributes:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates, shape (n, 3).
        elements: n chemical symbols; of a shared site, that of its main species.
        source: name of the file.
    """

    lattice: FloatArray
    positions: FloatArray
    elements: tuple[str, ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class MobileSublattice:
    """The sites of one element, and the symmetry of the whole crystal.

    Attributes:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates, shape (n, 3).
        kinds: name of the symmetry-distinct site that each belongs to: ``Li1``, ``Li2``.
        rotations: in fractional coordinates, shape (m, 3, 3).
        translations: in fractional coordinates, shape (m, 3).
        space_group: number and symbol.
        source: name of the file.
    """

    lattice: FloatArray
    positions: FloatArray
    kinds: tuple[str, ...]
    rotations: IntArray
    translations: FloatArray
    space_group: str
    source: str


def read_structure(path: str | Path) -> CrystalStructure:
    """Read a crystal from a CIF, POSCAR or any other file with a cell that ASE knows.

    Args:
        path: the file. Of shared sites the main species is taken.

    Raises:
        RatesError: the file cannot be read, or holds no cell.
    """
    file = Path(path)
    try:
        atoms = read(file, index=0)
    except (
        OSError,
        UnknownFileTypeError,
        ValueError,
        KeyError,
        IndexError,
        AssertionError,
    ) as error:
        raise RatesError(
            f"structure: {file} cannot be read ({error or type(error).__name__}); a CIF file "
            "(.cif) or a POSCAR is needed"
        ) from error
    if not isinstance(atoms, Atoms) or len(atoms) == 0 or not atoms.cell.rank == 3:
        raise RatesError(f"structure: {file} holds no crystal: three lattice vectors are needed")
    return CrystalStructure(
        lattice=angstrom * np.array(atoms.cell[:], dtype=float),
        positions=np.array(atoms.get_scaled_positions(), dtype=float),
        elements=tuple(atoms.get_chemical_symbols()),
        source=file.name,
    )


def mobile_sublattice(
    structure: CrystalStructure, element: str, *, precision: float = 1e-12
) -> MobileSublattice:
    """Return the sites of one element and the space group of the whole crystal.

    Args:
        structure: from `read_structure`.
        element: chemical symbol of the mobile ion.
        precision: distance within which positions are the same [m].

    Raises:
        RatesError: the element is not in the crystal, or its symmetry cannot be found.
    """
    known = sorted(set(structure.elements))
    if element not in known:
        raise RatesError(
            f"structure: {structure.source} holds no {element}; it holds {', '.join(known)}"
            + nearest(element, known)
        )
    numbers = [known.index(symbol) + 1 for symbol in structure.elements]
    cell = (structure.lattice / angstrom, structure.positions, numbers)
    found = _symmetry(cell, precision / angstrom)
    if found is None:
        raise RatesError(
            f"structure: the space group of {structure.source} cannot be found; two atoms may "
            "share one place"
        )
    mobile = np.flatnonzero(np.array(structure.elements) == element)
    orbit = np.asarray(found.equivalent_atoms)[mobile]
    order = {int(first): k + 1 for k, first in enumerate(dict.fromkeys(orbit.tolist()))}
    return MobileSublattice(
        lattice=structure.lattice,
        positions=structure.positions[mobile],
        kinds=tuple(f"{element}{order[int(first)]}" for first in orbit),
        rotations=np.asarray(found.rotations, dtype=np.int64),
        translations=np.asarray(found.translations, dtype=float),
        space_group=f"{found.number} ({found.international})",
        source=structure.source,
    )


def _symmetry(cell: tuple[FloatArray, FloatArray, list[int]], precision: float) -> Any:
    """Return the space group, None if there is none; spglib 2 warns of how it will fail in 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return get_symmetry_dataset(cell, symprec=precision)
        except SpglibError:
            return None
