"""Random packings of polydisperse particles and pores, with exact volume fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.ball_kinds import WHERE, BallKind, ball_kinds
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.cuts import cut_volumes
from cellion.microstructure.diameters import ball_volume
from cellion.microstructure.geometry import SKETCHED, Microstructure, Progress, RandomBodies
from cellion.microstructure.hard_spheres import equilibrate
from cellion.microstructure.orientations import orient
from cellion.microstructure.polycrystal import tessellate
from cellion.microstructure.relaxation import Domain, largest_overlap, relax
from cellion.microstructure.spheres import LooseSpheres, SphereGeometry
from cellion.scenario.packing import PackingSpec

__all__ = ["FRACTION_TOLERANCE", "TOUCH", "pack_spheres"]

TOUCH = 1e-3
"""Overlap beyond the allowed one that still counts as touching, relative to the sum of radii."""

FRACTION_TOLERANCE = 1e-3
"""Largest difference of reached and requested volume fractions."""

_LOOSE = 0.62
_WIDEST_GAP = 0.02
_HARD_GAP = 0.005
_GLASS = 0.57
_STARTS = 2
_HOPELESS = 0.01
_BISECTIONS = 4
_FEW_STEPS = 1000
_FEW = 100
_LARGEST_OVERLAP = 0.2
_MOVES = 100_000
_SWEEPS = (40, 150)
_PORE_SOFTNESS = (0.0, 0.1, 0.2, 0.35, 0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Packing:
    """Balls in a domain: centres (n, d) [m], radii (n,) [m], softness (n,), kind index (n,)."""

    domain: Domain
    centers: FloatArray
    radii: FloatArray
    softness: FloatArray
    kind: NDArray[np.int64]

    @property
    def cores(self) -> FloatArray:
        """Radii [m] of the parts that must not overlap."""
        return self.radii * (1.0 - self.softness)

    def geometry(self, label_material: NDArray[np.int32], *, loose: bool = False) -> SphereGeometry:
        """Return the labelled geometry; in a loose one overlaps do not count."""
        kind = LooseSpheres if loose else SphereGeometry
        return kind(
            box=self.domain.box,
            periodic=self.domain.periodic,
            centers=self.centers,
            radii=self.radii,
            label_material=label_material,
        )

    def fractions(self, kinds: int) -> FloatArray:
        """Return the volume fraction (kinds,) of each kind, overlaps counted once."""
        geometry = self.geometry(np.zeros(self.radii.size + 1, np.int32))
        volume = np.bincount(self.kind, cut_volumes(geometry), kinds)
        return np.asarray(volume / np.prod(self.domain.box), dtype=float)


def pack_spheres(
    spec: PackingSpec,
    materials: Mapping[str, float | None],
    *,
    say: Progress = lambda step: None,
    sketch: bool = False,
) -> Microstructure:
    """Pack particles and pores at random.

    Random start, soft-sphere relaxation until no hard cores overlap, then Monte Carlo sweeps of
    the cores: dilute packings are equilibrium hard-sphere fluids (slightly kept apart), dense ones
    are disordered jammed-like states. With an allowed overlap the core radii are (1 - overlap) r
    (cherry-pit model) and radii are corrected until the volume fractions, overlaps counted once,
    are the requested ones.

    Args:
        spec: the request.
        materials: densities [kg/m^3], or None, by material name.
        say: takes the names of the steps.
        sketch: leave more particles than `SKETCHED` where they start, over each other, which is
            enough to estimate a mesh.

    Raises:
        MicrostructureError: the packing is too dense, the box too small, or a density missing.
    """
    rng = np.random.Generator(np.random.PCG64(spec.seed))
    kinds, notes = ball_kinds(spec, materials, rng)
    start = _start(spec, kinds, rng)
    count = start.radii.size
    said = f"{count:,} particles and pores"
    say(said)
    if sketch and count > SKETCHED:
        packing = start
        more: tuple[str, ...] = (f"{WHERE}: whether {said} fit is found out by the run",)
    else:
        packing, more = _arranged(spec, kinds, start, rng, say)
    names = tuple(dict.fromkeys([spec.matrix.material, *(k.material for k in kinds)]))
    of_kind = np.array([names.index(k.material) for k in kinds], dtype=np.int32)
    sketched = packing is start
    label_material = np.concatenate([[0], of_kind[packing.kind]]).astype(np.int32)
    geometry = packing.geometry(label_material, loose=sketched)
    requested = dict.fromkeys(names, 0.0)
    requested[spec.matrix.material] = 1.0 - sum(k.fraction for k in kinds)
    for one in kinds:
        requested[one.material] += one.fraction
    numbers: dict[str, float] = {}
    if not sketched:
        numbers = _closeness(packing, np.array([k.pore for k in kinds], np.bool_)[packing.kind])
        more += _closing_notes(spec, numbers)
    pores = None if spec.pores is None else names.index(spec.pores.material)
    structure = Microstructure(
        materials=names,
        geometry=geometry,
        seed=spec.seed,
        requested_volume_fraction=requested,
        particle_count=geometry.count,
        bodies=_bodies(geometry, pores),
        numbers=numbers,
        notes=(*notes, *more),
    )
    return _with_grains(structure, geometry, spec, sketch=sketch)


def _bodies(geometry: SphereGeometry, pores: int | None) -> RandomBodies:
    """Return the particles, as large as the largest median by volume of a material.

    Args:
        geometry: particles and pores.
        pores: index of the material of the pores.
    """
    material = geometry.label_material[1:]
    medians = []
    for kind in np.unique(material[material != pores] if pores is not None else material):
        diameter = np.sort(2 * geometry.radii[material == kind])
        volume = np.cumsum(diameter**geometry.box.size)
        medians.append(float(diameter[np.searchsorted(volume, 0.5 * volume[-1])]))
    return RandomBodies(
        noun="particles",
        count=int(np.count_nonzero(material != pores)),
        diameter=max(medians, default=1.0),
        across=np.ones(geometry.box.size, dtype=np.bool_),
    )


def _with_grains(
    packing: Microstructure, spheres: SphereGeometry, spec: PackingSpec, *, sketch: bool
) -> Microstructure:
    """Divide the matrix of a packing into grains, if the scenario wants it."""
    wanted = spec.matrix.polycrystal
    if wanted is None:
        return packing
    where = f"{WHERE}.matrix.polycrystal"
    domain = Domain(box=packing.box, periodic=packing.periodic)
    grains = tessellate(wanted, domain, spec.seed, where, sketch=sketch)
    count, d = grains.geometry.count, packing.box.size
    turned = orient(wanted.orientations, count, d, spec.seed, f"{where}.orientations")
    aligned = np.tile(np.eye(d), (spheres.count, 1, 1))
    material = spheres.label_material
    return replace(
        packing,
        geometry=CompositeGeometry(
            particles=spheres,
            grains=grains.geometry,
            label_material=np.concatenate([np.full(count, material[0]), material[1:]]),
        ),
        orientations=np.concatenate([turned, aligned]),
        numbers=dict(packing.numbers) | dict(grains.numbers),
        notes=(*packing.notes, *grains.notes),
    )


def _start(spec: PackingSpec, kinds: list[BallKind], rng: np.random.Generator) -> _Packing:
    """Place all balls at random, over each other."""
    box = np.asarray(spec.box, dtype=float)
    domain = Domain(box=box, periodic=np.full(box.size, spec.periodic))
    radii = np.concatenate([k.radii for k in kinds])
    kind = np.repeat(np.arange(len(kinds)), [k.radii.size for k in kinds])
    softness = np.array([k.softness for k in kinds])[kind]
    room = np.where(domain.periodic, 0.0, np.minimum(radii[:, None], 0.5 * box))
    return _Packing(
        domain=domain,
        centers=room + (box - 2 * room) * rng.random((radii.size, box.size)),
        radii=radii,
        softness=softness,
        kind=kind,
    )


def _arranged(
    spec: PackingSpec,
    kinds: list[BallKind],
    start: _Packing,
    rng: np.random.Generator,
    say: Progress,
) -> tuple[_Packing, tuple[str, ...]]:
    """Move all balls apart; pores give way (are cut by particles) where nothing else helps."""
    is_pore = np.array([k.pore for k in kinds], np.bool_)[start.kind]
    packing, left = start, 0.0
    for give in _PORE_SOFTNESS if is_pore.any() else (0.0,):
        say("moving them apart" + (f", voids cut by up to {100 * give:.0f} %" if give else ""))
        begin = replace(start, softness=np.where(is_pore, give, start.softness))
        packing, left = _relaxed(begin, rng, spec.overlap > 0)
        if left <= TOUCH:
            packing, left = _with_exact_fractions(packing, kinds)
        if left <= TOUCH:
            note = f"{WHERE}.pores: voids may be cut by up to {100 * give:.0f} % of their radius"
            return packing, (note,) if give > 0 else ()
    raise _too_dense(spec, kinds, _loosest(packing, left))


def _relaxed(
    packing: _Packing, rng: np.random.Generator, overlapping: bool
) -> tuple[_Packing, float]:
    """Remove overlaps of the cores with as wide a gap as density allows, then equilibrate."""
    cores, domain, n = packing.cores, packing.domain, packing.radii.size
    if n == 0:
        return packing, 0.0
    density = float(np.sum(ball_volume(cores)) / np.prod(domain.box))
    widest = min((_LOOSE / density) ** (1 / 3) - 1, _WIDEST_GAP)
    gaps = [g for g in (widest, 0.5 * widest) if g > 2 * TOUCH]
    left, gap, x = np.inf, 0.0, packing.centers
    for gap in [*gaps, *([0.0] * _STARTS)]:
        x, left = relax(packing.centers, cores * (1 + gap), packing.radii, domain, TOUCH)
        if left <= TOUCH:
            break
        if gap == 0.0 and left > _HOPELESS:
            return replace(packing, centers=x), left
        if gap == 0.0:
            fresh = domain.box * rng.random(x.shape)
            packing = replace(packing, centers=domain.clip(fresh, packing.radii))
    if left > TOUCH:
        return replace(packing, centers=x), left
    hard = 0.0 if overlapping else min(_HARD_GAP, 0.5 * gap)
    sweeps = 40 if density > _GLASS else int(np.clip(_MOVES / n, *_SWEEPS))
    x = equilibrate(x, cores * (1 + hard), packing.radii, domain, rng, sweeps)
    return replace(packing, centers=x), largest_overlap(x, cores, domain)


def _with_exact_fractions(packing: _Packing, kinds: list[BallKind]) -> tuple[_Packing, float]:
    """Scale the radii of each kind until the volumes, overlaps counted once, are as requested.

    Returns:
        The packing and the overlap of cores left, which tells whether it fits.

    Raises:
        MicrostructureError: the fractions do not converge, which takes overlaps of more than two.
    """
    target = np.array([k.fraction for k in kinds])
    for moving in (True, True, True, True, False, False, False):
        found = packing.fractions(len(kinds))
        if np.max(np.abs(found - target), initial=0.0) < 1e-3 * FRACTION_TOLERANCE:
            return packing, 0.0
        scale = np.cbrt(np.where(target > 0, target, 1.0) / np.where(target > 0, found, 1.0))
        radii = packing.radii * scale[packing.kind]
        inside = packing.domain.clip(packing.centers, radii)
        packing = replace(packing, radii=radii, centers=inside)
        if moving and largest_overlap(packing.centers, packing.cores, packing.domain) > TOUCH:
            x, left = relax(packing.centers, packing.cores, packing.radii, packing.domain, TOUCH)
            packing = replace(packing, centers=x)
            if left > TOUCH:
                return packing, left
    found = packing.fractions(len(kinds))
    worst = int(np.argmax(np.abs(found - target)))
    if abs(found[worst] - target[worst]) > FRACTION_TOLERANCE:
        raise MicrostructureError(
            f"{WHERE}: '{kinds[worst].material}' reached a volume fraction of {found[worst]:.4f} "
            f"instead of {target[worst]:.4f} because of overlaps; lower it or `overlap`"
        )
    return packing, 0.0


def _loosest(packing: _Packing, left: float) -> float:
    """Return by how much cores must shrink, relatively, so that they fit (by bisection)."""
    small, large, x = 0.0, left, packing.centers
    for _ in range(_BISECTIONS):
        middle = 0.5 * (small + large)
        cores = packing.cores * (1 - middle)
        y, overlap = relax(x, cores, packing.radii, packing.domain, TOUCH, _FEW_STEPS)
        if overlap <= TOUCH:
            large, x = middle, y
        else:
            small = middle
    return large


def _too_dense(spec: PackingSpec, kinds: list[BallKind], shrink: float) -> MicrostructureError:
    """Describe what was reached and what would help."""
    total = sum(k.fraction for k in kinds)
    reached = total * (1 - shrink) ** 3
    count = sum(k.radii.size for k in kinds)
    # lenses of overlapping particles are to be made up for, hence more than the mere shrinkage
    enough = np.ceil(1000 * (spec.overlap + 1.4 * shrink + 0.003)) / 1000
    advice = [f"lower the fractions to {0.995 * reached:.3f} together"]
    if enough <= _LARGEST_OVERLAP:
        advice.append(f"raise overlap to about {enough:.3f}")
    advice.append("take a broader size distribution")
    if count < _FEW:
        advice.append(f"take a larger box ({count} particles are few)")
    return MicrostructureError(
        f"{WHERE}: particles and pores of {total:.4g} volume fraction do not fit with overlap "
        f"{spec.overlap:.4g}; {reached:.3f} was reached, about 0.63 is possible for equal spheres "
        f"without overlap; {', or '.join(advice)}"
    )


def _closeness(packing: _Packing, pore: NDArray[np.bool_]) -> dict[str, float]:
    """Return largest overlaps (relative to the sum of radii), their number, the smallest gap [m].

    Args:
        packing: the finished packing.
        pore: which balls (n,) are pores.
    """
    reach = float(np.mean(packing.radii)) if packing.radii.size else 0.0
    contacts = packing.geometry(np.zeros(packing.radii.size + 1, np.int32)).contacts(reach)
    pairs = contacts.labels - 1
    with_pore = pore[pairs].any(axis=1)
    depth = -contacts.gap / packing.radii[pairs].sum(axis=1)
    open_gaps = contacts.gap[contacts.gap >= 0]
    return {
        "largest_overlap": float(np.max(depth[~with_pore], initial=0.0)),
        "overlapping_pairs": float(np.count_nonzero(depth[~with_pore] > 0)),
        "largest_pore_overlap": float(np.max(depth[with_pore], initial=0.0)),
        "smallest_gap": float(np.min(open_gaps)) if open_gaps.size else float("inf"),
    }


def _closing_notes(spec: PackingSpec, numbers: Mapping[str, float]) -> tuple[str, ...]:
    """Say how overlaps and walls were treated."""
    notes = []
    if numbers["overlapping_pairs"]:
        notes.append(
            f"{WHERE}: {numbers['overlapping_pairs']:.0f} pairs of particles overlap, by at most "
            f"{100 * numbers['largest_overlap']:.2f} % of the sum of their radii; the plane "
            "through their common circle divides them, radii make up for the lost volume"
        )
    if not spec.periodic:
        notes.append(f"{WHERE}: particles lie inside the walls and may touch them")
    return tuple(notes)
