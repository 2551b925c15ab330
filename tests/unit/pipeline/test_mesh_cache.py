"""Cached meshes: what changes them changes their name, and a spoilt file is made again."""

from __future__ import annotations

import os

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.errors import SetupError
from cellion.mesh.data import MeshData
from cellion.pipeline.mesh_cache import MeshCache, Meshed, mesh_key
from cellion.pipeline.prepare import prepare
from cellion.pipeline.run import run
from cellion.scenario.load import load_scenario
from helpers.small_scenarios import DISC, PLATES, write


@pytest.fixture
def meshed() -> Meshed:
    data = MeshData(
        points=np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        cells=np.array([[0, 1, 2], [1, 3, 2]]),
        labels=np.array([0, 1], dtype=np.int32),
        label_material=np.array([1, 0], dtype=np.int32),
        materials=("CAM", "SE"),
        box=np.ones(2),
        periodic=np.array([True, False]),
        quality={"cells": 2.0},
    )
    return Meshed(
        requested={"SE": 0.5}, seed=71, numbers={"particles": 1.0}, notes=("a note",), data=data
    )


def never() -> Meshed:
    raise RuntimeError("made again")


def test_a_mesh_comes_back_as_it_was(tmp_path, meshed):
    cache = MeshCache(tmp_path / "meshes")
    assert cache.fetch("a", lambda: meshed) is meshed
    found = MeshCache(tmp_path / "meshes").fetch("a", never)
    assert found.without_data() == meshed.without_data()
    for name, value in vars(meshed.data).items():
        again = getattr(found.data, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(again, value)
            assert again.dtype == value.dtype
        else:
            assert again == value


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no mesh"])
def test_a_spoilt_file_is_made_again(tmp_path, meshed, content):
    cache = MeshCache(tmp_path)
    cache.fetch("a", lambda: meshed)
    (tmp_path / "a.npz").write_bytes(content)
    assert cache.fetch("a", lambda: meshed) is meshed
    assert cache.fetch("a", never).seed == 71


def test_what_was_not_used_for_longest_goes_first(tmp_path, meshed):
    MeshCache(tmp_path).fetch("a", lambda: meshed)
    size = (tmp_path / "a.npz").stat().st_size
    cache = MeshCache(tmp_path, limit=2.5 * size)
    cache.fetch("b", lambda: meshed)
    os.utime(tmp_path / "a.npz", ns=(0, 0))
    os.utime(tmp_path / "b.npz", ns=(1, 1))
    cache.fetch("a", never)  # used again: now b is the older one
    cache.fetch("c", lambda: meshed)
    assert sorted(file.stem for file in tmp_path.glob("*.npz")) == ["a", "c"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, meshed):
    (tmp_path / "file").write_text("in the way")
    assert MeshCache(tmp_path / "file" / "meshes").fetch("a", lambda: meshed) is meshed
    assert MeshCache(None).fetch("a", lambda: meshed) is meshed


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("temperature=310 K", True),
        ("materials.SE.ion.conductivity=2 mS/cm", True),
        ("name=other", True),
        ("microstructure.spheres.spheres[0].radius=3000 nm", True),
        ("microstructure.spheres.spheres[0].radius=3.1 um", False),
        ("mesh.size=2.6 um", False),
        ("materials.CAM={ion: insulator, density: 4 g/cm^3}", False),
    ],
)
def test_the_name_of_a_mesh_follows_what_it_depends_on(tmp_path, change, same):
    file = write(tmp_path, DISC)

    def key(*overrides: str) -> str:
        scenario = load_scenario(file, overrides)
        return mesh_key(scenario, {name: m.density for name, m in scenario.materials.items()})

    assert (key() == key(change)) is same


def test_the_name_of_a_mesh_that_is_read_follows_the_content_of_its_file(tmp_path):
    scenario = load_scenario(write(tmp_path, PLATES))
    mesh = tmp_path / "squares.msh"
    before = mesh_key(scenario, {})
    os.utime(mesh, ns=(5, 5))
    assert mesh_key(scenario, {}) == before
    mesh.write_bytes(mesh.read_bytes() + b"\n")
    assert mesh_key(scenario, {}) != before


def test_a_run_of_the_same_geometry_takes_the_mesh_that_is_there(tmp_path):
    file = write(tmp_path, DISC)
    cold, warm = (load_scenario(file, [f"temperature={t} K"]) for t in (290, 310))
    cache = MeshCache(tmp_path / "meshes")
    told: list[str] = []
    first = run(cold, MPI.COMM_SELF, cache=cache)
    in_memory = run(warm, MPI.COMM_SELF, cache=cache, tell=told.append)
    assert told[0] == "the mesh of the run before"
    on_disk = run(warm, MPI.COMM_SELF, cache=MeshCache(tmp_path / "meshes"))
    alone = run(warm, MPI.COMM_SELF)
    tensors = [r.carrier("ion").effective_conductivity for r in (first, in_memory, on_disk, alone)]
    for tensor in tensors[1:]:  # the same numbers in the same order, hence the same bits
        np.testing.assert_array_equal(tensor, tensors[0])
    assert on_disk.provenance.wall_time["mesh"] == 0.0
    assert in_memory.mesh == on_disk.mesh == alone.mesh


def test_what_would_not_fit_is_refused_before_it_is_meshed(tmp_path):
    scenario = load_scenario(write(tmp_path, DISC))
    with pytest.raises(SetupError, match=r"about 0\.4 GB of memory are needed.*0\.1 GB are free"):
        prepare(scenario, MPI.COMM_SELF, memory=1e8)
