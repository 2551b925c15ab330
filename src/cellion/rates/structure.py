"""Sublattice of the mobile ion and space group of a crystal from a structure file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.constants import angstrom
from spglib import get_symmetry_dataset

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, ScenarioError, nearest
from cellion.rates.cif import read_cif
from cellion.rates.crystal_structure import CrystalStructure, check_structure
from cellion.rates.poscar import read_poscar
from cellion.rates.space_groups import ask_spglib
from cellion.scenario.data_files import read_data_text

__all__ = [
    "MobileSublattice",
    "mobile_sublattice",
    "named_kinds",
    "read_structure",
]

_PRECISION = 0.01  # angstrom; positions within it are the same


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
        shares: occupancy of each element on each of these sites.
        notes: assumptions and omissions, one sentence each.
    """

    lattice: FloatArray
    positions: FloatArray
    kinds: tuple[str, ...]
    rotations: IntArray
    translations: FloatArray
    space_group: str
    source: str
    shares: tuple[Mapping[str, float], ...] = ()
    notes: tuple[str, ...] = ()


def read_structure(path: str | Path) -> CrystalStructure:
    """Read a crystal from a CIF or POSCAR file.

    Args:
        path: the file; its name says which of the two it is (`.cif`; `POSCAR...`, `CONTCAR...`,
            `.poscar`, `.vasp`).

    Raises:
        RatesError: the name says nothing, the file cannot be read, is no crystal, or contradicts
            itself.
    """
    file = Path(path)
    name = file.name.lower()
    cif = file.suffix.lower() == ".cif"
    if not cif and not re.search(r"poscar|contcar|\.vasp$", name):
        raise RatesError(
            f"structure: {file}: its name tells no format; read are CIF files (.cif) and POSCAR "
            "files (POSCAR, CONTCAR, .poscar, .vasp)"
        )
    try:
        text = read_data_text(file)
    except ScenarioError as error:
        raise RatesError(f"structure: {error}") from error
    return read_cif(text, file.name) if cif else read_poscar(text, file.name)


def mobile_sublattice(structure: CrystalStructure, element: str) -> MobileSublattice:
    """Return the sites of one element and the space group of the whole crystal.

    Args:
        structure: from `read_structure`.
        element: chemical symbol of the mobile ion.

    Raises:
        RatesError: the element is not in the crystal, or its symmetry cannot be found.
    """
    check_structure(structure)
    occupants = [structure.occupants(k) for k in range(len(structure.elements))]
    known = sorted({symbol for site in occupants for symbol in site})
    if element not in known:
        raise RatesError(
            f"structure: {structure.source} holds no {element}; it holds {', '.join(known)}"
            + nearest(element, known)
        )
    contents = [tuple(sorted((e, round(o, 3)) for e, o in site.items())) for site in occupants]
    order_of = {content: k + 1 for k, content in enumerate(dict.fromkeys(contents))}
    numbers = [order_of[content] for content in contents]
    cell = (structure.lattice / angstrom, structure.positions, numbers)
    found = ask_spglib(get_symmetry_dataset, cell, symprec=_PRECISION)
    if found is None:
        raise RatesError(
            f"structure: the space group of {structure.source} cannot be found; two atoms may "
            "share one place"
        )
    mobile = np.flatnonzero([element in site for site in occupants])
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
        shares=tuple(occupants[k] for k in mobile),
        notes=structure.notes,
    )


def named_kinds(
    sublattice: MobileSublattice, element: str, names: Collection[str]
) -> MobileSublattice:
    """Leave out unnamed sites on which another species prevails.

    All sites are kept where no name is known. Notes list the omitted and the shared sites.

    Args:
        sublattice: from `mobile_sublattice`.
        element: chemical symbol of the mobile ion.
        names: kinds of sites that hops or energies name.
    """
    if not set(names) & set(sublattice.kinds):
        return sublattice
    kept, notes = [], {}
    for k, (kind, site) in enumerate(zip(sublattice.kinds, sublattice.shares, strict=True)):
        left = kind not in names and site[element] < max(site.values())
        if not left:
            kept.append(k)
        if left or len(site) > 1:
            shares = ", ".join(f"{symbol} {share:g}" for symbol, share in site.items())
            fate = (
                "no hop names it, and it is left out" if left else "all of them are in the network"
            )
            notes[kind] = (
                f"{sublattice.source}: site {kind} ({sublattice.kinds.count(kind)} per cell) is "
                f"shared ({shares}); {fate if left else 'all of them are in the network'}"
            )
    return replace(
        sublattice,
        positions=sublattice.positions[kept],
        kinds=tuple(sublattice.kinds[k] for k in kept),
        shares=tuple(sublattice.shares[k] for k in kept),
        notes=(*sublattice.notes, *notes.values()),
    )
