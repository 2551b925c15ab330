"""Which energies a conductivity depends on, and the same laws with one of them shifted.

An energy is a number that the user, the library or a crystal family gave: the activation energy of
a fit, the barrier of a hop, the energy of a site, the barrier of a boundary. Derivatives of a
conductivity by them follow from shifted laws without solving anything.
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

    What is simulated by Monte Carlo, or fitted to a table, has none.

    Args:
        materials: All materials.
        interfaces: The interface laws.
        carrier: ``ion`` or ``electron``.
        present: Names of the materials of the mesh.
    """
    for name in present:
        for energy, law in _shifted_laws(materials[name].carriers.get(carrier)):
            prefix, _, rest = energy.partition(" ")
            yield Energy(
                name="_".join(filter(None, (prefix, name, rest))),
                shifted=partial(_with_law, materials, interfaces, (name, carrier), law),
            )
    for index, spec in enumerate(interfaces.specs):
        if spec.carrier in (None, carrier) and {*spec.between} <= {*present}:
            pair = "/".join(sorted(spec.between))
            if spec.activation_energy is not None:
                shift = partial(_with_activation_energy, spec)
                name = f"activation_energy_{pair}"
            elif spec.boundary is not None:
                shift, name = partial(_with_barrier, spec), f"barrier_difference_{pair}"
            else:
                continue
            yield Energy(
                name=name, shifted=partial(_with_spec, materials, interfaces, index, shift)
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
    materials: Materials,
    interfaces: InterfaceSet,
    index: int,
    changed: Callable[[float], InterfaceSpec],
    shift: float,
) -> tuple[Materials, InterfaceSet]:
    before, after = interfaces.specs[:index], interfaces.specs[index + 1 :]
    return materials, replace(interfaces, specs=(*before, changed(shift), *after))


def _with_activation_energy(spec: InterfaceSpec, shift: float) -> InterfaceSpec:
    energy = (spec.activation_energy or 0.0) + shift
    return spec.model_copy(update={"activation_energy": energy})


def _with_barrier(spec: InterfaceSpec, shift: float) -> InterfaceSpec:
    if spec.boundary is None:
        return spec
    difference = spec.boundary.barrier_difference + shift
    boundary = spec.boundary.model_copy(update={"barrier_difference": difference})
    return spec.model_copy(update={"boundary": boundary})
