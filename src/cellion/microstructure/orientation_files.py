"""Files of orientations: one grain per line, or the files of Neper.

The numbers say how to turn the sample axes onto the crystal axes. Quaternions begin with their
scalar part, angles are in degrees, and a rotation matrix (``rotmat``) is Bunge's g, whose rows are
the crystal axes. In a plain list the first line may name the descriptor (``rodrigues``,
``euler-bunge``, ...); otherwise the ending of the file says it.

This is what Neper writes. The word it adds has changed its meaning: since version 4.10 Neper calls
these numbers ``passive`` and their inverse ``active``; before, it was the other way round. Which of
the two a file means is told by the version of its format (``$MeshVersion`` 2.3, ``**format`` 3.5).

Source: Neper's documentation, Rotations and orientations, of versions 4.9 and 4.10; Bunge (1982),
Texture analysis in materials science, ch. 2, for g and the angles of Roe and Kocks in terms of his.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from cellion.errors import MicrostructureError, ScenarioError, nearest
from cellion.microstructure.arrays import FloatArray
from cellion.scenario.data_files import read_data_text

__all__ = ["DESCRIPTORS", "read_orientations", "rotations_of", "section_orientations"]

DESCRIPTORS = {
    "rodrigues": 3,
    "euler-bunge": 3,
    "euler-kocks": 3,
    "euler-roe": 3,
    "quaternion": 4,
    "axis-angle": 4,
    "rotmat": 9,
}
"""Numbers per orientation, by descriptor."""

_ENDINGS = {
    ".rodrigues": "rodrigues",
    ".rod": "rodrigues",
    ".ori": "rodrigues",
    ".euler": "euler-bunge",
    ".quaternion": "quaternion",
    ".quat": "quaternion",
    ".rotmat": "rotmat",
}
_SECTION = "$ElsetOrientations"
_VERSION = "$MeshVersion"
_TESSELLATION = "***tess"
_WORD = re.compile(r"[A-Za-z][A-Za-z\-]*(:[a-z]+)?")

_PASSIVE_SINCE = {_VERSION: (2, 3), "**format": (3, 5)}
"""Version of Neper's formats since which ``passive`` stands for what was ``active`` before."""


def read_orientations(path: Path, where: str) -> FloatArray:
    """Read a file of orientations.

    Args:
        path: the file; a tessellation of Neper (``.tess``) or a file with a section
            ``$ElsetOrientations`` (``.msh``, ``.ori``) is understood too.
        where: what to call it in messages.

    Returns:
        Rotations (n, 3, 3) from crystal to sample axes, in the order of the lines; in the order of
        grain numbers from a section.

    Raises:
        MicrostructureError: the file is missing or not text, or a line is not an orientation.
    """
    try:
        lines = read_data_text(path).splitlines()
    except ScenarioError as error:
        raise MicrostructureError(f"{where}: {error}") from error
    where = f"{where}: '{path.name}'"
    if any(line.strip() == _SECTION for line in lines):
        return section_orientations(lines, where)[1]
    if lines and lines[0].strip() == _TESSELLATION:
        return _tessellation_orientations(lines, where)
    rows = [re.split(r"[\s,;]+", line.split("#")[0].strip(" \t,;")) for line in lines]
    rows = [row for row in rows if row != [""]]
    descriptor = _ENDINGS.get(path.suffix.lower())
    if rows and len(rows[0]) == 1 and _WORD.fullmatch(rows[0][0]):
        descriptor = _of_today(rows.pop(0)[0], None, where)
    if descriptor is None:
        raise MicrostructureError(
            f"{where}: neither its ending nor its first line says what the numbers are; the first "
            f"line may be one of {', '.join(DESCRIPTORS)}, the ending {', '.join(_ENDINGS)}"
        )
    return rotations_of(_numbers(rows, where), descriptor, where)


def _tessellation_orientations(lines: list[str], where: str) -> FloatArray:
    """Read the section ``*ori`` of a tessellation: a descriptor, then a line per cell."""
    stripped = [line.strip() for line in lines]
    if "*ori" not in stripped or "**cell" not in stripped:
        raise MicrostructureError(f"{where}: the tessellation has no orientations ('*ori')")
    start = stripped.index("*ori") + 1
    cells = "".join(stripped[stripped.index("**cell") + 1 : stripped.index("**cell") + 2])
    descriptor = "".join(stripped[start : start + 1])
    rows = []
    for line in stripped[start + 1 :]:
        if line.startswith("*"):
            break
        rows.append(line.split())
    found = _numbers(rows, f"{where}: *ori")
    if cells != str(len(found)):
        raise MicrostructureError(
            f"{where}: '*ori' lists {len(found)} orientations of the {cells or 'missing'} cells"
        )
    descriptor = _of_today(descriptor, _version(stripped, "**format"), f"{where}: *ori")
    return rotations_of(found, descriptor, f"{where}: *ori")


def _version(stripped: list[str], key: str) -> bool | None:
    """Tell whether a file of Neper uses the words of today; None if it says no version."""
    if key not in stripped:
        return None
    written = "".join(stripped[stripped.index(key) + 1 : stripped.index(key) + 2])
    numbers = [int(part) for part in written.split(".") if part.isdecimal()]
    return tuple(numbers) >= _PASSIVE_SINCE[key] if numbers else None


def _of_today(descriptor: str, today: bool | None, where: str) -> str:
    """Return a descriptor of Neper in the words that it uses since version 4.10.

    Raises:
        MicrostructureError: it says ``active``, and nothing tells who says so.
    """
    name, _, convention = descriptor.partition(":")
    if convention == "active" and today is None:
        raise MicrostructureError(
            f"{where}: '{descriptor}' is ambiguous: Neper before 4.10 called 'active' what it "
            f"calls 'passive' since, and nothing in the file says its version. Write '{name}' if "
            "the numbers turn the sample axes onto the crystal axes, as in all versions unless "
            "told otherwise"
        )
    if today is False and convention in ("active", "passive"):
        return f"{name}:{'passive' if convention == 'active' else 'active'}"
    return descriptor


def section_orientations(lines: list[str], where: str) -> tuple[list[int], FloatArray]:
    """Read a section ``$ElsetOrientations``: count and descriptor, then a line per grain.

    Args:
        lines: the lines of a file, with its section ``$MeshVersion`` if it has one.
        where: what to call it in messages.

    Returns:
        Numbers of the grains, ascending; their rotations (n, 3, 3).

    Raises:
        MicrostructureError: the section is damaged.
    """
    where = f"{where}: {_SECTION}"
    stripped = [line.strip() for line in lines]
    start = stripped.index(_SECTION) + 1
    head = stripped[start].split() if start < len(stripped) else []
    if len(head) != 2 or not head[0].isdecimal():
        raise MicrostructureError(
            f"{where}: found '{' '.join(head)[:40]}'; it begins with the number of grains and the "
            "descriptor, such as '20 rodrigues:passive'"
        )
    count = int(head[0])
    rows = _numbers([line.split() for line in stripped[start + 1 : start + 1 + count]], where)
    if len(rows) != count or rows.shape[1] < 2 or (rows[:, 0] % 1 != 0).any():
        raise MicrostructureError(
            f"{where}: {count} lines of a grain's number and its orientation are needed"
        )
    order = np.argsort(rows[:, 0], kind="stable")
    numbers = [int(number) for number in rows[order, 0]]
    descriptor = _of_today(head[1], _version(stripped, _VERSION), where)
    return numbers, rotations_of(rows[order, 1:], descriptor, where)


def rotations_of(numbers: FloatArray, descriptor: str, where: str) -> FloatArray:
    """Return rotations (n, 3, 3) from crystal to sample axes.

    Args:
        numbers: parameters (n, k) of each orientation.
        descriptor: one of `DESCRIPTORS`, perhaps followed by ``:passive``, which changes nothing,
            or ``:active``, the inverse.
        where: what to call them in messages.

    Raises:
        MicrostructureError: the descriptor is unknown, or the numbers are not of its kind.
    """
    name, _, convention = descriptor.partition(":")
    if name not in DESCRIPTORS or convention not in ("", "active", "passive"):
        raise MicrostructureError(
            f"{where}: the descriptor '{descriptor}' is not known{nearest(name, DESCRIPTORS)}; "
            f"known are {', '.join(DESCRIPTORS)}, perhaps followed by ':passive'"
        )
    if numbers.shape[1] != DESCRIPTORS[name]:
        raise MicrostructureError(
            f"{where}: found {numbers.shape[1]} numbers per orientation; {name} has "
            f"{DESCRIPTORS[name]}. A first line may name another descriptor"
        )
    found = _matrices(numbers, name, where)
    return np.asarray(found.transpose(0, 2, 1) if convention == "active" else found)


def _matrices(numbers: FloatArray, name: str, where: str) -> FloatArray:
    """Return the rotations (n, 3, 3), from crystal to sample axes, of one kind of parameters."""
    match name:
        case "rodrigues":
            scalar = np.ones((len(numbers), 1))
            rotation = Rotation.from_quat(np.hstack([numbers, scalar]))
        case "euler-bunge":
            rotation = Rotation.from_euler("ZXZ", numbers, degrees=True)
        case "euler-kocks":
            bunge = numbers * np.array([1.0, 1.0, -1.0]) + np.array([90.0, 0.0, 90.0])
            rotation = Rotation.from_euler("ZXZ", bunge, degrees=True)
        case "euler-roe":
            bunge = numbers + np.array([90.0, 0.0, -90.0])
            rotation = Rotation.from_euler("ZXZ", bunge, degrees=True)
        case "quaternion":
            _check_unit(np.linalg.norm(numbers, axis=1), "a quaternion", where)
            rotation = Rotation.from_quat(np.roll(numbers, -1, axis=1))
        case "axis-angle":
            length = np.linalg.norm(numbers[:, :3], axis=1)
            _check_unit(length, "an axis", where)
            rotation = Rotation.from_rotvec(
                np.radians(numbers[:, 3:]) * numbers[:, :3] / length[:, None]
            )
        case _:
            matrix = numbers.reshape(-1, 3, 3)
            right_handed = np.linalg.det(matrix)
            _check_unit(right_handed, "the determinant of a rotation", where)
            rotation = Rotation.from_matrix(matrix).inv()
    return np.asarray(rotation.as_matrix(), dtype=float)


def _check_unit(values: FloatArray, what: str, where: str) -> None:
    """Refuse values (n,) that are not 1."""
    wrong = np.flatnonzero(~(np.abs(values - 1.0) < 1e-2))
    if wrong.size:
        raise MicrostructureError(
            f"{where}: entry {wrong[0] + 1} has {what} of {values[wrong[0]]:.6g}; it must be 1"
        )


def _numbers(rows: list[list[str]], where: str) -> FloatArray:
    """Return the numbers (n, k) of all lines, equally many in each."""
    if not rows:
        raise MicrostructureError(f"{where}: found no orientations")
    table: list[list[float]] = []
    for index, row in enumerate(rows, start=1):
        try:
            table.append([float(entry) for entry in row])
        except ValueError:
            table.append([])
        if len(table[-1]) != len(rows[0]) or not np.isfinite(table[-1]).all() or not row:
            raise MicrostructureError(
                f"{where}: entry {index} is '{' '.join(row)[:60]}'; {len(rows[0])} numbers are "
                "needed, as in the first"
            )
    return np.array(table)
