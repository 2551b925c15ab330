"""Tags of the cells of a mesh file: where they are, and which material they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError, nearest
from cellion.mesh.formats.document import Block, MeshDocument
from cellion.mesh.formats.gmsh import ENTITY_TAGS, PHYSICAL_TAGS
from cellion.mesh.formats.xdmf import UNTAGGED

__all__ = ["cell_tags", "check_tags", "labels_by_tag"]

_NOT_TAGS = (ENTITY_TAGS, "vtkGhostType", "vtkOriginalCellIds")

type Whole = NDArray[np.int64]


def labels_by_tag(
    labels: Mapping[int | str, str], document: MeshDocument, dimension: int, where: str
) -> dict[int, str]:
    """Material of each cell tag, of which some are named by physical groups."""
    names = {name: tag for (d, name), tag in document.names.items() if d == dimension}
    found: dict[int, str] = {}
    for key, material in labels.items():
        if isinstance(key, str) and key not in names:
            raise MeshError(
                f"{where}: 'labels' names '{key}', but the file has no such physical group of "
                f"dimension {dimension}{nearest(key, names)}; it has {_listed(names) or 'none'}"
            )
        tag = names[key] if isinstance(key, str) else key
        if found.setdefault(tag, material) != material:
            raise MeshError(f"{where}: 'labels' gives two materials to '{key}', the tag {tag}")
    return found


def cell_tags(
    blocks: Sequence[Block],
    where: str,
    labels: Mapping[int, str],
    wanted: str | None,
    *,
    one_each: bool,
) -> tuple[str, Whole]:
    """Name of the cell data that hold the tags, and the tag of each cell.

    Args:
        blocks: The cells.
        where: Name of the file, for messages.
        labels: Material of each tag.
        wanted: The name, if the scenario says it.
        one_each: Whether a tag without material has a meaning of its own, as a grain.
    """
    arrays = _whole_numbers(blocks)
    name = _choose(arrays, where, labels, wanted)
    groups = arrays[name]
    if name != PHYSICAL_TAGS:
        if (groups == UNTAGGED).any():
            raise MeshError(
                f"{where}: {int((groups == UNTAGGED).sum())} of {len(groups)} cells have no tag "
                f"in '{name}' (or {UNTAGGED}); tag all of them"
            )
        return name, groups[:, 0]
    known = np.isin(groups, list(labels)) & (groups >= 0)
    several = known.sum(axis=1) > 1
    several |= one_each & ((groups >= 0).sum(axis=1) > 1) & ~known.any(axis=1)
    if several.any():
        listed = ", ".join(str(tag) for tag in groups[np.argmax(several)].tolist() if tag >= 0)
        raise MeshError(
            f"{where}: {int(several.sum())} cells are in several physical groups, such as "
            f"{listed}; 'labels' may name only one of the groups of a cell"
        )
    tags = groups[np.arange(len(groups)), known.argmax(axis=1)]
    if one_each and 0 not in labels and not tags.all():
        raise MeshError(
            f"{where}: {int((tags == 0).sum())} of {len(tags)} cells are in no physical group, so "
            "that their grain is not known; give every grain its group"
        )
    return name, tags


def check_tags(tags: Whole, name: str, kind: str, where: str, labels: Mapping[int, str]) -> None:
    """Check that tags and labels agree.

    Args:
        tags: The tag of every cell, shape (m,).
        name: Name of the cell data that hold them.
        kind: Type of the cells.
        where: Name of the file, for messages.
        labels: Material of each tag.
    """
    values, counts = np.unique(tags, return_counts=True)
    present = dict(zip(values.tolist(), counts.tolist(), strict=True))
    listed = ", ".join(f"{tag} ({count} cells)" for tag, count in list(present.items())[:20])
    unlabelled = [str(tag) for tag in present if tag not in labels]
    if unlabelled:
        untagged = name == PHYSICAL_TAGS and 0 in present and 0 not in labels
        hint = (
            " (0: a volume without physical group). Give every volume (2D: surface) a physical "
            "group in Gmsh; version 2.2 keeps groups only without 'save all', 4.1 does always"
        )
        hint = hint if untagged else ""
        raise MeshError(
            f"{where}: tags {', '.join(unlabelled[:20])} of '{name}' have no material in 'labels' "
            f"({', '.join(map(str, labels))}); the file has {listed}{hint}"
        )
    unused = [f"{tag}: {labels[tag]}" for tag in labels if tag not in present]
    if unused:
        raise MeshError(
            f"{where}: 'labels' names {', '.join(unused[:20])}, but no {kind} has such a tag in "
            f"'{name}'; the file has {listed}"
        )


def _whole_numbers(blocks: Sequence[Block]) -> dict[str, Whole]:
    """Cell data that are whole numbers, by name: one per cell, or its physical groups."""
    arrays: dict[str, Whole] = {}
    for name in blocks[0].data:
        parts = [
            np.asarray(block.data[name]).reshape(len(block.cells), -1)
            for block in blocks
            if name in block.data
        ]
        width = max(part.shape[1] for part in parts)
        if len(parts) < len(blocks) or (width > 1 and name != PHYSICAL_TAGS):
            continue
        array = np.concatenate(
            [np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=-1) for p in parts]
        )
        numeric = np.issubdtype(array.dtype, np.number) and np.isrealobj(array)
        if numeric and np.isfinite(array).all() and (np.abs(array) < 2**31).all():
            rounded = np.rint(array).astype(np.int64)
            if (rounded == array).all():
                arrays[name] = rounded
    return arrays


def _choose(
    arrays: Mapping[str, Whole], where: str, labels: Mapping[int, str], wanted: str | None
) -> str:
    """Name of the cell data that hold the tags."""
    if wanted is not None:
        if wanted not in arrays:
            raise MeshError(
                f"{where}: there is no whole-number cell data '{wanted}'"
                f"{nearest(wanted, arrays)}; the file has {', '.join(arrays) or 'none'}"
            )
        return wanted
    if PHYSICAL_TAGS in arrays:
        return PHYSICAL_TAGS
    candidates = [name for name in arrays if name not in _NOT_TAGS]
    if not candidates:
        raise MeshError(
            f"{where}: no whole number is attached to the cells, so their material is not known; "
            "give every volume (2D: surface) a physical group in Gmsh, or write an integer cell "
            "array"
        )
    fitting = [name for name in candidates if set(np.unique(arrays[name])) == set(labels)]
    if len(candidates) == 1 or len(fitting) == 1:
        return (fitting or candidates)[0]
    raise MeshError(
        f"{where}: {len(candidates)} cell arrays could hold the tags ({', '.join(candidates)}), "
        f"and {len(fitting)} of them have exactly the tags of 'labels' "
        f"({', '.join(map(str, labels))}); name the one that counts by "
        f"microstructure.mesh.tag_array: {candidates[0]}"
    )


def _listed(names: Mapping[str, int]) -> str:
    return ", ".join(f"'{name}' ({tag})" for name, tag in list(names.items())[:20])
