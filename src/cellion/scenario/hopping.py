"""The ``hopping`` section of an ion: sites, hops and barriers of a crystal.

Three forms: lattice, sites and hops written out; a named lattice with one kind of hop; the sites
of a structure file with a table of symmetry-distinct hops. Names of lattices resolve when materials
are built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, model_validator

from cellion.errors import nearest
from cellion.scenario.carriers import CarriersSpec, ion, ion_parts
from cellion.scenario.crystal import HopSpec, LatticeSpec, SiteSpec
from cellion.scenario.data_files import file_name
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.sections import OneOf, Section, fail
from cellion.scenario.table import HavenRatio
from cellion.scenario.uncertain import split_uncertain
from cellion.scenario.values import (
    Energy,
    EnergyDifference,
    Entropy,
    Fraction,
    Frequency,
    NumberDensity,
    Seed,
    Whole,
    positive,
)
from cellion.scenario.vibrations import VibrationsSpec

__all__ = ["ATTEMPT_FREQUENCY", "HoppingSpec", "MonteCarloSpec"]

ATTEMPT_FREQUENCY = 1.0e13
"""Attempt frequency where none is given [1/s]."""

_PUSHING = ("interstitialcy", "exchange")


class MonteCarloSpec(Section):
    """Kinetic Monte Carlo of ions that block, and may repel, each other."""

    cells: Annotated[
        tuple[Whole, Whole, Whole],
        WithJsonSchema(
            {
                "type": "array",
                "title": "three whole numbers",
                "items": {"type": "integer", "minimum": 1},
                "examples": [[6, 6, 6]],
            }
        ),
    ] = Field(description="Cells of the periodic box along a, b, c; at least 2 along every hop.")
    interaction: EnergyDifference = Field(
        default=0.0,
        description="Energy of two ions on sites that a hop joins [J]; positive repels.",
    )
    hops: Annotated[float, positive(1e6)] = Field(
        default=4.0,
        description="Attempted hops per ion and lag; long enough for an ion to forget its first.",
    )
    copies: Whole = Field(default=64, description="Independent copies of the box; 8 at least.")
    blocks: Whole = Field(default=8, description="Lags recorded; 3 at least.")
    seed: Seed = Field(default=1, description="Seed of the random numbers.")


class HoppingSpec(Section):
    """An ion that hops: the crystal, its barriers, and how many carriers there are."""

    mobile: Annotated[str, ion("Li+")] = Field(description="The mobile ion with its charge.")
    lattice: LatticeSpec | None = Field(default=None, description="The lattice.")
    structure: Annotated[Path | None, file_name("a structure file", "crystal.cif")] = Field(
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
    entropy: Entropy | None = Field(
        default=None,
        description="Migration entropy of the hops that give none [J/K]; the barrier is then the "
        "enthalpy.",
    )
    vibrations: VibrationsSpec | None = Field(
        default=None,
        description="Instead of `attempt_frequency`: normal modes, for the prefactor of Vineyard.",
    )
    uncertainty: Energy | None = Field(
        default=None,
        description="Standard deviation of the barriers that give none [J]. Each line of `hops` is "
        "uncertain by itself; `cellion rates` tells median and 68 % interval.",
    )
    mechanism: Annotated[
        Literal[
            "independent",
            "vacancy",
            "interstitial",
            "divacancy",
            "interstitialcy",
            "exchange",
            "concerted",
        ],
        OneOf(),
    ] = Field(
        default="independent",
        description="What moves: ions that block each other (`independent`); few "
        "vacancies, pairs of vacancies or rows of ions in a full sublattice, whose ions hop on the "
        "network (`vacancy`, `divacancy`, `concerted`); few interstitials that hop by themselves "
        "(`interstitial`), push ions of full sites on (`interstitialcy`), or do both "
        "(`exchange`).",
    )
    row: Whole | None = Field(
        default=None, description="Ions that move together; belongs to `mechanism: concerted`."
    )
    haven_ratio: HavenRatio = Field(
        default=None,
        description="Haven ratio, if the network describes tracer diffusion of all ions that the "
        "carriers count: conductivity is divided by it. A number, or mechanism and lattice of a "
        "known one. Leave it out for independent carriers.",
    )
    carrier_share: Fraction | None = Field(
        default=None,
        description="Carriers per place. Of `mechanism: independent` the ions: they block each "
        "other and fill sites by their energies, so that 97 % and 3 % of ions differ where sites "
        "do. Of other mechanisms the defects, few.",
    )
    carrier_density: NumberDensity | None = Field(
        default=None, description="Instead of `carrier_share`: carriers per volume [1/m^3]."
    )
    carriers: CarriersSpec | None = Field(
        default=None,
        description="Instead of both: carriers from defect thermodynamics, at every temperature.",
    )
    monte_carlo: MonteCarloSpec | None = Field(
        default=None,
        description="How ions of a finite `carrier_share` are simulated; without it correlations "
        "of pairs of ions are known, those of more are not.",
    )

    @property
    def frequency(self) -> float:
        """Attempt frequency of the hops that give none [1/s]."""
        return self.attempt_frequency or ATTEMPT_FREQUENCY

    @property
    def charge_number(self) -> int:
        """Signed charge number of the mobile ion."""
        found = ion_parts(self.mobile)
        return found[1] if found else 0

    @property
    def element(self) -> str:
        """Chemical symbol of the mobile ion."""
        found = ion_parts(self.mobile)
        return found[0] if found else ""

    @model_validator(mode="before")
    @classmethod
    def _deviation(cls, value: Any) -> Any:
        """Give the deviation of the barrier a key of its own."""
        return split_uncertain(value, "barrier")

    @model_validator(mode="after")
    def _complete(self) -> HoppingSpec:
        """Check that one form is given, and whole."""
        if (self.lattice is None) == (self.structure is None):
            raise fail("give either 'lattice' or 'structure', the name of a file")
        named = self.lattice is not None and self.lattice.name is not None
        needed = ("barrier",) if named else ("hops",) if self.structure else ("sites", "hops")
        kind = "a named lattice" if named else "a structure file" if self.structure else "a lattice"
        faults: Faults = [((), f"{kind} needs '{key}'") for key in needed if not getattr(self, key)]
        unfit = ("sites", "hops") if named else ("barrier",)
        faults += [
            ((key,), f"it does not belong to {kind}; remove it")
            for key in unfit
            if getattr(self, key) is not None
        ]
        faults += [*_carrier_faults(self), *_mechanism_faults(self), *_site_faults(self)]
        faults += [*_hop_faults(self), *_pushing_faults(self)]
        if faults:
            raise FaultsError(*faults)
        return self


def _carrier_faults(spec: HoppingSpec) -> Faults:
    """Return what is wrong with the number of the carriers."""
    faults: Faults = []
    given = spec.given("carrier_share", "carrier_density", "carriers")
    if len(given) != 1:
        found = f"found {' and '.join(map(repr, given))}; " if given else ""
        message = f"{found}give one of 'carrier_share' (carriers per site), 'carrier_density' or "
        faults.append(((), message + "'carriers' (from defect thermodynamics)"))
    if spec.carrier_share in (0.0, 1.0):
        message = "a share of 0 or 1 leaves nothing to move; give one in between"
        faults.append((("carrier_share",), message))
    for key in ("attempt_frequency", "entropy"):
        if spec.vibrations is not None and getattr(spec, key) is not None:
            faults.append(((key,), "'vibrations' says it already; give one of the two"))
    return faults


def _mechanism_faults(spec: HoppingSpec) -> Faults:
    """Return keys that do not fit the mechanism."""
    faults: Faults = []
    if (spec.mechanism == "concerted") != (spec.row is not None):
        faults.append(((), "'mechanism: concerted' and 'row' go together; give both or neither"))
    if spec.haven_ratio is not None and spec.mechanism != "independent":
        message = f"the mechanism '{spec.mechanism}' has its own; remove it"
        faults.append((("haven_ratio",), message))
    if spec.monte_carlo is not None:
        if spec.mechanism != "independent" or spec.haven_ratio is not None:
            message = "it simulates 'mechanism: independent' without 'haven_ratio'; remove one"
            faults.append((("monte_carlo",), message))
        if spec.carrier_share is None:
            faults.append((("monte_carlo",), "it needs 'carrier_share', the sites that are held"))
    return faults


def _pushing_faults(spec: HoppingSpec) -> Faults:
    """Return full sites and pushed ions that do not fit the mechanism, or each other."""
    full = [site.name for site in spec.sites or () if site.full]
    via = [hop.via is not None for hop in spec.hops or ()]
    if spec.mechanism not in _PUSHING:
        unfit: Faults = [
            (("sites", k, "full"), f"it belongs to 'mechanism: {_PUSHING[0]}'; remove it")
            for k, site in enumerate(spec.sites or ())
            if site.full
        ]
        message = f"a hop that pushes an ion is of 'mechanism: {_PUSHING[0]}' or '{_PUSHING[1]}'"
        return unfit + [(("hops", k, "via"), message) for k, pushes in enumerate(via) if pushes]
    faults: Faults = []
    if spec.lattice is None or spec.lattice.name is not None:
        message = "pushed ions need 'lattice' with 'sites' and 'hops' written out"
        return [(("mechanism",), message)]
    if not full:
        faults.append((("sites",), "none is 'full: true'; the mechanism pushes ions of such sites"))
    for k, hop in enumerate(spec.hops or ()):
        if hop.via is not None and hop.via not in full:
            told = f"{nearest(hop.via, full)}; full sites are {', '.join(full) or 'none'}"
            faults.append((("hops", k, "via"), f"'{hop.via}' is no full site{told}"))
        faults += [
            (("hops", k, "between", end), f"'{name}' is full; hops join interstitial sites")
            for end, name in enumerate(hop.between)
            if name in full
        ]
    if spec.mechanism == "interstitialcy" and not all(via):
        message = "give each its 'via', or choose 'mechanism: exchange' where some hops push nobody"
        faults.append((("hops", via.index(False)), message))
    if spec.mechanism == "exchange" and (all(via) or not any(via)):
        message = "'exchange' needs hops with 'via' (they push an ion) and hops without"
        faults.append((("hops",), message))
    return faults


def _site_faults(spec: HoppingSpec) -> Faults:
    """Return sites with a position too many or too few, and repeated names."""
    faults: Faults = []
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


def _hop_faults(spec: HoppingSpec) -> Faults:
    """Return hops between unknown sites, or without a barrier or a distance."""
    faults: Faults = []
    names = [site.name for site in spec.sites or ()]
    for index, hop in enumerate(spec.hops or ()):
        where = ("hops", index)
        if spec.structure is not None:
            if hop.distance is None:
                message = "a structure file needs 'distance', not 'translation'"
                faults.append((where, message))
            if hop.path is not None:
                message = "ways by name need 'lattice', 'sites' and 'hops'; remove it"
                faults.append(((*where, "path"), message))
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
