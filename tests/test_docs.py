"""The documentation tells the truth: its commands run, its links lead somewhere.

In a fenced ``console`` block each line that begins with ``$`` is run, in order, in one folder per
page; `cellion` is called in process. A trailing ``# exit N`` states another exit code than 0. The
``python`` blocks of the page about Python are one script.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.cli_calls import call, process

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
PAGES = [page for page in PAGES if "_build" not in page.parts]

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"\s+# exit (\d+)\s*$")
SCRIPT = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)?(?:#([^)\s]+))?\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> Iterator[tuple[str, int]]:
    """Commands of a page in order, each with the exit code that it announces."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                expected = EXPECTED.search(line)
                yield EXPECTED.sub("", line[2:]), int(expected[1]) if expected else 0


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder in which a page's commands find what a checkout has, and leave what they make."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    return tmp_path


@pytest.mark.mpi
@pytest.mark.parametrize("page", [p for p in PAGES if any(commands(p))], ids=name_of)
def test_the_commands_of_a_page_run(
    page: Path,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    subprocess_environment: dict[str, str],
) -> None:
    monkeypatch.chdir(workspace)
    for command, expected in commands(page):
        program, *arguments = shlex.split(command)
        if program == "cellion":
            told = call(*arguments)
            code = told.code
        else:
            shell = ["/bin/sh", "-c", command]
            told = process(shell, workspace, subprocess_environment, 240.0)
            code = told.returncode
        assert code == expected, f"$ {command}\n{told.stdout}{told.stderr}"


def test_the_examples_of_the_page_about_python_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = SCRIPT.findall((ROOT / "docs" / "api.md").read_text(encoding="utf-8"))
    code = [line for line in blocks[0].splitlines() if line and not line.startswith("import")]
    assert len(code) < 10
    known: dict[str, Any] = {}
    exec(blocks[0], known)
    answer, diagonal = known["answer"], np.arange(3)
    sigma = answer.effective_conductivity[diagonal, diagonal]
    assert (answer.lower[diagonal, diagonal] <= sigma).all()
    assert (sigma <= answer.upper[diagonal, diagonal]).all()
    # Insulated spheres leave what matrix there is; those that conduct lead no better than in rows.
    assert (sigma > 0.1 * 0.6).all()
    assert (sigma < 0.1 * 0.7 + 0.3).all()
    for block in blocks[1:]:
        exec(block, known)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target, anchor in LINK.findall(prose):
        if target.startswith(("http:", "https:")):
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{target} of {name_of(page)}"
        if anchor:
            assert anchor in anchors(file), f"#{anchor} of {name_of(page)}"


def test_the_readme_names_the_two_commands_and_what_they_need() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for package in ("make", "gcc", "libc6-dev", "python3-venv", "python3-dev"):
        assert package in readme


def test_every_scenario_that_is_mentioned_exists() -> None:
    mentioned = {
        match
        for page in [*PAGES, ROOT / "Makefile", ROOT / "containers" / "slurm.sh"]
        for match in re.findall(r"\bscenarios/[\w/]+\.yaml", page.read_text(encoding="utf-8"))
    }
    assert not [name for name in sorted(mentioned) if not (ROOT / name).exists()]


def test_shell_scripts_are_plain_and_executable() -> None:
    for script in (ROOT / "tools" / "bootstrap.sh", ROOT / "tools" / "lock.sh"):
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert os.access(script, os.X_OK)
        checked = subprocess.run(["/bin/sh", "-n", str(script)], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()
