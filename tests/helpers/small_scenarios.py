"""Scenarios that are answered in about a second: what the tests of whole runs start from."""

from __future__ import annotations

from pathlib import Path

SQUARES = Path(__file__).parents[1] / "unit" / "mesh" / "files" / "squares_41.msh"
"""Two unit squares side by side along x, eight triangles, cell tags 10 and 20."""

DISC = """\
name: disc
materials:
  SE: {ion: {conductivity: 1 mS/cm}}
  CAM: insulator
microstructure:
  spheres:
    box: [10 um, 10 um]
    matrix: SE
    spheres: [{center: [5 um, 5 um], radius: 3 um, material: CAM}]
transport: {carriers: [ion, electron], boundary: periodic}
mesh: {size: 2.5 um, surface_size: 2.5 um}
output: {pictures: false}
"""

PACKING = """\
name: packing
materials:
  SE: {library: Li6PS5Cl}
  CAM: {library: NCM811}
  pore: insulator
microstructure:
  packing:
    box: [8 um, 8 um, 8 um]
    seed: 5813
    matrix: SE
    particles: [{material: CAM, volume_fraction: 0.35, diameter: 4 um}]
    pores: {volume_fraction: 0.05, diameter: 3 um}
mesh: {size: 2 um, surface_size: 2 um, smallest_size: 1 um, gap_cells: 1}
output: {pictures: false}
"""

# Currents cross both squares one after the other; each run takes a tenth of a second.
PLATES = """\
name: plates
materials:
  A: {ion: {conductivity: 1 mS/cm, at: 300 K, activation_energy: 0.3 eV}}
  B: {ion: {conductivity: 2 mS/cm, at: 300 K, activation_energy: 0.3 eV}}
temperature: 300 K
microstructure:
  mesh: {file: squares.msh, length_unit: um, labels: {10: A, 20: B}}
transport: {carriers: [ion], boundary: electrodes, directions: [x]}
output: {pictures: false}
"""


def write(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    """Write a scenario, and the mesh of the plates beside it."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    (folder / "squares.msh").write_bytes(SQUARES.read_bytes())
    return file
