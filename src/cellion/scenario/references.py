"""Names of materials: wherever one is used, it must be defined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cellion.errors import nearest
from cellion.scenario.faults import Fault
from cellion.scenario.paths import KeyPath

__all__ = ["undefined_materials"]

_PLACES: tuple[KeyPath, ...] = (
    ("packing", "matrix"),
    ("packing", "matrix", "polycrystal", "material"),
    ("packing", "particles", "*", "material"),
    ("packing", "pores", "material"),
    ("polycrystal", "material"),
    ("bricks", "material"),
    ("spheres", "matrix"),
    ("spheres", "spheres", "*", "material"),
    ("layers", "materials", "*"),
    ("checkerboard", "materials", "*"),
    ("mesh", "labels", "*"),
    ("mesh", "grains", "material"),
)

_OTHER_PLACES: tuple[KeyPath, ...] = (
    ("interfaces", "*", "between", "*"),
    ("cell", "separator", "material"),
    ("cell", "collector", "material"),
    ("cell", "ionic", "*"),
    ("cell", "electronic", "*"),
)


def undefined_materials(document: dict[str, Any]) -> list[Fault]:
    """Return a fault for every material that is used but not defined.

    It looks at the plain document, so that it can answer while other parts are still wrong.

    Args:
        document: The scenario as the user wrote it.
    """
    defined = document.get("materials")
    if not isinstance(defined, dict):
        return []
    names = [str(name) for name in defined]
    faults: list[Fault] = []
    for path, name in _used(document):
        if isinstance(name, str) and name not in names:
            hint = nearest(name, names).strip(" ()")
            add = f"define it, for example 'materials: {{{name}: insulator}}'"
            message = (
                f"material '{name}' is not defined; defined are: {', '.join(names) or 'none'}; "
                f"{hint or add}"
            )
            faults.append(Fault(path=path, message=message))
    return faults


def _used(document: dict[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every place that names a material, with the name."""
    for place in _PLACES:
        yield from _matches(document, ("microstructure", *place), ())
    for place in _OTHER_PLACES:
        yield from _matches(document, place, ())
    microstructure = document.get("microstructure")
    if isinstance(microstructure, dict) and isinstance(microstructure.get("packing"), dict):
        pores = microstructure["packing"].get("pores")
        if isinstance(pores, dict) and "material" not in pores:
            yield ("microstructure", "packing", "pores"), "pore"


def _matches(value: Any, place: KeyPath, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield what lies at a place; ``*`` stands for every entry of a list or mapping."""
    if not place:
        yield path, value
    elif place[0] == "*" and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _matches(entry, place[1:], (*path, index))
    elif isinstance(value, dict):
        for key in value if place[0] == "*" else [k for k in value if k == place[0]]:
            yield from _matches(value[key], place[1:], (*path, key))
