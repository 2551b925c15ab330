"""Inputs that pass the schema, or are no scenario at all, and cannot be answered.

The same cases are put to one process and to two ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import meshio
import numpy as np

from helpers.small_scenarios import DISC, PACKING, PLATES, SQUARES, write

type Prepare = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class FaultyRun:
    """A fault, and what the message about it must hold.

    Attributes:
        name: What is wrong.
        told: Fragments of the message.
        text: The scenario.
        changes: Parts of the scenario and what stands there instead.
        prepare: Makes further files in the folder of the scenario.
        arguments: Arguments after ``run``; ``scenario.yaml`` is the scenario.
    """

    name: str
    told: tuple[str, ...]
    text: str = PLATES
    changes: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare = lambda folder: None
    arguments: tuple[str, ...] = ("scenario.yaml",)

    def lay_out(self, folder: Path) -> list[str]:
        """Write the files of the case; return the arguments of the call."""
        folder.mkdir(exist_ok=True)
        text = self.text
        for old, new in self.changes.items():
            assert old in text, (self.name, old)
            text = text.replace(old, new)
        write(folder, text)
        self.prepare(folder)
        words = [str(folder / word) if word.endswith(".yaml") else word for word in self.arguments]
        return ["run", *words, "-o", str(folder / "out")]


def _bytes(name: str, content: bytes) -> Prepare:
    return lambda folder: (folder / name).write_bytes(content) and None


def _cut(folder: Path) -> None:
    """Half of the mesh file, as after an interrupted copy."""
    (folder / "squares.msh").write_bytes(SQUARES.read_bytes()[: SQUARES.stat().st_size // 2])


def _mesh(points: list[tuple[float, float]], cells: list[tuple[int, int, int]]) -> Prepare:
    """Write triangles, the first half of them with tag 10, the others with 20."""

    def prepare(folder: Path) -> None:
        tags = np.where(np.arange(len(cells)) < len(cells) / 2, 10, 20)
        flat = np.column_stack([points, np.zeros(len(points))])
        mesh = meshio.Mesh(flat, [("triangle", cells)], cell_data={"tag": [tags]})
        mesh.write(folder / "mesh.vtu")

    return prepare


# A corner of the square is missing.
_NOT_A_BOX = _mesh([(0, 0), (2, 0), (1, 1), (0, 2)], [(0, 1, 2), (0, 2, 3)])
# The left edge is divided in two, the right one is not.
_NOT_MATCHING = _mesh([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0.3)], [(0, 1, 4), (1, 2, 4), (2, 3, 4)])
# Two squares that do not touch.
_NOT_JOINED = _mesh(
    [(0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (3, 0), (3, 1), (2, 1)],
    [(0, 1, 2), (0, 2, 3), (4, 5, 6), (4, 6, 7)],
)
_VTU = {"file: squares.msh": "file: mesh.vtu"}
_BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

FAULTY_RUNS = (
    # --- materials
    FaultyRun(
        name="unknown library entry",
        text=PACKING,
        changes={"library: NCM811": "library: NCM81"},
        told=("NCM81", "did you mean 'NCM811'?"),
    ),
    FaultyRun(
        name="library entry without density, by weight",
        text=PACKING,
        changes={
            "volume_fraction: 0.35": "weight_fraction: 0.5",
            "library: NCM811": "ion: insulator",
        },
        told=("CAM", "density"),
    ),
    # --- geometry
    FaultyRun(
        name="impossible packing",
        text=PACKING,
        changes={"volume_fraction: 0.35": "volume_fraction: 0.94"},
        told=("packing", "0.9"),
    ),
    FaultyRun(
        name="particle larger than the box",
        text=PACKING,
        changes={"diameter: 4 um": "diameter: 40 um"},
        told=("packing", "box"),
    ),
    FaultyRun(
        name="particles beyond number",
        text=PACKING,
        changes={"diameter: 4 um": "diameter: 4 nm"},
        told=("particles",),
    ),
    FaultyRun(
        name="mesh beyond memory",
        text=DISC,
        changes={"size: 2.5 um, surface_size: 2.5 um": "size: 0.1 nm"},
        told=("mesh",),
    ),
    # --- mesh files
    FaultyRun(name="mesh file cut short", prepare=_cut, told=("squares.msh", "cannot be read")),
    FaultyRun(
        name="mesh file empty",
        prepare=_bytes("squares.msh", b""),
        told=("squares.msh", "cannot be read"),
    ),
    FaultyRun(
        name="mesh file of noise",
        prepare=_bytes("squares.msh", bytes(range(256)) * 40),
        told=("squares.msh", "cannot be read"),
    ),
    FaultyRun(
        name="mesh file of unknown format",
        changes={"file: squares.msh": "file: squares.stl"},
        prepare=_bytes("squares.stl", b"solid"),
        told=("'.stl'", ".msh, .vtu"),
    ),
    FaultyRun(
        name="mesh file that is a folder",
        changes={"file: squares.msh": "file: folder.msh"},
        prepare=lambda folder: (folder / "folder.msh").mkdir(exist_ok=True),
        told=("folder.msh",),
    ),
    FaultyRun(
        name="label that no cell has",
        changes={"20: B}": "20: B, 30: A}"},
        told=("'labels' names 30: A", "10 (4 cells), 20 (4 cells)"),
    ),
    FaultyRun(
        name="tag without label",
        changes={"labels: {10: A, 20: B}": "labels: {10: A}"},
        told=("tags 20", "have no material in 'labels'"),
    ),
    FaultyRun(
        name="mesh that is no box", changes=_VTU, prepare=_NOT_A_BOX, told=("mesh.vtu", "box")
    ),
    FaultyRun(name="mesh in two pieces", changes=_VTU, prepare=_NOT_JOINED, told=("mesh.vtu",)),
    FaultyRun(
        name="periodic mesh whose faces do not match",
        changes={**_VTU, "labels: {10: A, 20: B}": "labels: {10: A, 20: B}, periodic: true"},
        prepare=_NOT_MATCHING,
        told=("mesh.vtu", "match"),
    ),
    FaultyRun(
        name="direction that the mesh lacks",
        changes={"directions: [x]": "directions: [x, z]"},
        told=("transport.directions: found 'z'", "2 dimensions", "allowed: x, y"),
    ),
    FaultyRun(
        name="periodic solve on a mesh that is not",
        changes={"boundary: electrodes": "boundary: periodic"},
        told=("transport.boundary", "electrodes"),
    ),
    # --- files that are no scenario
    FaultyRun(name="no such file", arguments=("nowhere.yaml",), told=("nowhere.yaml", "no such")),
    FaultyRun(
        name="folder",
        prepare=lambda folder: (folder / "folder.yaml").mkdir(exist_ok=True),
        arguments=("folder.yaml",),
        told=("folder.yaml", "this is a folder"),
    ),
    FaultyRun(name="empty file", text="", told=("found nothing",)),
    FaultyRun(
        name="noise",
        prepare=_bytes("scenario.yaml", bytes(range(255, -1, -1)) * 9),
        told=("not UTF-8",),
    ),
    FaultyRun(
        name="picture",
        prepare=_bytes("scenario.yaml", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        told=("scenario.yaml",),
    ),
    FaultyRun(name="huge file", text="# 123456789\n" * 100_000, told=("larger than 1 MiB",)),
    FaultyRun(name="brackets without end", text="[" * 500, told=("scenario.yaml",)),
    FaultyRun(name="aliases that multiply", text=_BOMB, told=("aliases",)),
    FaultyRun(name="alias of itself", text="a: &a [*a]\n", told=("scenario.yaml",)),
    FaultyRun(name="two documents", text=PLATES + "---\n" + PLATES, told=("scenario.yaml",)),
    FaultyRun(name="not YAML", text="name: [a\nb: }", told=("scenario.yaml:",)),
    FaultyRun(
        name="file that cannot be read",
        arguments=("/proc/self/mem",),
        told=("/proc/self/mem", "cannot be read"),
    ),
    FaultyRun(
        name="device without end", arguments=("/dev/zero",), told=("/dev/zero", "larger than")
    ),
    # --- overrides
    FaultyRun(
        name="override without a value",
        arguments=("scenario.yaml", "--set", "mesh.size"),
        told=("--set mesh.size", "key=value"),
    ),
    FaultyRun(
        name="override without a key",
        arguments=("scenario.yaml", "--set", "=3 um"),
        told=("--set =3 um", "key=value"),
    ),
    FaultyRun(
        name="override of an unknown key",
        arguments=("scenario.yaml", "--set", "mesh.sise=3 um"),
        told=("--set mesh.sise", "did you mean 'size'?"),
    ),
    FaultyRun(
        name="override that is no YAML",
        arguments=("scenario.yaml", "--set", "mesh.size={"),
        told=("--set mesh.size={", "not YAML"),
    ),
    FaultyRun(
        name="override of the wrong kind",
        arguments=("scenario.yaml", "--set", "temperature=300 kg"),
        told=("--set temperature=300 kg", "temperature"),
    ),
    FaultyRun(
        name="override beyond the list",
        text=DISC,
        arguments=("scenario.yaml", "--set", "microstructure.spheres.spheres[7].radius=1 um"),
        told=("list of 1", "[7]"),
    ),
    FaultyRun(
        name="override of an index of a word",
        arguments=("scenario.yaml", "--set", "name[0]=x"),
        told=("--set name[0]=x",),
    ),
    # --- the output folder
    FaultyRun(
        name="output below a file",
        prepare=_bytes("out", b"a file"),
        told=("cannot be written", "-o"),
    ),
)
