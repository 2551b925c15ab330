"""Structure files: the sites of a mobile ion in a crystal, and its space group."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.constants import angstrom
from spglib import get_symmetry_dataset

from cellion.errors import RatesError, ScenarioError, nearest
from cellion.rates.cif import read_cif
from cellion.rates.crystal_structure import CrystalStructure, check_structure
from cellion.rates.poscar import read_poscar
from cellion.rates.space_groups import ask_spglib
from cellion.scenario.data_files import read_data_text

__all__ = [
    "CrystalStructure",
    "MobileSublattice",
    "mobile_sublattice",
    "named_kinds",
    "read_structure",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
        notes: what was assumed or left out, one sentence each.
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
    found = ask_spglib(get_symmetry_dataset, cell, symprec=precision / angstrom)
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
    """Leave out sites that another species prevails on, unless they are named.

    Args:
        sublattice: from `mobile_sublattice`.
        element: chemical symbol of the mobile ion.
        names: kinds of sites that hops or energies name.

    Returns:
        The other sites, or all where no name is known; notes say which were left out, and which of
        the others are shared.
    """
    if not set(names) & set(sublattice.kinds):
        return sublattice
    kept, told = [], {}
    for k, (kind, site) in enumerate(zip(sublattice.kinds, sublattice.shares, strict=True)):
        minor = site[element] < max(site.values())
        if kind in names or not minor:
            kept.append(k)
        if len(site) > 1 or (minor and kind not in names):
            told[kind] = (minor and kind not in names, site)
    notes = [
        f"{sublattice.source}: site {kind} ({sublattice.kinds.count(kind)} per cell) is shared ("
        + ", ".join(f"{symbol} {share:g}" for symbol, share in site.items())
        + (
            "); no hop names it, and it is left out"
            if left
            else "); all of them are in the network"
        )
        for kind, (left, site) in told.items()
    ]
    return replace(
        sublattice,
        positions=sublattice.positions[kept],
        kinds=tuple(sublattice.kinds[k] for k in kept),
        shares=tuple(sublattice.shares[k] for k in kept),
        notes=(*sublattice.notes, *notes),
    )
