"""Ionic and electronic network of a cell, and the contacts within and between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MaterialError
from cellion.material.interface_laws import Factor, InterfaceSet
from cellion.material.material import Material
from cellion.scenario.cell import CellSpec
from cellion.transport.primal.contacts import Contacts

__all__ = ["Networks", "cell_laws", "find_networks"]

type Flags = NDArray[np.bool_]
type Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Carrier of each material of a cell; one that carries nothing insulates.

    Attributes:
        materials: Names of the materials.
        ionic: Whether each carries ions, shape (n_materials,).
        electronic: Whether each carries electrons, shape (n_materials,); none carries both.
        conductivity: Conductivity for what each carries, in crystal axes, shape
            (n_materials, 3, 3) [S/m].
    """

    materials: tuple[str, ...]
    ionic: Flags
    electronic: Flags
    conductivity: NDArray[np.float64]

    @property
    def mixed(self) -> Flags:
        """Whether a contact joins the two networks, shape (n_materials, n_materials)."""
        both = np.outer(self.ionic, self.electronic)
        return np.asarray(both | both.T)


def find_networks(
    spec: CellSpec,
    materials: Mapping[str, Material],
    names: Sequence[str],
    temperature: float,
) -> Networks:
    """Decide what each material carries.

    Args:
        spec: The ``cell`` section.
        materials: Materials by name.
        names: Those of the mesh, in its order.
        temperature: Temperature [K].

    Raises:
        MaterialError: A material conducts both carriers and no list says which it carries, or does
            not conduct what it is to carry.
    """
    tensors = {
        carrier: np.array([materials[name].conductivity(carrier, temperature) for name in names])
        for carrier in ("ion", "electron")
    }
    conducts = {carrier: tensor.any(axis=(1, 2)) for carrier, tensor in tensors.items()}
    ions = {*(spec.ionic or ()), spec.separator.material}
    electrons = {*(spec.electronic or ()), spec.collector.material}
    said = {
        "ion": np.array([name in ions for name in names]),
        "electron": np.array([name in electrons for name in names]),
    }
    unsaid = ~said["ion"] & ~said["electron"]
    for name in np.array(names)[unsaid & conducts["ion"] & conducts["electron"]]:
        raise MaterialError(
            f"materials.{name}: it conducts ions and electrons; say what it carries in the cell, "
            "in 'cell.ionic' or 'cell.electronic'"
        )
    for carrier in ("ion", "electron"):
        for name in np.array(names)[said[carrier] & ~conducts[carrier]]:
            raise MaterialError(
                f"materials.{name}: the cell needs it to conduct {carrier}s, and it does not; give "
                f"it a conductivity, for example '{carrier}: {{conductivity: 1 mS/cm}}'"
            )
    ionic = said["ion"] | (unsaid & conducts["ion"] & (spec.ionic is None))
    electronic = said["electron"] | (unsaid & conducts["electron"] & (spec.electronic is None))
    conductivity = np.where(ionic[:, None, None], tensors["ion"], 0.0)
    conductivity = np.where(electronic[:, None, None], tensors["electron"], conductivity)
    return Networks(
        materials=tuple(names), ionic=ionic, electronic=electronic, conductivity=conductivity
    )


def cell_laws(
    found: InterfaceSet,
    networks: Networks,
    label_material: Labels,
    orientations: NDArray[np.float64] | None,
    temperature: float,
) -> Contacts:
    """Laws of all contacts in a cell.

    Within a network, contacts follow the laws for what it carries, and are perfect without one.
    Contacts between the two networks follow laws that are not about one carrier alone, and
    insulate without one.

    Args:
        found: Laws of the scenario, for the materials of the networks in their order.
        networks: What the materials carry.
        label_material: Material of each label, shape (n_labels,).
        orientations: Rotation of each label, shape (n_labels, d, d); None if all are aligned.
        temperature: Temperature [K].

    Raises:
        MaterialError: A law cannot be evaluated.
    """
    reactions = replace(found, specs=tuple(s for s in found.specs if s.carrier is None))
    listed = np.zeros_like(networks.mixed)
    for spec in reactions.specs:
        if all(name in networks.materials for name in spec.between):
            i, j = (networks.materials.index(name) for name in spec.between)
            listed[i, j] = listed[j, i] = True
    of_ions, of_electrons = (found.at(temperature, carrier) for carrier in ("ion", "electron"))
    between = reactions.at(temperature)
    mixed, ionic = networks.mixed, networks.ionic
    some_ionic = ionic[:, None] | ionic[None, :]
    resistance = np.where(some_ionic, of_ions.resistance, of_electrons.resistance)
    sheet = np.where(some_ionic, of_ions.sheet_conductance, of_electrons.sheet_conductance)
    resistance = np.where(mixed, np.where(listed, between.resistance, np.inf), resistance)
    sheet = np.where(mixed, between.sheet_conductance, sheet)
    return Contacts(
        label_material=label_material,
        pair_resistance=resistance,
        pair_sheet_conductance=sheet,
        factor=_factor(found, networks, label_material, orientations),
    )


def _factor(
    found: InterfaceSet,
    networks: Networks,
    label_material: Labels,
    orientations: NDArray[np.float64] | None,
) -> Factor | None:
    """Factor on resistances; ionic laws where a label carries ions, else electronic ones."""
    of_ions, of_electrons = (
        found.factor(label_material, orientations, carrier) for carrier in ("ion", "electron")
    )
    if of_ions is None and of_electrons is None:
        return None
    ionic = networks.ionic[label_material]

    def factors(labels: Labels) -> NDArray[np.float64]:
        result = np.ones(len(labels))
        with_ions = ionic[labels].any(axis=1)
        for chosen, law in ((with_ions, of_ions), (~with_ions, of_electrons)):
            if law is not None:
                result[chosen] = law(labels[chosen])
        return result

    return factors
