"""Make the small Gmsh files beside this script: two unit boxes (squares) side by side.

Run it with the Gmsh wheel installed: ``python tests/unit/mesh/files/make_files.py``.
"""

from __future__ import annotations

from pathlib import Path

import gmsh

HERE = Path(__file__).parent


def two_boxes(
    dimension: int, name: str, version: float, binary: bool, groups: dict[int, int]
) -> None:
    """Mesh two boxes; `groups` gives the physical tag of box 1 and 2."""
    gmsh.clear()
    gmsh.option.setNumber("Mesh.MshFileVersion", version)
    gmsh.option.setNumber("Mesh.Binary", binary)
    gmsh.option.setNumber("Mesh.SaveAll", len(groups) < 2)
    occ = gmsh.model.occ
    if dimension == 3:
        parts = [(3, occ.addBox(x, 0, 0, 1, 1, 1)) for x in (0, 1)]
    else:
        parts = [(2, occ.addRectangle(x, 0, 0, 1, 1)) for x in (0, 1)]
    occ.fragment(parts[:1], parts[1:])
    occ.synchronize()
    for entity, tag in groups.items():
        gmsh.model.addPhysicalGroup(dimension, [entity], tag)
        gmsh.model.addPhysicalGroup(dimension - 1, [entity], tag + 5)
    gmsh.model.mesh.generate(dimension)
    gmsh.write(str(HERE / name))


def main() -> None:
    """Write all files."""
    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Verbosity", 1)
    gmsh.option.setNumber("Mesh.MeshSizeMin", 1.0)
    both = {1: 10, 2: 20}
    two_boxes(3, "boxes_22.msh", 2.2, False, both)
    two_boxes(3, "boxes_22_binary.msh", 2.2, True, both)
    two_boxes(3, "boxes_41.msh", 4.1, False, both)
    two_boxes(3, "boxes_41_binary.msh", 4.1, True, both)
    two_boxes(2, "squares_41.msh", 4.1, False, both)
    two_boxes(3, "untagged_41.msh", 4.1, False, {})
    two_boxes(3, "half_tagged_41.msh", 4.1, False, {1: 10})
    two_boxes(3, "half_tagged_22.msh", 2.2, False, {1: 10})
    gmsh.finalize()


if __name__ == "__main__":
    main()
