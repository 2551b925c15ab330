"""Sound inputs, and the functions that read them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meshio
import numpy as np
from mpi4py import MPI

from cellion.material.material import build_materials
from cellion.mesh.read import read_mesh
from cellion.microstructure.orientation_files import read_orientations
from cellion.pipeline.estimate import estimate
from cellion.pipeline.run import run
from cellion.rates.orbits import distinct_hops
from cellion.rates.structure import mobile_sublattice, read_structure
from cellion.scenario.edit import with_values
from cellion.scenario.load import build_scenario, load_scenario
from cellion.scenario.mesh_file import MeshFileSpec
from fuzzing.mutations import document_of
from helpers.small_scenarios import DISC, PACKING, PLATES, SQUARES

__all__ = ["Sample", "check", "check_and_run", "file_samples", "scenario_samples"]

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
CONTACTS = {
    "packing.box": ["8.54 um"] * 3,
    "packing.particles[0].volume_fraction": 0.21,
    "packing.particles[1].volume_fraction": 0.2,
}
SMALLER: Mapping[str, Mapping[str, Any]] = {
    "boundary_resistance_grain_size": {"polycrystal.box": ["3 um"] * 3},
    "cathode_resistance": {"packing.box": ["7 um", "7 um", "12 um"]},
    "contact_resistance_fit": CONTACTS,
    "llto_polycrystal": {"polycrystal.box": ["8 um"] * 3},
    "llzo_polycrystal": {"polycrystal.box": ["8 um"] * 3},
    "ncm811_li6ps5cl": {"packing.box": ["8 um"] * 3},
    "se_contacts": CONTACTS,
    "se_fraction": {"packing.box": ["8 um"] * 3},
    "se_fraction_conductivity": {"packing.box": ["8 um"] * 3},
    "se_fraction_particle_size": {
        "packing.box": ["9 um"] * 3,
        "packing.particles[0].volume_fraction": 0.2,
        "packing.particles[1].volume_fraction": 0.18,
    },
}
"""Changes of shipped microstructures whose geometry takes longer than reading them."""
FEW_CELLS = 1500
"""Mesh cells up to which a scenario may be run."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sound input.

    Attributes:
        path: Its place; a mutant takes it.
        content: Its content.
        read: Reads what is there.
        document: Content of a scenario as plain data.
    """

    path: Path
    content: bytes
    read: Callable[[Path], object]
    document: Any = None


def check(path: Path) -> object:
    """Read and estimate a scenario, as ``cellion check`` does."""
    return estimate(load_scenario(path)).lines()


def check_and_run(path: Path) -> object:
    """Read a scenario, and run it if it is small."""
    scenario = load_scenario(path)
    expected = estimate(scenario)
    if expected.cells > FEW_CELLS:
        return expected
    return run(scenario, MPI.COMM_SELF, folder=path.parent / "answer", pictures=False)


def scenario_samples(folder: Path) -> list[Sample]:
    """Return the shipped scenarios, and those of the tests that run in about a second."""
    home = folder / "scenarios"
    shutil.copytree(ROOT / "scenarios", home)
    shutil.copytree(ROOT / "meshes", folder / "meshes")
    shutil.copy(SQUARES, home / "squares.msh")
    texts = [path.read_bytes() for path in sorted(home.glob("*.yaml"))]
    samples = []
    for text in (*texts, *(text.encode() for text in (DISC, PLATES, PACKING))):
        document = document_of(text)
        changes = SMALLER.get(document["name"], {})
        document = with_values(document, {f"microstructure.{k}": v for k, v in changes.items()})
        place = home / "mutant.yaml"
        samples.append(Sample(path=place, content=text, read=check, document=document))
    return samples


def file_samples(folder: Path) -> list[Sample]:
    """Return files of every format that is read."""
    folder.mkdir()
    made = [*_crystals(), *_tables(), *_orientations(), *_meshes(folder)]
    samples = []
    for number, (name, content, read) in enumerate(made):
        place = folder / str(number)
        place.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
        samples.append(Sample(path=place / name, content=content, read=read))
    return samples


type _File = tuple[str, bytes, Callable[[Path], object]]


def _crystals() -> Iterator[_File]:
    shipped = ROOT / "scenarios" / "structures"
    for path in sorted([*shipped.glob("*.cif"), *(UNIT / "rates" / "crystals").glob("*.cif")]):
        yield path.name, path.read_bytes(), _hops
    cell = b"LiCl\n1.0\n5.1 0 0\n0 5.1 0\n0 0 5.1\nLi Cl\n4 4\nDirect\n"
    faces = b"0 0 0\n0 .5 .5\n.5 0 .5\n.5 .5 0\n"
    yield "POSCAR", cell + faces + b".5 .5 .5\n.5 0 0\n0 .5 0\n0 0 .5\n", _hops


def _hops(path: Path) -> object:
    """Read a crystal, and find the hops of its first element."""
    crystal = read_structure(path)
    element = next(iter(crystal.occupants(0)))
    return distinct_hops(mobile_sublattice(crystal, element), 3.2e-10)


def _tables() -> Iterator[_File]:
    shipped = ROOT / "scenarios" / "tables" / "electrolyte.csv"
    texts = (
        "temperature [degC];conductivity [mS/cm]\n25,00;1,000000\n40,00;1,828402\n60,00;3,744\n",
        "1000/T [1/K],log10(sigma T) [S K/cm]\n3.35402,-0.52557\n3.19336,-0.24218\n",
        'temperature,conductivity,note\nK,S/cm,\n298.15,1.0e-03,"heating, run 1"\n313.15,2e-03,\n',
        "temperature [K]\tconductivity [S/cm]\terror [S/cm]\n298\t1e-3\t1e-4\n313\t2e-3\t1e-4\n",
    )
    for text in (shipped.read_bytes(), *map(str.encode, texts)):
        yield "table.csv", text, _table


def _table(path: Path) -> object:
    """Read a table as the conductivity of a material."""
    document = document_of(DISC.encode())
    document["materials"]["SE"] = {"ion": {"table": {"of": "conductivity", "file": path.name}}}
    return build_materials(build_scenario(document, path))


def _orientations() -> Iterator[_File]:
    tessellation = "***tess\n **format\n   3.5\n **general\n   3 standard\n **cell\n  2\n  *id\n"
    tessellation += "   1   2\n  *ori\n   rodrigues:passive\n 0 0 1\n 0 0 0\n **vertex\n    0\n"
    texts = {
        "grains.ori": "0 0 0.1\n0.2 0 1\n",
        "grains.euler": "0 90 0\n10 20 30\n",
        "grains.txt": "quaternion\n1 0 0 0\n0.6 0.8 0 0\n",
        "grains.rotmat": "1 0 0 0 1 0 0 0 1\n0 1 0 -1 0 0 0 0 1\n",
        "grains.tess": tessellation + "***end\n",
    }
    for name, text in texts.items():
        yield name, text.encode(), lambda path: read_orientations(path, "orientations")


def _meshes(folder: Path) -> Iterator[_File]:
    files = UNIT / "mesh" / "files"
    for path in (*sorted(files.glob("boxes*.msh")), SQUARES, files / "two_grains.msh"):
        yield path.name, path.read_bytes(), _mesh
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    cells = [("triangle", np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]]))]
    mesh = meshio.Mesh(np.c_[points, np.zeros(6)], cells, cell_data={"tag": [[1, 1, 2, 2]]})
    scratch = folder / "written"
    scratch.mkdir()
    for name, options in (
        ("ascii.vtu", {"binary": False}),
        ("raw.vtu", {"compression": None}),
        ("zlib.vtu", {"compression": "zlib"}),
        ("lzma.vtu", {"compression": "lzma"}),
        ("ascii.vtk", {"binary": False}),
        ("binary.vtk", {"binary": True}),
        ("text.xdmf", {"data_format": "XML"}),
    ):
        mesh.write(scratch / name, **options)
        yield name, (scratch / name).read_bytes(), _mesh
    mesh.write(scratch / "mesh.xdmf")
    described, numbers = ((scratch / name).read_bytes() for name in ("mesh.xdmf", "mesh.h5"))

    def beside(path: Path) -> object:
        path.with_name("mesh.xdmf").write_bytes(described)
        return _mesh(path.with_name("mesh.xdmf"))

    yield "mesh.h5", numbers, beside


def _mesh(path: Path) -> object:
    """Read a mesh; every tag is a grain."""
    said = {"file": str(path), "length_unit": "um", "grains": {"material": "G"}}
    return read_mesh(MeshFileSpec.model_validate(said))
