"""PETSc options of the linear solves: conjugate gradients with algebraic multigrid.

The norm of the stopping test is the natural one, sqrt(r . B r) with residual r and preconditioner
B, which estimates the error of w in the energy norm. The error of sigma_eff is its square.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import cellion.parallel  # noqa: F401

from petsc4py import PETSc

__all__ = ["ENERGY_TOLERANCE", "PREFIX", "options_set", "solver_options"]

PREFIX = "cellion_transport_"
"""Prefix of the options, for overriding them from the environment variable PETSC_OPTIONS."""

ENERGY_TOLERANCE = 1e-10
"""Error of w in the energy norm, relative to the dissipation of the uniform field."""

_COMMON = {"ksp_type": "cg", "ksp_norm_type": "natural", "ksp_max_it": "1000"}

_GAMG = {
    "pc_type": "gamg",
    # Couplings across interfaces of high contrast must not be aggregated; 0 fails at 1e6.
    "pc_gamg_threshold": "0.01",
    # A smaller second level costs one or two iterations and saves a third of the set-up.
    "pc_gamg_aggressive_coarsening": "2",
    # Symmetric Gauss-Seidel needs no estimate of eigenvalues, which high contrast makes unreliable.
    "mg_levels_ksp_type": "richardson",
    "mg_levels_ksp_max_it": "1",
    "mg_levels_pc_type": "sor",
    # The coarse matrix of a periodic problem is singular.
    "mg_coarse_pc_type": "redundant",
    "mg_coarse_redundant_pc_type": "svd",
}

_ANISOTROPIC = {
    # Two steps of Chebyshev with Gauss-Seidel: at anisotropy 1e4 half the iterations.
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_ksp_max_it": "2",
}

_BOOMERAMG = {
    "pc_type": "hypre",
    "pc_hypre_type": "boomeramg",
    "pc_hypre_boomeramg_strong_threshold": "0.5",
    "pc_hypre_boomeramg_coarsen_type": "HMIS",
    "pc_hypre_boomeramg_interp_type": "ext+i",
    "pc_hypre_boomeramg_p_max": "4",
    "pc_hypre_boomeramg_relax_type_coarse": "symmetric-SOR/Jacobi",
}


def solver_options(*, reuse: bool, anisotropic: bool = False) -> dict[str, str]:
    """Choose options for what this PETSc has: BoomerAMG when built with hypre, else GAMG.

    Args:
        reuse: Whether the interpolation is set up once and kept for further matrices.
        anisotropic: Whether a conductor is so anisotropic that Gauss-Seidel smooths poorly.
    """
    if PETSc.Sys.hasExternalPackage("hypre"):
        return _COMMON | _BOOMERAMG
    smoother = _ANISOTROPIC if anisotropic else {}
    return _COMMON | _GAMG | smoother | {"pc_gamg_reuse_interpolation": str(reuse).lower()}


@contextmanager
def options_set(options: Mapping[str, str]) -> Iterator[None]:
    """Put options under `PREFIX` into the PETSc database for the block; the user's own win.

    Args:
        options: Options without prefix.
    """
    database = PETSc.Options(PREFIX)
    own = [name for name in options if not database.hasName(name)]
    for name in own:
        database.setValue(name, options[name])
    try:
        yield
    finally:
        for name in own:
            database.delValue(name)
