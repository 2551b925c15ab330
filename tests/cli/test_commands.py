"""The verbs that solve nothing, and the manners of all of them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from cellion.material.catalogue import library_names
from helpers.cli_calls import call
from helpers.small_scenarios import DISC, PACKING, PLATES, write

VERBS = ("run", "check", "study", "report", "materials", "schema")


def test_version_is_that_of_the_project(inside, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    told = inside("--version")
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout == f"cellion {project['version']}\n"


def test_help_names_every_verb(inside):
    told = inside("--help")
    assert told.code == 0
    assert all(verb in told.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(inside, verb):
    told = inside(verb, "--help")
    assert told.code == 0
    assert "Usage" in told.stdout


def test_nothing_asked_shows_the_help(inside):
    told = inside()
    assert "Usage" in told.stdout
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["bogus"], "bogus"),
        (["run"], "SCENARIO.yaml"),
        (["run", "a.yaml", "--colour"], "--colour"),
        (["run", "a.yaml", "b.yaml"], "b.yaml"),
        (["check"], "SCENARIO.yaml"),
    ],
    ids=["verb", "file", "option", "second file", "check"],
)
def test_wrong_words_end_with_2(inside, arguments, fragment):
    told = inside(*arguments)
    assert told.code == 2
    assert fragment in told.stderr
    assert not told.stdout


def test_check_says_size_and_writes_nothing(inside, tmp_path):
    write(tmp_path, PACKING)
    before = sorted(tmp_path.iterdir())
    told = inside("check", "scenario.yaml")
    assert (told.code, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert lines[0] == "packing: the scenario is valid"
    for start_of_line in ("particles and pores: ", "mesh cells: about ", "memory: about "):
        assert any(line.startswith(start_of_line) for line in lines)
    assert sorted(tmp_path.iterdir()) == before


def test_check_counts_the_runs_of_a_study(inside, tmp_path):
    text = PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n"
    told = inside("check", write(tmp_path, text))
    assert told.code == 0
    assert "for each of 3 runs" in told.stdout


def test_check_estimates_the_mesh_of_a_run(inside, tmp_path):
    """An estimate of another order of magnitude would mislead."""
    scenario = write(tmp_path, DISC)
    told = inside("check", scenario)
    estimated = int(re.search(r"cells: about ([\d,]+)", told.stdout)[1].replace(",", ""))
    inside("run", scenario, "-o", "made")
    made = json.loads(Path("made/results.json").read_text())["mesh"]["cells"]
    assert made / 3 <= estimated <= made * 3


def test_materials_lists_the_whole_library(inside):
    told = inside("materials")
    assert told.code == 0
    letters = re.sub(r"\W", "", told.stdout)
    for name in library_names():
        assert re.sub(r"\W", "", name)[:8] in letters, name


def test_one_material_has_its_source(inside):
    told = inside("materials", "Li6PS5Cl")
    assert told.code == 0
    assert "doi" in told.stdout.lower() or "10." in told.stdout


def test_unknown_material_is_answered_with_the_nearest(inside):
    told = inside("materials", "Li6PS5C")
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr.startswith("cellion: ")
    assert "did you mean 'Li6PS5Cl'?" in told.stderr
    assert told.stderr.count("\n") == 1


def test_materials_on_a_terminal_without_unicode(inside):
    told = inside("materials", encoding="ascii")
    assert (told.code, told.stderr) == (0, "")


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    told = call("schema")
    assert (told.code, told.stderr) == (0, "")
    return json.loads(told.stdout)


def test_schema_is_a_json_schema(schema):
    jsonschema.validators.validator_for(schema).check_schema(schema)


@pytest.mark.parametrize("text", [DISC, PACKING, PLATES], ids=["disc", "packing", "plates"])
def test_schema_accepts_valid_scenarios(schema, text):
    jsonschema.validate(json.loads(json.dumps(YAML(typ="safe").load(text))), schema)


def test_schema_refuses_a_misspelt_section(schema):
    document = YAML(typ="safe").load(DISC) | {"transprot": {}}
    with pytest.raises(jsonschema.ValidationError, match="transprot"):
        jsonschema.validate(document, schema)
