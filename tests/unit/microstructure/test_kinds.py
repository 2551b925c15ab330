"""A kind of microstructure is two files of one name: its keys, and its geometry."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.geometry import CutGeometry
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.layers import LayerGeometry
from cellion.microstructure.spheres import SphereGeometry
from cellion.microstructure.tiles import CheckerboardGeometry
from cellion.scenario.microstructure import KINDS, MicrostructureSpec

SOURCE = Path(inspect.getfile(MicrostructureSpec)).parents[1]
MADE = [kind for kind in KINDS if kind != "mesh"]
GEOMETRIES = (
    CheckerboardGeometry,
    CompositeGeometry,
    LaguerreGeometry,
    LayerGeometry,
    SphereGeometry,
)


def keys_of(kind: str) -> Path:
    """The file of the section of a kind."""
    return Path(inspect.getfile(get_args(MicrostructureSpec.model_fields[kind].annotation)[0]))


@pytest.mark.parametrize("kind", MADE)
def test_keys_and_geometry_are_files_of_one_name(kind):
    keys = keys_of(kind)
    assert keys.parent.name == "scenario"
    assert (SOURCE / "microstructure" / keys.name).is_file()


def test_no_other_room_knows_a_kind():
    files = {keys_of(kind).stem for kind in MADE}
    files |= {Path(inspect.getfile(geometry)).stem for geometry in GEOMETRIES}
    known = re.compile(rf"\bcellion\.microstructure\.({'|'.join(files)})\b")
    rooms = (path for path in SOURCE.rglob("*.py") if path.parent.name != "microstructure")
    assert [path.name for path in rooms if known.search(path.read_text("utf-8"))] == []


def test_only_what_has_fields_is_cut():
    box, periodic = np.ones(2), np.ones(2, dtype=bool)
    grains = LaguerreGeometry(
        box=box,
        periodic=periodic,
        centers=np.array([[0.2, 0.3], [0.7, 0.6]]),
        weights=np.zeros(2),
        label_material=np.zeros(2, dtype=np.int32),
    )
    tiles = CheckerboardGeometry(
        box=box,
        periodic=periodic,
        divisions=np.array([2, 2], dtype=np.int32),
        label_material=np.arange(4, dtype=np.int32),
    )
    assert isinstance(grains, CutGeometry)
    assert grains.exact_mesh() is None
    assert not isinstance(tiles, CutGeometry)
    assert tiles.exact_mesh() is not None
