"""From the interface laws of a scenario to those of a mesh."""

from __future__ import annotations

from collections.abc import Mapping

import cellion.parallel  # noqa: F401

from cellion.material.interface_laws import build_interfaces
from cellion.material.material import Material
from cellion.mesh.labelled import LabelledMesh
from cellion.scenario.scenario import Scenario
from cellion.transport.laws import InterfaceLaws

__all__ = ["interface_laws"]


def interface_laws(
    scenario: Scenario, materials: Mapping[str, Material], mesh: LabelledMesh, carrier: str
) -> InterfaceLaws | None:
    """Laws of all interfaces of a mesh at the temperature of the scenario.

    Args:
        scenario: What is asked.
        materials: Its materials.
        mesh: Labelled mesh.
        carrier: ``ion`` or ``electron``.

    Returns:
        The laws; None when the scenario has none, so that all contacts are perfect.

    Raises:
        MaterialError: A boundary given by rates lies between materials that do not conduct.
    """
    found = build_interfaces(scenario, materials).ordered(mesh.materials)
    if not found:
        return None
    laws = found.at(scenario.temperature, carrier)
    return InterfaceLaws(
        label_material=mesh.label_material,
        pair_resistance=laws.resistance,
        pair_sheet_conductance=laws.sheet_conductance,
        factor=found.factor(mesh.label_material, mesh.orientations, carrier),
        pieces=mesh.pieces,
    )
