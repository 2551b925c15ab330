"""Inclusions that a field does not see, images of arrays, random arrays, polycrystals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.faceting import faceting_errors
from cellion.mesh.data import MeshData
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.contacts import SizeLimits
from cellion.microstructure.geometry import Geometry, Microstructure
from cellion.microstructure.spheres import SphereGeometry
from helpers.bracketing import solved_and_bounded
from helpers.interface_boxes import between, laws
from helpers.mesh_boxes import isotropic
from reference_cases.curved import LATTICES, MULTIPOLE_DIGITS, answer
from reference_cases.rows import EXACT_DIGITS, Entry, Row, bracket_rows

Array = NDArray[np.float64]
Labels = NDArray[np.int32]

BALL_DIGITS = 0.01
"""Allowed relative difference where a radial tensor is constant in each cell of a ball."""


def spheres(centers: Array, radius: float, box: Array) -> SphereGeometry:
    """Equal spheres or discs, label 1 and on, in a periodic matrix, label 0."""
    return SphereGeometry(
        box=box,
        periodic=np.ones(len(box), dtype=bool),
        centers=centers,
        radii=np.full(len(centers), radius),
        label_material=np.array([0] + [1] * len(centers), dtype=np.int32),
    )


def meshed(geometry: Geometry, size: float) -> MeshData:
    """Mesh of a geometry with cells of one size; materials M, A, B, ..."""
    structure = Microstructure(
        materials=("M", "A", "B")[: int(geometry.label_material.max()) + 1],
        geometry=geometry,
    )
    return generate_mesh(structure, MeshSizes(size=size, surface=size, smallest=size / 4))


def bounded_rows(
    entry: Entry,
    mesh: tuple[MeshData, Geometry],
    sigma: Array,
    exact: Array,
    digits: float,
    **pairs: Any,
) -> list[Row]:
    """Rows of a mesh, with the geometry error of the surfaces it stands for."""
    data, geometry = mesh
    contacts = laws(data, **pairs) if pairs else None
    solution, conserved, bracket = solved_and_bounded(data, sigma, interfaces=contacts)
    errors = faceting_errors(solution, conserved, geometry)
    return bracket_rows(
        entry,
        exact,
        (bracket.lower, bracket.upper),
        unknowns=bracket.unknowns + solution.report.unknowns,
        digits=digits,
        geometry_error=list(errors.values()),
    )


def neutral(entry: Entry) -> list[Row]:
    inputs, value = entry["inputs"], entry["expected"]["scalar"]
    if "ratio" in inputs:
        return coated(entry)
    if "sigma_r" in inputs:
        return radial(entry)
    radius, sigma = inputs["radius"], isotropic([inputs["sigma_m"], inputs["sigma_i"]], 3)
    if "R" in inputs:
        box = radius * np.array([5.2, 5.0, 4.0])
        centers = radius * np.array([[1.5, 1.4, 0.2], [3.9, 2.2, 1.6], [1.2, 3.8, 2.4]])
        geometry = spheres(centers, radius, box)
        mesh = meshed(geometry, radius / 4), geometry
        pairs = {"resistance": between(inputs["R"])}
    else:
        centers = radius * np.array([[1.3, 0.9], [3.9, 2.2], [1.4, 3.2]])
        geometry = spheres(centers, radius, radius * np.array([5.2, 4.4]))
        mesh, sigma = (meshed(geometry, radius / 20), geometry), sigma[:, :2, :2]
        pairs = {"sheet": between(inputs["S"])}
    exact = value * np.eye(len(geometry.box))
    return bounded_rows(entry, mesh, sigma, exact, EXACT_DIGITS, **pairs)


@dataclass(frozen=True, kw_only=True, eq=False)
class CoatedSphere:
    """A core (label 2) in a coat (label 1) in a matrix (label 0), around the middle of a box.

    With the squared distance s from the middle and the radii a < b the fields are 0 outside,
    s - b^2 in the coat and 2 s - a^2 - b^2 in the core.
    """

    box: Array
    periodic: NDArray[np.bool_]
    label_material: Labels
    radii: tuple[float, float]

    def _coefficients(self, labels: Labels) -> tuple[Array, Array]:
        a, b = self.radii
        slope, offset = np.array([0.0, 1.0, 2.0]), np.array([0.0, b**2, a**2 + b**2])
        return slope[labels], offset[labels]

    def _away(self, x: Array) -> Array:
        away = x - 0.5 * self.box
        return np.asarray(away - self.box * np.rint(away / self.box))

    def field(self, x: Array, labels: Labels) -> Array:
        slope, offset = self._coefficients(labels)
        square = (self._away(x) ** 2).sum(axis=1)
        return slope * square.reshape(-1, *([1] * (labels.ndim - 1))) - offset

    def gradient(self, x: Array, labels: Labels) -> Array:
        slope, _ = self._coefficients(labels)
        away = self._away(x).reshape(len(x), *([1] * (labels.ndim - 1)), -1)
        return np.asarray(2.0 * slope[..., None] * away)

    def label(self, x: Array) -> Labels:
        every = np.broadcast_to(np.arange(3, dtype=np.int32), (len(x), 3))
        return np.argmin(self.field(x, every), axis=1).astype(np.int32)

    def size(self, x: Array, sizes: SizeLimits) -> Array:
        return np.full(len(x), sizes.surface)


def coated(entry: Entry) -> list[Row]:
    inputs, value = entry["inputs"], entry["expected"]["scalar"]
    outer = 0.4
    geometry = CoatedSphere(
        box=np.ones(3),
        periodic=np.ones(3, dtype=bool),
        label_material=np.arange(3, dtype=np.int32),
        radii=(inputs["ratio"] * outer, outer),
    )
    mesh = meshed(geometry, 1 / 20), geometry
    sigma = isotropic([inputs["matrix"], inputs["sigma_coat"], inputs["sigma_core"]], 3)
    return bounded_rows(entry, mesh, sigma, value * np.eye(3), EXACT_DIGITS)


def radial(entry: Entry) -> list[Row]:
    """A ball whose crystal axis points away from its middle, constant in each cell."""
    inputs, value = entry["inputs"], entry["expected"]["scalar"]
    d = 3 if "3d" in entry["id"] else 2
    geometry = spheres(np.full((1, d), 0.5), 0.35, np.ones(d))
    data = meshed(geometry, 1 / 14 if d == 3 else 1 / 48)
    ball = np.flatnonzero(data.labels == 1)
    labels = data.labels.copy()
    labels[ball] = 1 + np.arange(len(ball))
    away = data.points[data.cells[ball]].mean(axis=1) - 0.5
    data = replace(
        data,
        labels=labels,
        label_material=np.array([0] + [1] * len(ball), dtype=np.int32),
        orientations=np.concatenate([np.eye(d)[None], turned_towards(away)]),
    )
    crystal = np.diag([inputs["sigma_r"]] + [inputs["sigma_t"]] * (d - 1))
    sigma = np.stack([inputs["matrix"] * np.eye(d), crystal])
    solution, _, bracket = solved_and_bounded(data, sigma)
    return bracket_rows(
        entry,
        value * np.eye(d),
        (bracket.lower, bracket.upper),
        unknowns=bracket.unknowns + solution.report.unknowns,
        digits=BALL_DIGITS,
    )


def turned_towards(vectors: Array) -> Array:
    """Rotations that take the first axis to the directions of vectors, shape (n, d, d)."""
    d = vectors.shape[1]
    basis = np.broadcast_to(np.eye(d), (len(vectors), d, d)).copy()
    basis[:, :, 0] = vectors
    # The axis that the vector is least along is replaced last, so that none vanishes.
    order = np.argsort(-np.abs(vectors), axis=1)
    basis[:, :, 1:] = np.eye(d)[order[:, 1:]].transpose(0, 2, 1)
    Q, R = np.linalg.qr(basis)
    Q *= np.sign(np.einsum("nii->ni", R))[:, None]
    Q[:, :, -1] *= np.linalg.det(Q)[:, None]
    return np.asarray(Q)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretched:
    """The image of a geometry under a stretch along the axes."""

    inner: SphereGeometry
    factors: Array

    @property
    def box(self) -> Array:
        return self.inner.box * self.factors

    @property
    def periodic(self) -> NDArray[np.bool_]:
        return self.inner.periodic

    @property
    def label_material(self) -> Labels:
        return self.inner.label_material

    def label(self, x: Array) -> Labels:
        return self.inner.label(x / self.factors)

    def field(self, x: Array, labels: Labels) -> Array:
        return self.inner.field(x / self.factors, labels)

    def gradient(self, x: Array, labels: Labels) -> Array:
        return self.inner.gradient(x / self.factors, labels) / self.factors

    def size(self, x: Array, sizes: SizeLimits) -> Array:
        return self.inner.size(x / self.factors, sizes)


def image_of_an_array(entry: Entry) -> list[Row]:
    """Ellipsoids with anisotropic phases: the stretched mesh of a sphere array."""
    inputs = entry["inputs"]
    inner = spheres(np.array(LATTICES["sc"]), inputs["sphere_radius_before_map"], np.ones(3))
    geometry = Stretched(inner=inner, factors=np.diag(np.array(inputs["F"])))
    data = meshed(inner, 1 / 16)
    data = replace(data, points=data.points * geometry.factors, box=geometry.box)
    sigma = np.stack([np.array(inputs[f"{name}_tensor"]) for name in ("matrix", "inclusion")])
    exact = np.array(entry["expected"]["tensor"])
    return bounded_rows(entry, (data, geometry), sigma, exact, MULTIPOLE_DIGITS)


SEEDS = (11, 23, 37, 59)
PARTICLES = 40


def hard_spheres(fraction: float, seed: int, alpha: float = 1.0) -> dict[str, Any]:
    """Scenario of equal spheres at random that do not overlap, in a matrix of 1 S/m."""
    radius = (fraction * 1e3 * 3 / (4 * np.pi * PARTICLES)) ** (1 / 3)
    inside = {"ion": {"conductivity": f"{alpha!r} S/m"}} if alpha else "insulator"
    return {
        "name": "hard_spheres",
        "materials": {"matrix": {"ion": {"conductivity": "1 S/m"}}, "sphere": inside},
        "microstructure": {
            "packing": {
                "box": ["10 um"] * 3,
                "periodic": True,
                "seed": seed,
                "matrix": "matrix",
                "particles": [
                    {
                        "material": "sphere",
                        "volume_fraction": fraction,
                        "diameter": f"{2 * radius:.12g} um",
                    }
                ],
            }
        },
        "transport": {"carriers": ["ion"]},
        "mesh": {"surface_size": f"{radius / 2:.6g} um", "size": f"{radius:.6g} um"},
    }


def ensemble_of_hard_spheres(entry: Entry) -> list[Row]:
    """Bounds of the mean over realisations and directions; the tolerance covers their scatter."""
    inputs, exact = entry["inputs"], entry["expected"]["mean"]
    bounds, error, unknowns = [], 0.0, 0
    for seed in SEEDS:
        result = answer(hard_spheres(inputs["volume_fraction"], seed, inputs["alpha"]))
        carrier, accuracy = result.carrier("ion"), result.accuracy
        assert carrier.lower is not None
        assert carrier.upper is not None
        assert accuracy is not None
        bounds.append([np.trace(carrier.lower) / 3, np.trace(carrier.upper) / 3])
        error, unknowns = max(error, accuracy.geometry_error), accuracy.history[-1].unknowns
    low, high = np.mean(bounds, axis=0)
    return [
        Row(
            reference=entry["id"],
            quantity=f"mean over {len(SEEDS)} realisations",
            exact=exact,
            lower=float(low),
            upper=float(high),
            slack=entry["tolerance"]["rtol"] * exact,
            geometry_error=error * exact,
            unknowns=unknowns,
        )
    ]


def grown_polycrystal(entry: Entry) -> list[Row]:
    """A hundred grains at random: the bounds of the mean lie in the interval for all textures."""
    values = [f"{value!r} S/m" for value in entry["inputs"]["principal"]]
    document = {
        "name": "polycrystal",
        "materials": {"G": {"ion": {"conductivity": values}}},
        "microstructure": {
            "polycrystal": {"box": ["10 um"] * 3, "seed": 11, "material": "G", "grains": 100}
        },
        "transport": {"carriers": ["ion"]},
        "mesh": {"size": "0.9 um"},
    }
    result = answer(document)
    carrier, expected = result.carrier("ion"), entry["expected"]
    assert carrier.lower is not None
    assert carrier.upper is not None
    assert result.accuracy is not None
    return [
        Row(
            reference=entry["id"],
            quantity="mean of a polycrystal of 100 grains, in an interval",
            exact=expected["lower_optimal"],
            exact_high=expected["upper_optimal"],
            lower=float(np.trace(carrier.lower)) / 3,
            upper=float(np.trace(carrier.upper)) / 3,
            unknowns=result.accuracy.history[-1].unknowns,
        )
    ]
