"""A transport problem refuses what cannot be solved."""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.errors import CellionError, MaterialError, MeshError, ScenarioError
from cellion.mesh.distribute import distribute
from cellion.transport.primal.drive import Periodic, Terminals
from cellion.transport.primal.problem import TransportProblem
from helpers.mesh_boxes import isotropic, labelled_box, layers


def problem(**changes: Any) -> TransportProblem:
    periodic = changes.pop("mesh_periodic", True)
    data = labelled_box((2, 2), layers([0.5, 0.5]), ["A", "B"], periodic=periodic)
    usual: dict[str, Any] = {
        "mesh": distribute(data, MPI.COMM_SELF),
        "conductivity": isotropic([1.0, 0.0], 2),
        "drive": Periodic(),
        "directions": ("y", "x"),
    }
    return TransportProblem(**(usual | changes))


def test_a_good_problem() -> None:
    good = problem()
    assert good.conducts.tolist() == [True, False]
    assert good.axes == (1, 0)


SKEW = isotropic([1.0, 1.0], 2)
SKEW[1, 0, 1] = 0.1
FLAT = isotropic([1.0, 1.0], 2)
FLAT[1] = np.diag([1.0, 0.0])


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"conductivity": np.ones(2)}, MaterialError, r"shape \(2,\); expected \(2, 2, 2\)"),
        ({"conductivity": SKEW}, MaterialError, "of B .* must be symmetric"),
        ({"conductivity": FLAT}, MaterialError, "of B .* all must be positive"),
        ({"conductivity": -isotropic([1, 1], 2)}, MaterialError, "of A .* all must be positive"),
        ({"conductivity": np.full((2, 2, 2), np.nan)}, MaterialError, "must be finite"),
        ({"drive": Terminals()}, ScenarioError, "terminals have one direction"),
        ({"drive": Terminals(), "directions": ("x",)}, MeshError, "one terminal to the other"),
        ({"directions": ("z",)}, ScenarioError, "'z' is not a direction .* allowed are x, y"),
        ({"directions": ()}, ScenarioError, "name each wanted direction once"),
        ({"directions": ("x", "x")}, ScenarioError, "name each wanted direction once"),
        ({"mesh_periodic": False}, MeshError, "it is not in x, y"),
    ],
)
def test_faults(changes: dict[str, Any], kind: type[CellionError], message: str) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(kind, match=message):
        problem(**changes)
