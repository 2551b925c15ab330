"""Problems with known or finely computed answers, on which error estimates are calibrated.

Two sets of the same families, `TUNING` and `VALIDATION`, differ in all their random numbers. The
first was fixed before the estimate was made, the second is for checking it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reference_cases.curved import array_scenario, scenario_of  # noqa: E402
from reference_cases.rows import ENTRIES  # noqa: E402

__all__ = ["SETS", "Problem", "problems"]

type Document = dict[str, Any]

SETS = {"tuning": 20_261, "validation": 91_837}
"""Seed of each set."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One scenario, and what is known about its answer.

    Attributes:
        name: Unique in its set.
        family: What is alike.
        document: The scenario.
        exact: Effective conductivity per direction, ``det`` for the root of the determinant [S/m];
            empty where it is computed (`calibration_references.py`).
        reference: The scenario that is refined for it, where it is computed.
        chain: Radii of spheres in a row, of the circles in which they meet, and resistance times
            area of these, where it is computed axisymmetrically.
    """

    name: str
    family: str
    document: Document
    exact: dict[str, float] = field(default_factory=dict)
    reference: Document | None = None
    chain: tuple[list[float], list[float], float] | None = None


def problems(which: str) -> list[Problem]:
    """All problems of a set."""
    seed = SETS[which]
    found = []
    for index, (family, make) in enumerate(_FAMILIES.items()):
        for number, each in enumerate(make(np.random.default_rng([seed, index]), which)):
            found.append(_named(f"{family}_{number:02}", family, each))
    return found


def _named(name: str, family: str, given: dict[str, Any]) -> Problem:
    document = dict(given.pop("document"), name=name)
    return Problem(name=name, family=family, document=document, **given)


def _scenario(materials: Document, microstructure: Document, **more: Any) -> Document:
    """A scenario of ions; conductivities in S/m, a list for crystal axes, None for insulators."""

    def material(value: float | list[float] | None) -> Any:
        if not value:
            return "insulator"
        text = [f"{v!r} S/m" for v in value] if isinstance(value, list) else f"{value!r} S/m"
        return {"ion": {"conductivity": text}}

    return {
        "materials": {name: material(value) for name, value in materials.items()},
        "microstructure": microstructure,
        "transport": {"carriers": ["ion"], "boundary": "periodic"},
    } | more


def _um(*values: float) -> list[str]:
    return [f"{float(v)!r} um" for v in values]


def _size(edge: float) -> Document:
    """Cells of one size, in micrometres."""
    return {"mesh": {"size": f"{edge!r} um", "surface_size": f"{edge!r} um"}}


def _uniform(edge: float) -> Document:
    """Cells of one size that tiles do not refine either."""
    return {"mesh": dict.fromkeys(("size", "surface_size", "smallest_size"), f"{edge!r} um")}


def _tiles(
    divisions: tuple[int, ...], names: list[str], sigma: Document, edge: float, **more: Any
) -> Document:
    """Tiles of 1 um."""
    board = {"box": _um(*divisions), "divisions": list(divisions), "materials": names}
    return _scenario(sigma, {"checkerboard": board}, **(_uniform(edge) | more))


def _checkerboards(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Two conductors by turns: sqrt(s1 s2)."""
    decades = [0.3, 0.6, 1, 1.5, 2, 2.5, 3, 4, 5, 6]
    for decade in decades * 2:
        contrast = 10.0 ** (decade * rng.choice([-1, 1]) * rng.uniform(0.9, 1.0))
        cells = int(rng.choice([3, 4, 6, 8, 12, 16, 24, 32]))
        sigma = {"A": 1.0, "B": float(contrast)}
        yield {
            "document": _tiles((2, 2), ["A", "B"], sigma, 1 / cells),
            "exact": dict.fromkeys("xy", math.sqrt(contrast)),
        }


def _graded_checkerboards(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """As above, refined at the corners as by default."""
    for decade in [0.5, 1, 2, 3, 4, 5]:
        contrast = 10 ** (decade * rng.uniform(0.9, 1.1))
        cells, finest = int(rng.choice([4, 8, 16])), 10 ** rng.uniform(-4, -1.5)
        document = _tiles((2, 2), ["A", "B"], {"A": 1.0, "B": float(contrast)}, 1 / cells)
        document["mesh"]["smallest_size"] = f"{finest / cells!r} um"
        yield {"document": document, "exact": dict.fromkeys("xy", math.sqrt(contrast))}


def _four_phases(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Four conductors: Mortola and Steffe; Craster and Obnosov."""
    for decade in [0.5, 1, 1, 2, 2, 3, 4, 6]:
        s1, s2, s3, s4 = s = [float(x) for x in 10 ** (decade * rng.uniform(-0.5, 0.5, 4))]
        product = sum(math.prod(s) / x for x in s) / sum(s)
        ratio = (s1 + s4) * (s2 + s3) / ((s1 + s2) * (s3 + s4))
        cells = int(rng.choice([4, 8, 16, 32]))
        sigma = dict(zip("ABCD", s, strict=True))
        yield {
            "document": _tiles((2, 2), list("DCAB"), sigma, 1 / cells),
            "exact": {"x": math.sqrt(product * ratio), "y": math.sqrt(product / ratio)},
        }


def _exchange(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Random tiles, with the other conductor half a box further: det sigma = s1 s2."""
    for decade in [1, 1, 2, 2, 3, 3, 4, 4, 5, 6]:
        contrast, n = float(10 ** (decade * rng.uniform(0.8, 1.0))), int(rng.choice([2, 3]))
        left = rng.integers(0, 2, (2 * n, n))
        pattern = np.concatenate([left, 1 - left], axis=1)
        cells = int(rng.choice([3, 4, 6, 8]))
        names = ["AB"[i] for i in pattern.reshape(-1)]
        yield {
            "document": _tiles((2 * n, 2 * n), names, {"A": 1.0, "B": contrast}, 1 / cells),
            "exact": {"det": math.sqrt(contrast)},
        }


def _polycrystals2d(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Random grains of one crystal: det sigma = s1 s2."""
    for decade in [0.3, 0.6, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6] * 2:
        anisotropy, grains = float(10 ** (decade * rng.uniform(0.9, 1))), int(rng.integers(5, 16))
        crystal = {"box": _um(10, 7), "material": "G", "grains": grains}
        crystal["seed"] = int(rng.integers(1, 10**6))
        size = float(rng.choice([0.2, 0.3, 0.5, 0.8]))
        yield {
            "document": _scenario(
                {"G": [anisotropy, 1.0, 1.0]}, {"polycrystal": crystal}, **_size(size)
            ),
            "exact": {"det": math.sqrt(anisotropy)},
        }


def _lattices(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Arrays of spheres and discs, laws included, from the public references."""
    kinds = ("sphere_array", "disc_array", "sphere_array_interface", "disc_array_interface")
    entries = [entry for entry in ENTRIES.values() if entry["kind"] in kinds]
    for entry in entries:
        flat = entry["kind"].startswith("disc")
        d = 2 if flat else 3
        edge = float(rng.choice([0.02, 0.03, 0.05, 0.08] if flat else [0.06, 0.08, 0.1, 0.12]))
        yield {
            "document": array_scenario(entry, **_size(edge)),
            "exact": dict.fromkeys("xyz"[:d], entry["expected"]["scalar"]),
        }


def _configurations(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Spheres and discs at random places, from the public references."""
    for entry in ENTRIES.values():
        if entry["kind"] not in ("sphere_configuration", "disc_configuration"):
            continue
        given = entry["inputs"]
        box = [float(row[i]) for i, row in enumerate(given["cell"])]
        centers = [tuple(float(x) for x in c) for c in given["centres"]]
        sigma = given["sigma_spheres" if len(box) == 3 else "sigma_discs"][0]
        edge = float(rng.choice([0.03, 0.05] if len(box) == 2 else [0.06, 0.09]))
        exact = np.diag(entry["expected"]["tensor"])
        yield {
            "document": scenario_of(box, centers, given["radii"], sigma, **_size(edge)),
            "exact": dict(zip("xyz", map(float, exact), strict=False)),
        }


def _laminates(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Layers, some with resistances: P1 is exact."""
    for decade in [1, 3, 6, 2, 4]:
        s = [1.0, float(10**decade)]
        part = float(rng.uniform(0.2, 0.8))
        resistance = float(10 ** rng.uniform(-2, 1)) if decade < 3 else 0.0
        spec = {"box": _um(1, 1, 1), "axis": "x", "materials": ["A", "B"]}
        spec["thicknesses"] = _um(part, 1 - part)
        law = {"between": ["A", "B"], "area_resistance": f"{resistance * 1e-6!r} Ohm m^2"}
        series = part / s[0] + (1 - part) / s[1] + 2 * resistance
        parallel = part * s[0] + (1 - part) * s[1]
        yield {
            "document": _scenario(
                dict(zip("AB", s, strict=True)),
                {"layers": spec},
                **(_size(0.25) | ({"interfaces": [law]} if resistance else {})),
            ),
            "exact": {"x": 1 / series, "y": parallel, "z": parallel},
        }


def _columns(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Checkerboards of columns in three dimensions: sqrt(s1 s2) and the mean."""
    for decade in [0.5, 1, 2, 3, 4, 6]:
        contrast, cells = float(10 ** (decade * rng.uniform(0.9, 1))), int(rng.choice([3, 4, 6]))
        document = _tiles((2, 2, 1), list("ABBA"), {"A": 1.0, "B": contrast}, 1 / cells)
        exact = dict.fromkeys("xy", math.sqrt(contrast)) | {"z": 0.5 * (1 + contrast)}
        yield {"document": document, "exact": exact}


def _refined(document: Document, tolerance: float, seconds: float) -> Document:
    """The same, refined until the bracket is narrow; meshed finely from the beginning."""
    accuracy = {"tolerance": tolerance, "memory": "2.5 GB", "time": f"{seconds!r} s"}
    return document | {"accuracy": accuracy, "name": "reference"}


def _voxels(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Random cubes in three dimensions."""
    for decade in [0.5, 1, 2, 3] if which == "tuning" else [0.7, 1.5]:
        contrast, n = float(10.0 ** (decade * rng.choice([-1, 1]))), 3
        pattern = rng.random(n**3) < 0.4
        names = ["AB"[int(i)] for i in pattern]
        edge = 1 / int(rng.choice([2, 3]))
        document = _tiles((n,) * 3, names, {"A": 1.0, "B": contrast}, edge)
        document["transport"]["directions"] = ["x"]
        fine = _refined(document | _uniform(edge / 2), 0.04, 60.0)
        yield {"document": document, "reference": fine}


def _polycrystals3d(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """A few random grains."""
    decades = [0.5, 1, 1.5, 2, 2.5, 3] if which == "tuning" else [0.8, 1.7, 2.3]
    for decade in decades:
        anisotropy = float(10 ** (decade * rng.uniform(0.9, 1)))
        crystal = {"box": _um(4, 3, 3), "material": "G", "grains": int(rng.integers(3, 6))}
        crystal["seed"] = int(rng.integers(1, 10**6))
        axes = [anisotropy, float(rng.choice([1.0, anisotropy])), 1.0]
        size = float(rng.choice([0.3, 0.4, 0.5]))
        document = _scenario({"G": axes}, {"polycrystal": crystal}, **_size(size))
        document["transport"]["directions"] = ["x"]
        yield {
            "document": document,
            "reference": _refined(document | _size(size / 1.6), 0.04, 90.0),
        }


def _resistive_grains(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Grains in two dimensions with resistances, or sheets, between them."""
    for number, decade in enumerate([-2, -1, 0, 1, 2, -1, 0, 1]):
        anisotropy = float(10 ** rng.uniform(0, 2))
        crystal = {"box": _um(10, 8), "material": "G", "grains": int(rng.integers(6, 15))}
        crystal["seed"] = int(rng.integers(1, 10**6))
        law: Document = {"between": ["G", "G"]}
        if number < 5:
            law["area_resistance"] = f"{10.0**decade * 1e-6!r} Ohm m^2"
        else:
            law["sheet_conductance"] = f"{10.0**decade * 1e-6!r} S"
        size = float(rng.choice([0.3, 0.5, 0.8]))
        more = _size(size) | {"interfaces": [law]}
        document = _scenario({"G": [anisotropy, 1.0, 1.0]}, {"polycrystal": crystal}, **more)
        yield {"document": document, "reference": _refined(document | _size(size / 2), 0.005, 60.0)}


def _drawn(rng: Generator, d: int, count: int, gap: float, reach: float = 0.07) -> Document:
    """Balls in a unit box whose nearest neighbours overlap or leave a gap.

    Distances between surfaces, over the smaller radius, are at least ``gap`` in amount.
    """
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * d, indexing="ij"), axis=-1).reshape(-1, d)
    while True:
        centers = rng.random((count, d))
        away = centers[:, None, None] - centers[None, :, None] + shifts
        distance = np.linalg.norm(away, axis=3)
        own = np.arange(count)
        distance[own, own, np.flatnonzero(~shifts.any(axis=1))[0]] = np.inf
        nearest = distance.min(axis=(1, 2))
        if nearest.min() < 0.5 * count ** (-1 / d):
            continue
        radii = np.minimum(0.5 * nearest * (1 + rng.uniform(-reach, reach, count)), 0.47)
        between = distance - (radii[:, None] + radii)[:, :, None]
        smaller = np.minimum(radii[:, None], radii)[:, :, None]
        relative = between / smaller
        # A pair that overlaps must leave each ball a part of its own.
        if np.abs(relative).min() > gap and relative.min() > -0.35:
            return {"centers": centers.tolist(), "radii": radii.tolist()}


def _discs(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Discs that overlap and leave gaps, any contrast, periodic and between electrodes."""
    for number, decade in enumerate([-6, -4, -3, -2, -1, 1, 2, 3, 4, 6] * 2):
        drawn = _drawn(rng, 2, int(rng.integers(2, 9)), 0.02)
        sigma = float(10.0 ** (decade * rng.uniform(0.9, 1.0)))
        part = float(rng.choice([3, 4, 6, 8]))
        edge = float(np.median(drawn["radii"])) / part
        document = scenario_of([1.0, 1.0], drawn["centers"], drawn["radii"], sigma, **_size(edge))
        if number >= 10:
            document["microstructure"]["spheres"]["periodic"] = False
            document["transport"] = {"carriers": ["ion"], "boundary": "electrodes"}
        fine = document | _size(edge / 2)
        yield {"document": document, "reference": _refined(fine, 0.004, 60.0)}


def _packings(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Spheres with necks and thin gaps in a box, any contrast."""
    decades = [-6, -4, -3, -2, -1, -0.5, 0.5, 1, 1, 1.5, 1.5, 2, 2, 2.5, 2.5, 3, 3, 4, 5, 6]
    if which == "validation":
        decades = [-4, -2, -1, 0.7, 1, 1.3, 2, 2, 3, 4]
    for decade in decades:
        drawn = _drawn(rng, 3, int(rng.integers(2, 7)), 0.03)
        sigma = float(10.0 ** (decade * rng.uniform(0.9, 1.0)))
        edge = float(np.median(drawn["radii"])) / float(rng.choice([2, 3, 4, 5]))
        document = scenario_of([1.0] * 3, drawn["centers"], drawn["radii"], sigma, **_size(edge))
        document["transport"] = {"carriers": ["ion"], "directions": ["x"]}
        fine = document | _size(edge / 1.5)
        yield {"document": document, "reference": _refined(fine, 0.03, 90.0)}


def _chains(rng: Generator, which: str) -> Iterator[dict[str, Any]]:
    """Spheres in a row that meet in circles, in an insulator; resistive contacts in some."""
    for number in range(24 if which == "tuning" else 12):
        count = int(rng.integers(2, 6))
        radii = rng.uniform(0.8, 1.2, count)
        share = rng.uniform(0.1, 0.5) if number % 3 else 0.3
        necks = rng.uniform(0.85, 1.15, count) * share
        necks = np.minimum(necks, 0.6)
        resistance = float(10 ** rng.uniform(-1.5, 0.5)) if number % 4 == 3 else 0.0
        ahead = np.sqrt(radii**2 - necks**2)
        behind = np.sqrt(radii**2 - np.roll(necks, 1) ** 2)
        places = np.cumsum(behind + np.roll(ahead, 1)) - ahead[-1]
        length, width = float((ahead + behind).sum()), 2.6
        centers = [[0.5 * width, 0.5 * width, float(z % length)] for z in places]
        edge = float(rng.choice([0.2, 0.25, 0.35, 0.5]))
        more: Document = _size(edge)
        if resistance:
            law = {"between": ["s", "s"], "area_resistance": f"{resistance * 1e-6!r} Ohm m^2"}
            more["interfaces"] = [law]
        document = scenario_of([width, width, length], centers, radii.tolist(), 1.0, **more)
        document["materials"]["m"] = "insulator"
        document["transport"] = {"carriers": ["ion"], "directions": ["z"]}
        yield {"document": document, "chain": (radii.tolist(), necks.tolist(), resistance)}


_FAMILIES: dict[str, Callable[[Generator, str], Iterator[dict[str, Any]]]] = {
    "checkerboard": _checkerboards,
    "graded_checkerboard": _graded_checkerboards,
    "four_phases": _four_phases,
    "exchange": _exchange,
    "polycrystal_2d": _polycrystals2d,
    "lattice": _lattices,
    "configuration": _configurations,
    "laminate": _laminates,
    "columns": _columns,
    "voxels": _voxels,
    "polycrystal_3d": _polycrystals3d,
    "resistive_grains": _resistive_grains,
    "discs": _discs,
    "packing": _packings,
    "chain": _chains,
}


if __name__ == "__main__":
    for which in SETS:
        every = problems(which)
        counts = {f: sum(p.family == f for p in every) for f in _FAMILIES}
        print(which, len(every), json.dumps(counts))
