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
        ("transport/primal/forms.py", True),
        ("parallel.py", True),
        ("material/library/LiPON.yaml", True),
        ("rates/families/olivine.yaml", True),
        ("export/pictures.py", False),
        ("study/plan.py", False),
        ("cli.py", False),
        ("py.typed", False),
    ],
)
def test_what_answers_depend_on_counts(package, file, counts):
    before = digest(package)
    line = "one_more: 1\n" if file.endswith(".yaml") else "one_more = 1\n"
    assert (package / file).is_file()
    with (package / file).open("a") as stream:
        stream.write(line)
    assert (digest(package) != before) == counts


@pytest.mark.parametrize(
    "line",
    [
        "# a comment\n",
        "\n\n",
        '"""What a constant means."""\n',
        "    # a comment that is indented\n",
    ],
)
def test_what_is_only_read_by_people_does_not_count(package, line):
    before = digest(package, "transport", "material")
    with (package / "transport" / "primal" / "forms.py").open("a") as stream:
        stream.write(line)
    with (package / "material" / "library" / "LiPON.yaml").open("a") as stream:
        stream.write("# a comment\n\n")
    assert digest(package, "transport", "material") == before


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('def f(x):\n    """Say."""\n    return x\n', "def f(x):\n    return x\n", False),
        ("x = [1, 2]\n", "x = [\n    1, 2\n]\n", False),
        ("x = 1\n", "x = 2\n", True),
        ('x = "a"\n', 'x = "b"\n', True),
        ("if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n", True),
        ('x = f"{a} b"\n', 'x = f"{a} c"\n', True),
    ],
)
def test_code_counts_by_its_meaning(package, old, new, counts):
    file = package / "transport" / "primal" / "forms.py"
    file.write_text(old)
    before = digest(package, "transport")
    file.write_text(new)
    assert (digest(package, "transport") != before) == counts


def test_files_that_come_or_move_count(package):
    before = digest(package, "mesh")
    (package / "mesh" / "cut.py").rename(package / "mesh" / "other.py")
    assert digest(package, "mesh") != before


def test_a_mesh_depends_on_some_rooms_only(package):
    before = digest(package, "quantities.py", "mesh")
    (package / "transport" / "primal" / "forms.py").write_text("")
    assert digest(package, "quantities.py", "mesh") == before


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"none\.msh: cannot be read"):
        file_digest(tmp_path / "none.msh")
