"""The hash of the code changes with what answers depend on, and with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import cellion
from cellion.errors import ResultsError
from cellion.results.identity import code_digest, file_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    source = Path(cellion.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, tmp_path / "cellion", ignore=ignored))


def digest(package: Path, *rooms: str) -> str:
    """Without what the process remembers."""
    return code_digest.__wrapped__(*rooms, package=package)


def test_a_copy_is_the_same_code(package):
    assert digest(package) == code_digest()


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("transport/forms.py", True),
        ("parallel.py", True),
        ("material/library/LiPON.yaml", True),
        ("rates/families/olivine.yaml", True),
        ("study/plan.py", False),
        ("cli.py", False),
        ("py.typed", False),
    ],
)
def test_what_answers_depend_on_counts(package, file, counts):
    before = digest(package)
    with (package / file).open("a") as stream:
        stream.write("# one more line\n")
    assert (digest(package) != before) == counts


def test_files_that_come_or_move_count(package):
    before = digest(package, "mesh")
    (package / "mesh" / "cut.py").rename(package / "mesh" / "other.py")
    assert digest(package, "mesh") != before


def test_a_mesh_depends_on_some_rooms_only(package):
    before = digest(package, "quantities.py", "mesh")
    (package / "transport" / "forms.py").write_text("")
    assert digest(package, "quantities.py", "mesh") == before


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"none\.msh: cannot be read"):
        file_digest(tmp_path / "none.msh")
