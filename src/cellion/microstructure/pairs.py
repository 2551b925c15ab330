"""Close pairs of balls in a box, periodic images included."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.arrays import FloatArray, wrap

__all__ = ["Pairs", "close_pairs"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Pairs (first, second + offset), each once; a ball may meet its own image.

    Attributes:
        first: ball indices (m,).
        second: ball indices (m,).
        offset: (m, d) [m]; the pair's vector is ``x[second] + offset - x[first]`` for the very
            coordinates x that were given, inside the box or not.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    offset: FloatArray

    def __len__(self) -> int:
        return int(self.first.size)

    def select(self, keep: NDArray[np.bool_]) -> Pairs:
        """Return the pairs where ``keep`` (m,) is true."""
        return Pairs(first=self.first[keep], second=self.second[keep], offset=self.offset[keep])

    def vectors(self, x: FloatArray) -> FloatArray:
        """Return the vectors (m, d) [m] from the first to the second centre."""
        return np.asarray(x[self.second] + self.offset - x[self.first], dtype=float)


def close_pairs(
    x: FloatArray, radii: FloatArray, box: FloatArray, periodic: NDArray[np.bool_], reach: float
) -> Pairs:
    """Find all pairs of balls whose surfaces are closer than ``reach`` (overlaps included).

    Balls are grouped by size (factor 2), so that a few large ones do not widen the search of the
    many small ones.

    Args:
        x: centres (n, d) [m].
        radii: radii (n,) [m].
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        reach: largest distance between the two surfaces [m].
    """
    d = box.size
    if radii.size == 0:
        none = np.zeros(0, np.int64)
        return Pairs(first=none, second=none, offset=np.zeros((0, d)))
    home = wrap(x, box, periodic)
    classes = np.floor(np.log2(radii / radii.min())).astype(int)
    groups = [np.flatnonzero(classes == c) for c in np.unique(classes)]
    blocks = [
        _block(home, radii, a, b, (box, periodic, reach))
        for k, a in enumerate(groups)
        for b in groups[k:]
    ]
    first, second, image = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    # the offset is for the coordinates as given, which need not lie inside the box
    shift = image + (home[second] - x[second]) - (home[first] - x[first])
    pairs = Pairs(first=first, second=second, offset=shift)
    distance = np.sqrt(np.sum(pairs.vectors(x) ** 2, axis=1))
    return pairs.select(distance - radii[first] - radii[second] < reach)


def _block(
    home: FloatArray,
    radii: FloatArray,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    domain: tuple[FloatArray, NDArray[np.bool_], float],
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Return candidate pairs between two size groups: first, second, image offset."""
    box, periodic, reach = domain
    cut = float(radii[a].max() + radii[b].max() + reach)
    owner, image = _images(home[b], box, periodic, cut)
    found = cKDTree(home[a]).sparse_distance_matrix(
        cKDTree(home[b][owner] + image), cut, output_type="ndarray"
    )
    i, k = found["i"].astype(np.int64), found["j"].astype(np.int64)
    first, second, offset = a[i], b[owner[k]], image[k]
    if a is b:
        # each pair shows up from both ends: keep one, and of own images the positive half
        sign = _lexicographic_sign(offset)
        keep = (first < second) | ((first == second) & (sign > 0))
        first, second, offset = first[keep], second[keep], offset[keep]
    return first, second, offset


def _images(
    home: FloatArray, box: FloatArray, periodic: NDArray[np.bool_], cut: float
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return owner index and offset of all periodic images within ``cut`` of the box."""
    layers = np.where(periodic, np.ceil(cut / box), 0).astype(int)
    cells = np.array(list(product(*(range(-m, m + 1) for m in layers))))
    offsets = cells * box
    moved = home[None, :, :] + offsets[:, None, :]
    which, owner = np.nonzero(np.all((moved > -cut) & (moved < box + cut), axis=2))
    return owner, offsets[which]


def _lexicographic_sign(offset: FloatArray) -> FloatArray:
    """Return the sign of the first non-zero component of each row, 0 for zero rows."""
    sign = np.zeros(len(offset))
    for axis in range(offset.shape[1]):
        sign = np.where(sign == 0, np.sign(offset[:, axis]), sign)
    return sign
