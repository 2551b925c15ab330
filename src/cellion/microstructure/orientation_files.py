"""Files of orientations: one grain per line, as Neper and other programs write them.

A line that names the descriptor (``rodrigues:active``, ``euler-bunge``, ``quaternion:passive``,
``rotmat``, ``axis-angle``) may come first; otherwise the ending of the file says it. An active
rotation, the default, takes the sample axes to the crystal axes; a passive one is its inverse.
Quaternions begin with their scalar part, angles are in degrees.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from cellion.errors import MicrostructureError, nearest
from cellion.microstructure.geometry import FloatArray

__all__ = ["DESCRIPTORS", "read_orientations", "rotations_of", "section_orientations"]

DESCRIPTORS = {"rodrigues": 3, "euler-bunge": 3, "quaternion": 4, "axis-angle": 4, "rotmat": 9}
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
_WORD = re.compile(r"[A-Za-z][A-Za-z\-]*(:[a-z]+)?")


def read_orientations(path: Path, where: str) -> FloatArray:
    """Read a file of orientations.

    Args:
        path: the file; a file of Neper with a section ``$ElsetOrientations`` is understood too.
        where: what to call it in messages.

    Returns:
        Rotations (n, 3, 3) from crystal to sample axes, in the order of the lines; in the order of
        grain numbers from a section.

    Raises:
        MicrostructureError: the file is missing or not text, or a line is not an orientation.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MicrostructureError(f"{where}: '{path}' cannot be read as text ({error})") from error
    where = f"{where}: '{path.name}'"
    if any(line.strip() == _SECTION for line in lines):
        return section_orientations(lines, where)[1]
    rows = [line.split("#")[0].split() for line in lines]
    rows = [row for row in rows if row]
    descriptor = _ENDINGS.get(path.suffix.lower())
    if rows and len(rows[0]) == 1 and _WORD.fullmatch(rows[0][0]):
        descriptor = rows.pop(0)[0]
    if descriptor is None:
        raise MicrostructureError(
            f"{where}: neither its ending nor its first line says what the numbers are; the first "
            f"line may be one of {', '.join(DESCRIPTORS)}, the ending {', '.join(_ENDINGS)}"
        )
    return rotations_of(_numbers(rows, where), descriptor, where)


def section_orientations(lines: list[str], where: str) -> tuple[list[int], FloatArray]:
    """Read a section ``$ElsetOrientations``: count and descriptor, then a line per grain.

    Returns:
        Numbers of the grains, ascending; their rotations (n, 3, 3).

    Raises:
        MicrostructureError: the section is damaged.
    """
    where = f"{where}: {_SECTION}"
    stripped = [line.strip() for line in lines]
    start = stripped.index(_SECTION) + 1
    head = stripped[start].split() if start < len(stripped) else []
    if len(head) != 2 or not head[0].isdigit():
        raise MicrostructureError(
            f"{where}: found '{' '.join(head)[:40]}'; it begins with the number of grains and the "
            "descriptor, such as '20 rodrigues:active'"
        )
    count = int(head[0])
    rows = _numbers([line.split() for line in stripped[start + 1 : start + 1 + count]], where)
    if len(rows) != count or rows.shape[1] < 2 or (rows[:, 0] % 1 != 0).any():
        raise MicrostructureError(
            f"{where}: {count} lines of a grain's number and its orientation are needed"
        )
    order = np.argsort(rows[:, 0], kind="stable")
    numbers = [int(number) for number in rows[order, 0]]
    return numbers, rotations_of(rows[order, 1:], head[1], where)


def rotations_of(numbers: FloatArray, descriptor: str, where: str) -> FloatArray:
    """Return rotations (n, 3, 3) from crystal to sample axes.

    Args:
        numbers: parameters (n, k) of each orientation.
        descriptor: one of `DESCRIPTORS`, perhaps followed by ``:active`` or ``:passive``.
        where: what to call them in messages.

    Raises:
        MicrostructureError: the descriptor is unknown, or the numbers are not of its kind.
    """
    name, _, convention = descriptor.partition(":")
    if name not in DESCRIPTORS or convention not in ("", "active", "passive"):
        raise MicrostructureError(
            f"{where}: the descriptor '{descriptor}' is not known{nearest(name, DESCRIPTORS)}; "
            f"known are {', '.join(DESCRIPTORS)}, each with ':active' or ':passive'"
        )
    if numbers.shape[1] != DESCRIPTORS[name]:
        raise MicrostructureError(
            f"{where}: found {numbers.shape[1]} numbers per orientation; {name} has "
            f"{DESCRIPTORS[name]}"
        )
    found = _matrices(numbers, name, where)
    return np.asarray(found.transpose(0, 2, 1) if convention == "passive" else found)


def _matrices(numbers: FloatArray, name: str, where: str) -> FloatArray:
    """Return the active rotations (n, 3, 3) of one kind of parameters."""
    match name:
        case "rodrigues":
            scalar = np.ones((len(numbers), 1))
            rotation = Rotation.from_quat(np.hstack([numbers, scalar]))
        case "euler-bunge":
            rotation = Rotation.from_euler("ZXZ", numbers, degrees=True)
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
            rotation = Rotation.from_matrix(matrix)
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
