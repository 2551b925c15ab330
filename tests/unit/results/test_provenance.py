"""Versions, revision and memory are found without importing anything heavy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cellion.results.codec import encode
from cellion.results.provenance import collect_provenance, git_commit, question, versions

COMMIT = "8f3c2d1e9b7a6f5041322314a5b6c7d8e9f00112"


def checkout(folder: Path) -> Path:
    """The package folder of a checkout without a commit."""
    package = folder / "src" / "cellion"
    package.mkdir(parents=True)
    (folder / ".git").mkdir()
    return package


def test_versions_name_what_computes() -> None:
    assert versions()["numpy"] == np.__version__


def test_provenance_is_plain_json() -> None:
    record = collect_provenance(
        scenario={"name": "a"}, seed=None, ranks=3, wall_time={"mesh": 1.5}, peak_memory=2e9
    )
    document = encode(record)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize("packed", [False, True])
def test_the_revision_of_a_branch(tmp_path: Path, packed: bool) -> None:
    package = checkout(tmp_path)
    git = tmp_path / ".git"
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    if packed:
        (git / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    else:
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
    assert git_commit(package) == COMMIT


def test_the_revision_of_a_detached_head(tmp_path: Path) -> None:
    package = checkout(tmp_path)
    (tmp_path / ".git" / "HEAD").write_text(f"{COMMIT}\n")
    assert git_commit(package) == COMMIT


def test_an_environment_inside_a_repository_is_not_a_checkout(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(f"{COMMIT}\n")
    package = tmp_path / "site-packages" / "cellion"
    package.mkdir(parents=True)
    assert git_commit(package) is None


def test_realisations_ask_the_same_question() -> None:
    def document(seed: int, size: str) -> dict[str, object]:
        return {"name": f"run {seed}", "microstructure": {"packing": {"seed": seed, "box": [size]}}}

    assert question(document(271, "20 um")) == question(document(314, "20 um"))
    assert question(document(271, "20 um")) != question(document(271, "30 um"))
