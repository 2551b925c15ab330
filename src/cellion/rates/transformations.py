"""The same crystal described differently: repeated cells and turned axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from cellion.errors import RatesError
from cellion.rates.jump_network import JumpNetwork

__all__ = ["rotated", "supercell"]


def supercell(network: JumpNetwork, repeats: tuple[int, int, int]) -> JumpNetwork:
    """Return the same crystal described by a cell repeated along each lattice vector."""
    counts = np.asarray(repeats, dtype=np.int64)
    if np.any(counts < 1):
        raise RatesError(f"supercell: repeats {repeats} found; each must be 1 or more")
    cells = np.stack(np.meshgrid(*(np.arange(c) for c in counts), indexing="ij"), -1).reshape(-1, 3)
    n, total = network.n_sites, len(cells)
    target = cells[:, None, :] + network.translations[None, :, :]
    wrapped, carry = target % counts, target // counts
    number = (wrapped[..., 0] * counts[1] + wrapped[..., 1]) * counts[2] + wrapped[..., 2]
    return replace(
        network,
        lattice=network.lattice * counts[:, None],
        positions=((cells[:, None, :] + network.positions) / counts).reshape(-1, 3),
        site_energies=np.tile(network.site_energies, total),
        multiplicities=np.tile(network.multiplicities, total),
        site_entropies=None
        if network.site_entropies is None
        else np.tile(network.site_entropies, total),
        starts=(np.arange(total)[:, None] * n + network.starts).ravel(),
        ends=(number * n + network.ends).ravel(),
        translations=carry.reshape(-1, 3),
        saddle_energies=np.tile(network.saddle_energies, total),
        prefactors=np.tile(network.prefactors, total),
        site_names=tuple(
            f"{name}@{a}{b}{c}" for a, b, c in cells.tolist() for name in network.site_names
        ),
    )


def rotated(network: JumpNetwork, rotation: ArrayLike) -> JumpNetwork:
    """Return the same crystal turned by a rotation matrix, shape (3, 3)."""
    return replace(network, lattice=network.lattice @ np.asarray(rotation, dtype=float).T)
