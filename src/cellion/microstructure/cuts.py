"""Volumes of overlapping balls and areas of their contacts: balls cut by planes between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.contacts import Contacts, Particles
from cellion.microstructure.diameters import ball_volume
from cellion.microstructure.pairs import close_pairs

__all__ = ["contact_areas", "cut_volumes", "swallowed"]

_DIRECTIONS = 8192
_CHUNK = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planes:
    """Half spaces ``n . (x - c) < d`` that balls are restricted to, ordered by ball."""

    ball: NDArray[np.int64]
    normal: FloatArray
    distance: FloatArray

    def select(self, keep: NDArray[np.bool_]) -> _Planes:
        """Return the planes where ``keep`` is true."""
        return _Planes(ball=self.ball[keep], normal=self.normal[keep], distance=self.distance[keep])


def cut_volumes(geometry: Particles) -> FloatArray:
    """Return the volume (n,) [m^3] of each particle, for discs the area, counting nothing twice.

    The region of a particle is the ball less the caps beyond the radical planes of overlapping
    neighbours and beyond the walls. Caps are subtracted in closed form; balls with intersecting
    caps are integrated over 8192 evenly spread directions (relative error about 1e-4).
    """
    planes = _planes(geometry, geometry.contacts(0.0))
    radii, d = geometry.radii, geometry.box.size
    volume = ball_volume(radii, d)
    caps = _cap_volumes(radii[planes.ball], planes.distance, d)
    volume -= np.bincount(planes.ball, caps, radii.size)
    entangled = np.unique(_entangled(planes, radii))
    chosen = planes.select(np.isin(planes.ball, entangled))
    for start in range(0, entangled.size, _CHUNK):
        part = entangled[start : start + _CHUNK]
        some = chosen.select(np.isin(chosen.ball, part))
        volume[part] = _integrate(some, radii[part], d)
    return np.where(swallowed(geometry) | _outside(geometry), 0.0, volume)


def contact_areas(geometry: Particles, contacts: Contacts) -> FloatArray:
    """Return the area (m,) [m^2] of each contact, for discs the length [m]; 0 across gaps.

    Two particles, or a particle and a wall, meet in a circle of the neck radius (a chord for
    discs), less what third particles and walls cut off it, along the radical planes. Circles that
    are cut are integrated over 8192 directions (relative error about 1e-4).
    """
    d, radii = geometry.box.size, contacts.neck_radius
    area = np.asarray(2.0 * radii if d == 2 else np.pi * radii**2)
    cuts = _cuts_of_contacts(geometry, contacts)
    area[cuts.ball[cuts.distance <= -radii[cuts.ball]]] = 0.0
    cuts = cuts.select(np.abs(cuts.distance) < radii[cuts.ball])
    cuts = cuts.select(area[cuts.ball] > 0.0)
    if d == 2:
        low, high, up = -radii, radii.copy(), cuts.normal[:, 0] > 0
        np.minimum.at(high, cuts.ball[up], cuts.distance[up])
        np.maximum.at(low, cuts.ball[~up], -cuts.distance[~up])
        return np.where(area > 0.0, np.maximum(high - low, 0.0), 0.0)
    cut = np.unique(cuts.ball)
    for start in range(0, cut.size, _CHUNK):
        part = cut[start : start + _CHUNK]
        area[part] = _integrate(cuts.select(np.isin(cuts.ball, part)), radii[part], 2)
    return area


def _cuts_of_contacts(geometry: Particles, contacts: Contacts) -> _Planes:
    """Return the half planes that third particles and walls leave of each contact."""
    box, periodic, count = geometry.box, geometry.periodic, len(contacts)
    neck = np.maximum(contacts.neck_radius, np.finfo(float).tiny)
    x = np.concatenate([contacts.midpoint, geometry.centers])
    pairs = close_pairs(x, np.concatenate([neck, geometry.radii]), box, periodic, 0.0)
    pairs = pairs.select((pairs.first < count) & (pairs.second >= count))
    contact, vector = pairs.first, pairs.vectors(x)
    # where power distances agree, v . y = d; the two that meet have v = 0 and d = 0
    excess = np.sum(vector**2, axis=1) - geometry.radii[pairs.second - count] ** 2
    excess += contacts.neck_radius[contact] ** 2
    parts = [(contact, vector, 0.5 * excess)]
    for axis in np.flatnonzero(~periodic):
        for side in (-1.0, 1.0):
            unit = np.broadcast_to(side * np.eye(box.size)[axis], contacts.midpoint.shape)
            room = side * (np.where(side > 0, box[axis], 0.0) - contacts.midpoint[:, axis])
            parts.append((np.arange(count), unit, room))
    ball, slope, distance = (np.concatenate(part) for part in zip(*parts, strict=True))
    flat = np.einsum("kij,kj->ki", _plane_axes(contacts.normal)[ball], slope)
    length = np.linalg.norm(flat, axis=1)
    level = length <= 1e-9 * np.linalg.norm(slope, axis=1)
    reach = contacts.neck_radius[ball] * np.linalg.norm(slope, axis=1)
    hidden = level & (distance < -1e-6 * reach)
    length = np.where(level, 1.0, length)
    distance = np.where(level, np.where(hidden, -np.inf, np.inf), distance / length)
    order = np.argsort(ball, kind="stable")
    normal = flat / length[:, None]
    return _Planes(ball=ball[order], normal=normal[order], distance=distance[order])


def _plane_axes(normal: FloatArray) -> FloatArray:
    """Return unit vectors (m, d - 1, d) that span the planes across ``normal`` (m, d)."""
    if normal.shape[1] == 2:
        return np.stack([-normal[:, 1], normal[:, 0]], axis=1)[:, None, :]
    helper = np.eye(3)[np.argmin(np.abs(normal), axis=1)]
    first = np.cross(normal, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(normal, first)], axis=1)


def swallowed(geometry: Particles) -> NDArray[np.bool_]:
    """Flag the particles (n,) that lie inside another one and own no point."""
    pairs = close_pairs(geometry.centers, geometry.radii, geometry.box, geometry.periodic, 0.0)
    r1, r2 = geometry.radii[pairs.first], geometry.radii[pairs.second]
    distance = np.sqrt(np.sum(pairs.vectors(geometry.centers) ** 2, axis=1))
    inside = distance <= np.abs(r1 - r2)
    flags = np.zeros(geometry.count, np.bool_)
    flags[np.where(r1 < r2, pairs.first, pairs.second)[inside]] = True
    return flags


def _outside(geometry: Particles) -> NDArray[np.bool_]:
    """Flag the particles (n,) that lie beyond a wall altogether."""
    r = geometry.radii[:, None]
    beyond = (geometry.centers <= -r) | (geometry.centers >= geometry.box + r)
    return np.asarray(np.any(beyond & ~geometry.periodic, axis=1))


def _planes(geometry: Particles, contacts: Contacts) -> _Planes:
    """Collect the radical planes of overlaps and the walls that cut balls."""
    first, second = contacts.labels[:, 0] - 1, contacts.labels[:, 1] - 1
    r1, r2 = geometry.radii[first], geometry.radii[second]
    between = contacts.gap + r1 + r2
    near = (between**2 + r1**2 - r2**2) / (2 * between)
    ball: list[NDArray[np.signedinteger]] = [first, second]
    normal = [contacts.normal, -contacts.normal]
    distance = [near, between - near]
    d = geometry.box.size
    for axis in np.flatnonzero(~geometry.periodic):
        for sign in (-1.0, 1.0):
            x = geometry.centers[:, axis]
            room = x if sign < 0 else geometry.box[axis] - x
            cut = np.flatnonzero(np.abs(room) < geometry.radii)
            ball.append(cut)
            normal.append(np.broadcast_to(sign * np.eye(d)[axis], (cut.size, d)))
            distance.append(room[cut])
    owner = np.concatenate(ball).astype(np.int64)
    order = np.argsort(owner, kind="stable")
    return _Planes(
        ball=owner[order],
        normal=np.concatenate(normal)[order],
        distance=np.concatenate(distance)[order],
    )


def _cap_volumes(radii: FloatArray, distance: FloatArray, d: int) -> FloatArray:
    """Return the volumes of the caps beyond planes at ``distance``."""
    if d == 2:
        angle = np.arccos(np.clip(distance / radii, -1, 1))
        return radii**2 * (angle - 0.5 * np.sin(2 * angle))
    height = radii - distance
    return np.pi * height**2 * (3 * radii - height) / 3


def _entangled(planes: _Planes, radii: FloatArray) -> NDArray[np.int64]:
    """Return the balls of which two caps intersect."""
    count = np.bincount(planes.ball, minlength=radii.size)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    # all ordered pairs of planes of the same ball
    repeats = count[planes.ball]
    a = np.repeat(np.arange(planes.ball.size), repeats)
    within = np.arange(a.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    b = start[planes.ball[a]] + within
    a, b = a[a < b], b[a < b]
    width = np.arccos(np.clip(planes.distance / radii[planes.ball], -1, 1))
    angle = np.arccos(np.clip(np.sum(planes.normal[a] * planes.normal[b], axis=1), -1, 1))
    return planes.ball[a[angle < width[a] + width[b]]]


def _integrate(planes: _Planes, radii: FloatArray, d: int) -> FloatArray:
    """Integrate balls (n,) cut by planes over directions: each ray has one interval inside."""
    rays = _directions(d)
    starts = np.flatnonzero(np.diff(planes.ball, prepend=-1))
    slope = planes.normal @ rays.T
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = planes.distance[:, None] / slope
    ahead = (planes.distance > 0)[:, None]
    upper = np.where(ahead & (slope > 0), crossing, np.inf)
    lower = np.where(ahead, 0.0, np.where(slope < 0, crossing, np.inf))
    high = np.minimum(np.minimum.reduceat(upper, starts), radii[:, None])
    low = np.maximum.reduceat(lower, starts)
    open_rays = low < high
    solid_angle = 2 * np.pi if d == 2 else 4 * np.pi
    shell = np.where(open_rays, high**d - np.where(open_rays, low, 0.0) ** d, 0.0)
    return np.asarray(solid_angle * shell.mean(axis=1) / d)


def _directions(d: int) -> FloatArray:
    """Return evenly spread unit vectors (m, d): on a circle, or on a Fibonacci spiral."""
    k = np.arange(_DIRECTIONS) + 0.5
    if d == 2:
        angle = 2 * np.pi * k / _DIRECTIONS
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    z = 1 - 2 * k / _DIRECTIONS
    angle = np.pi * (1 + np.sqrt(5)) * k
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), z], axis=1)
