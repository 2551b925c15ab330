"""Volumes and interfaces."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.mesh.measure import (
    contact_area,
    label_volumes,
    measure_interfaces,
    specific_surface,
    volume_fractions,
)
from helpers.mesh_boxes import labelled_box, layers


@pytest.mark.parametrize("divisions", [(8, 3), (8, 3, 2)])
@pytest.mark.parametrize("periodic", [True, False])
def test_layers(divisions: tuple[int, ...], periodic: bool) -> None:
    """A | B | A' | A'': three planes inside, and the face x = 0 between A'' and A."""
    names = ["A", "B", "A", "A"]
    fractions = [0.125, 0.25, 0.25, 0.375]
    data = labelled_box(divisions, layers(fractions), names, edges=3.0, periodic=periodic)
    mesh = distribute(data, MPI.COMM_SELF)
    volume = 3.0 ** len(divisions)
    np.testing.assert_allclose(label_volumes(mesh), volume * np.array(fractions), rtol=1e-12)
    np.testing.assert_allclose(volume_fractions(mesh), [0.75, 0.25], rtol=1e-12)
    found = measure_interfaces(mesh)
    pairs = [[0, 1], [0, 3], [1, 2], [2, 3]] if periodic else [[0, 1], [1, 2], [2, 3]]
    assert found.labels.tolist() == pairs
    np.testing.assert_allclose(found.areas, volume / 3.0, rtol=1e-12)
    assert specific_surface(mesh, found) == pytest.approx({("A", "B"): 2.0 / 3.0})
    assert contact_area(mesh, found) == pytest.approx({("A", "A"): (1 + periodic) / 3.0})


def test_one_label_has_no_interface() -> None:
    mesh = distribute(labelled_box((2, 2, 2), layers([1.0]), ["A"]), MPI.COMM_SELF)
    found = measure_interfaces(mesh)
    assert len(found.areas) == 0
    assert specific_surface(mesh, found) == {}
    assert contact_area(mesh, found) == {}
