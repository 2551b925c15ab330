"""Energies behind a conductivity, and laws with one of them shifted.

An energy is a number of the user, the library or a crystal family: the activation energy of a fit,
the barrier of a hop, the energy of a site, the barrier of a boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cellion.material.conductivity_laws import ArrheniusLaw, ConductivityLaw
from cellion.material.hopping_law import HoppingLaw
from cellion.material.interface_laws import InterfaceSet
from cellion.material.material import Material
from cellion.rates.conductor import HoppingConductor
from cellion.scenario.interfaces import InterfaceSpec

__all__ = ["Energy", "energies_of"]

type Materials = Mapping[str, Material]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """One energy of a scenario.

    Attributes:
        name: ``activation_energy_A``, ``barrier_A_hops[0]``, ``barrier_difference_A/B``, ...
        shifted: From a shift [J] to all materials and interface laws; raises `CellionError` where
            there is none, such as below a barrier of 0.
    """

    name: str
    shifted: Callable[[float], tuple[Materials, InterfaceSet]]


def energies_of(
    materials: Materials, interfaces: InterfaceSet, carrier: str, present: Sequence[str]
) -> Iterator[Energy]:
    """Yield the energies that the conductivities of one carrier depend on.

    Simulated conductors and tables have none. ``present`` names the materials of the mesh.
    """
    for name in present:
        for energy, law in _shifted_laws(materials[name].carriers.get(carrier)):
            prefix, _, rest = energy.partition(" ")
            yield Energy(
                name="_".join(filter(None, (prefix, name, rest))),
                shifted=partial(_with_law, materials, interfaces, (name, carrier), law),
            )
    for index, spec in enumerate(interfaces.specs):
        kind = "barrier_difference" if spec.boundary is not None else ""
        if spec.activation_energy is not None:
            kind = "activation_energy"
        if kind and spec.carrier in (None, carrier) and {*spec.between} <= {*present}:
            yield Energy(
                name=f"{kind}_{'/'.join(sorted(spec.between))}",
                shifted=partial(_with_spec, materials, interfaces, index),
            )


def _shifted_laws(
    law: ConductivityLaw | None,
) -> Iterator[tuple[str, Callable[[float], ConductivityLaw]]]:
    """Yield the kind and name of each energy of a law, and the law over its shift."""
    match law:
        case ArrheniusLaw():
            yield "activation_energy", partial(_arrhenius, law)
        case HoppingLaw() if law.conductor.monte_carlo is None:
            for name, conductor in law.shifted.items():
                yield f"barrier {name}".strip(), partial(_hopping, conductor)
        case _:
            return


def _arrhenius(law: ArrheniusLaw, shift: float) -> ArrheniusLaw:
    return replace(law, activation_energy=law.activation_energy + shift)


def _hopping(conductor: Callable[[float], HoppingConductor], shift: float) -> HoppingLaw:
    return HoppingLaw(conductor=conductor(shift))


def _with_law(
    materials: Materials,
    interfaces: InterfaceSet,
    at: tuple[str, str],
    law: Callable[[float], ConductivityLaw],
    shift: float,
) -> tuple[Materials, InterfaceSet]:
    name, carrier = at
    old = materials[name]
    new = {**materials, name: replace(old, carriers={**old.carriers, carrier: law(shift)})}
    return new, replace(interfaces, built=new)  # boundaries by rates take their bulk from it


def _with_spec(
    materials: Materials, interfaces: InterfaceSet, index: int, shift: float
) -> tuple[Materials, InterfaceSet]:
    before, after = interfaces.specs[:index], interfaces.specs[index + 1 :]
    changed = _shifted_spec(interfaces.specs[index], shift)
    return materials, replace(interfaces, specs=(*before, changed, *after))


def _shifted_spec(spec: InterfaceSpec, shift: float) -> InterfaceSpec:
    if spec.activation_energy is not None:
        return spec.model_copy(update={"activation_energy": spec.activation_energy + shift})
    if spec.boundary is None:
        return spec
    difference = spec.boundary.barrier_difference + shift
    boundary = spec.boundary.model_copy(update={"barrier_difference": difference})
    return spec.model_copy(update={"boundary": boundary})
