"""From the interface laws of a scenario to those of a mesh."""

from __future__ import annotations

from collections.abc import Mapping

import cellion.parallel  # noqa: F401

from cellion.material.interfaces import build_interfaces
from cellion.material.material import Material
from cellion.mesh.labelled import LabelledMesh
from cellion.scenario.scenario import Scenario
from cellion.transport.contacts import Contacts

__all__ = ["contacts_of"]


def contacts_of(
    scenario: Scenario, materials: Mapping[str, Material], mesh: LabelledMesh, carrier: str
) -> Contacts | None:
    """Contacts of a mesh at the temperature of the scenario.

    Args:
        scenario: What is asked.
        materials: Its materials.
        mesh: Labelled mesh.
        carrier: ``ion`` or ``electron``.

    Returns:
        The contacts; None when the scenario has no laws, so that all are perfect.

    Raises:
        MaterialError: A boundary given by rates lies between materials that do not conduct.
    """
    found = build_interfaces(scenario, materials).ordered(mesh.materials)
    if not found:
        return None
    laws = found.at(scenario.temperature, carrier)
    return Contacts(
        label_material=mesh.label_material,
        pair_resistance=laws.resistance,
        pair_sheet_conductance=laws.sheet_conductance,
        factor=found.factor(mesh.label_material, mesh.orientations, carrier),
        pieces=mesh.pieces,
    )
