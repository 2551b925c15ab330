"""The terms of the equations, as free functions of UFL arguments.

The potential of a unit mean field along e is phi = -(e . x + w) with the corrector w, so that the
current density is j = S (e + grad w). Conservation, div j = 0, reads in weak form

    a(w, v) = b_e(v),   a(w, v) = int S grad(w) . grad(v),   b_e(v) = -int S e . grad(v).
"""

from __future__ import annotations

import ufl

__all__ = ["bulk_conduction", "field_load"]


def bulk_conduction(
    S: ufl.core.expr.Expr, u: ufl.Argument, v: ufl.Argument, dx: ufl.Measure
) -> ufl.Form:
    """Conduction in the bulk: int S grad(u) . grad(v) dx.

    Args:
        S: Conductivity tensor.
        u: Trial function.
        v: Test function.
        dx: Measure of the conducting cells.
    """
    return ufl.inner(S * ufl.grad(u), ufl.grad(v)) * dx


def field_load(
    S: ufl.core.expr.Expr, e: ufl.core.expr.Expr, v: ufl.Argument, dx: ufl.Measure
) -> ufl.Form:
    """Load of a uniform field: -int S e . grad(v) dx.

    Args:
        S: Conductivity tensor.
        e: Mean field, a vector.
        v: Test function.
        dx: Measure of the conducting cells.
    """
    return -ufl.inner(S * e, ufl.grad(v)) * dx
