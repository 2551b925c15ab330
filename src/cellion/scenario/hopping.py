"""The ``hopping`` section of an ion: sites, hops and barriers of a crystal.

Three forms: lattice, sites and hops written out; a named lattice with one kind of hop; the sites
of a structure file with a table of symmetry-distinct hops. Names of lattices resolve when materials
are built.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cellion.errors import nearest
from cellion.quantities import describe
from cellion.scenario.crystal import HopSpec, LatticeSpec, SiteSpec
from cellion.scenario.faults import FaultsError
from cellion.scenario.files import existing_file
from cellion.scenario.paths import KeyPath
from cellion.scenario.values import (
    Energy,
    Fraction,
    Frequency,
    NumberDensity,
    Section,
    Whole,
    choice,
    fail,
    number,
)

__all__ = ["ATTEMPT_FREQUENCY", "HoppingSpec"]

ATTEMPT_FREQUENCY = 1.0e13
"""Attempt frequency where none is given [1/s]."""

_ION = re.compile(r"([A-Z][a-z]?)([1-9]?)([+\-])")
_MECHANISMS = ("independent", "vacancy", "divacancy", "concerted")


def _ion(value: Any) -> str:
    """Read the mobile ion, such as ``Mg2+``."""
    if not isinstance(value, str) or not _ION.fullmatch(value):
        raise fail(
            f"found {describe(value)}; an ion with its charge is needed, for example 'Li+', 'Mg2+' "
            "or 'F-'"
        )
    return value


class HoppingSpec(Section):
    """An ion that hops: the crystal, its barriers, and how many carriers there are.

    Attributes:
        mobile: The ion with its charge.
        lattice: The lattice.
        structure: Instead of lattice and positions, a structure file.
        sites: Sites of the ion.
        hops: Hops between them.
        barrier: Migration energy on a named lattice [J].
        attempt_frequency: Attempt frequency of all hops [1/s].
        mechanism: What moves.
        row: Ions that move together, of concerted migration.
        haven_ratio: Haven ratio, where the network describes tracer diffusion.
        carrier_share: Carriers per site.
        carrier_density: Carriers per volume [1/m^3].
    """

    mobile: Annotated[
        str,
        BeforeValidator(_ion),
        WithJsonSchema({"type": "string", "title": "an ion", "examples": ["Li+"]}),
    ] = Field(description="The mobile ion with its charge.")
    lattice: LatticeSpec | None = Field(default=None, description="The lattice.")
    structure: Annotated[
        Path | None,
        BeforeValidator(existing_file("a structure file", "crystal.cif")),
        WithJsonSchema({"type": "string", "title": "a file name", "examples": ["crystal.cif"]}),
    ] = Field(
        default=None,
        description="Instead of lattice and positions: a CIF or POSCAR file, relative to the "
        "scenario file. `hops` is then a table of symmetry-distinct hops by distance.",
    )
    sites: tuple[SiteSpec, ...] | None = Field(
        default=None,
        description="Sites of one cell; of a structure file, only those with an energy of their "
        "own.",
    )
    hops: tuple[HopSpec, ...] | None = Field(default=None, description="Hops, each once.")
    barrier: Energy | None = Field(
        default=None, description="Migration energy of every hop on a named lattice [J]."
    )
    attempt_frequency: Frequency | None = Field(
        default=None,
        description="Attempt frequency of the hops [1/s]; 10 THz if not given.",
    )
    mechanism: Annotated[
        Literal["independent", "vacancy", "divacancy", "concerted"],
        BeforeValidator(choice(*_MECHANISMS)),
    ] = Field(
        default="independent",
        description="What moves: carriers that hop alone (`independent`), or vacancies, pairs of "
        "vacancies or rows of ions in a full sublattice, whose ions hop on the network.",
    )
    row: Whole | None = Field(
        default=None, description="Ions that move together; belongs to `mechanism: concerted`."
    )
    haven_ratio: Annotated[
        float | None,
        BeforeValidator(number(100.0)),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "title": "a number"}),
    ] = Field(
        default=None,
        description="Haven ratio, if the network describes tracer diffusion of all ions that the "
        "carriers count: conductivity is divided by it. Leave it out for independent carriers.",
    )
    carrier_share: Fraction | None = Field(
        default=None,
        description="Carriers per site. Independent ones block each other: conductivity goes with "
        "c (1 - c).",
    )
    carrier_density: NumberDensity | None = Field(
        default=None, description="Instead of `carrier_share`: carriers per volume [1/m^3]."
    )

    @property
    def frequency(self) -> float:
        """Attempt frequency of the hops that give none [1/s]."""
        return self.attempt_frequency or ATTEMPT_FREQUENCY

    @property
    def charge_number(self) -> int:
        """Signed charge number of the mobile ion."""
        _, number_of_charges, sign = _parts(self.mobile)
        return int(number_of_charges or "1") * (1 if sign == "+" else -1)

    @property
    def element(self) -> str:
        """Chemical symbol of the mobile ion."""
        return _parts(self.mobile)[0]

    @model_validator(mode="after")
    def _complete(self) -> HoppingSpec:
        """Check that one form is given, and whole."""
        if (self.lattice is None) == (self.structure is None):
            raise fail("give either 'lattice' or 'structure', the name of a file")
        named = self.lattice is not None and self.lattice.name is not None
        needed = ("barrier",) if named else ("hops",) if self.structure else ("sites", "hops")
        kind = "a named lattice" if named else "a structure file" if self.structure else "a lattice"
        faults: list[tuple[KeyPath, str]] = [
            ((), f"{kind} needs '{key}'") for key in needed if not getattr(self, key)
        ]
        unfit = ("sites", "hops") if named else ("barrier",)
        faults += [
            ((key,), f"it does not belong to {kind}; remove it")
            for key in unfit
            if getattr(self, key) is not None
        ]
        faults += [*_carrier_faults(self), *_site_faults(self), *_hop_faults(self)]
        if faults:
            raise FaultsError(*faults)
        return self


def _parts(ion: str) -> tuple[str, str, str]:
    """Return element, number and sign of an ion that was read before."""
    match = _ION.fullmatch(ion)
    return (match[1], match[2], match[3]) if match else (ion, "", "+")


def _carrier_faults(spec: HoppingSpec) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with number and mechanism of the carriers."""
    faults: list[tuple[KeyPath, str]] = []
    if (spec.carrier_share is None) == (spec.carrier_density is None):
        faults.append(((), "give either 'carrier_share' (carriers per site) or 'carrier_density'"))
    if spec.carrier_share in (0.0, 1.0):
        message = "a share of 0 or 1 leaves nothing to move; give one in between"
        faults.append((("carrier_share",), message))
    if (spec.mechanism == "concerted") != (spec.row is not None):
        faults.append(((), "'mechanism: concerted' and 'row' go together; give both or neither"))
    if spec.haven_ratio is not None and spec.mechanism != "independent":
        message = f"the mechanism '{spec.mechanism}' has its own; remove it"
        faults.append((("haven_ratio",), message))
    return faults


def _site_faults(spec: HoppingSpec) -> list[tuple[KeyPath, str]]:
    """Return sites with a position too many or too few, and repeated names."""
    faults: list[tuple[KeyPath, str]] = []
    names = [site.name for site in spec.sites or ()]
    for index, site in enumerate(spec.sites or ()):
        if spec.structure is not None and site.position is not None:
            message = "the structure file says where the sites are; remove it"
            faults.append((("sites", index, "position"), message))
        if spec.structure is None and site.position is None:
            faults.append((("sites", index), "the key 'position' is missing"))
        if site.name in names[:index]:
            faults.append((("sites", index, "name"), f"'{site.name}' is given twice"))
    return faults


def _hop_faults(spec: HoppingSpec) -> list[tuple[KeyPath, str]]:
    """Return hops between unknown sites, or without a barrier or a distance."""
    faults: list[tuple[KeyPath, str]] = []
    names = [site.name for site in spec.sites or ()]
    for index, hop in enumerate(spec.hops or ()):
        where = ("hops", index)
        if spec.structure is not None:
            if hop.distance is None:
                message = "a structure file needs 'distance', not 'translation'"
                faults.append((where, message))
            continue
        faults += [
            (
                (*where, "between", end),
                f"site '{name}' is not defined{nearest(name, names)}; defined are "
                f"{', '.join(names) or 'none'}",
            )
            for end, name in enumerate(hop.between)
            if name not in names
        ]
        if hop.barrier is None and hop.saddle is None and not hop.closed:
            faults.append((where, "the barrier is missing; give 'barrier' or 'saddle'"))
    return faults
