"""Every fault is told with its line, its key path, what was found and what is allowed.

The cases are data, in ``faulty_scenarios.yaml``: the text, with ``# <-`` in the faulty line, and
what the message must hold. Sections that a text leaves out are added below it, so that each text
shows only what is wrong.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cellion.errors import ScenarioError
from cellion.scenario.load import load_scenario

SECTIONS = {
    "name": "name: demo",
    "materials": """\
materials:
  SE: {ion: {conductivity: 3 mS/cm}, density: 1.64 g/cm^3}
  CAM: {electron: {conductivity: 5 mS/cm}, density: 4.7 g/cm^3}
  pore: insulator""",
    "microstructure": """\
microstructure:
  spheres:
    box: [1 um, 1 um, 1 um]
    matrix: SE
    spheres: [{center: [0.5 um, 0.5 um, 0.5 um], radius: 0.3 um, material: CAM}]""",
}

# what must never reach a user: words of the validation library
JARGON = re.compile(
    r"Input should|input_value|type=|pydantic|valid dictionary|extra_forbidden|validation error|"
    r"\bNone\b|https?://|Traceback|MaterialSpec|FaultsError",
)

CASES = {
    case["name"]: case
    for case in YAML(typ="safe").load(Path(__file__).with_name("faulty_scenarios.yaml"))
}


def complete(text: str) -> str:
    """Add the required sections that a text leaves out, below it."""
    given = {line.partition(":")[0] for line in text.splitlines()}
    added = [] if text.startswith("{") else [v for k, v in SECTIONS.items() if k not in given]
    return "\n".join([text, *added, ""])


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_told_where_it_is(tmp_path, name):
    path, text, told = (CASES[name][key] for key in ("path", "text", "told"))
    file = tmp_path / "demo.yaml"
    file.write_text(complete(text), encoding="utf-8")
    lines = text.splitlines()
    line = next(i for i, content in enumerate(lines, start=1) if "# <-" in content)

    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)

    blocks = str(caught.value).splitlines()
    where = f"{file}:{line}: {path}: " if path else f"{file}:{line}: "
    block = next((b for b in blocks if b.startswith(where) and told[0] in b), None)
    assert block is not None, f"no fault begins with {where} and holds {told[0]!r}:\n{caught.value}"
    for fragment in told:
        assert fragment in block
    assert not JARGON.search(str(caught.value))


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_must_be_there_is_missed(tmp_path, section):
    file = tmp_path / "demo.yaml"
    file.write_text("\n".join(v for k, v in SECTIONS.items() if k != section), encoding="utf-8")
    with pytest.raises(ScenarioError, match=rf"demo\.yaml:1: the key '{section}' is missing"):
        load_scenario(file)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_told_twice(tmp_path, name):
    file = tmp_path / "demo.yaml"
    file.write_text(complete(CASES[name]["text"]), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    places = [block.split(": ")[1] for block in str(caught.value).splitlines()]
    assert len(set(places)) == len(places)


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path):
    file = tmp_path / "demo.yaml"
    file.write_text(
        complete(
            "temperature: 25\n"
            "mesh: {size: 3 K}\n"
            "transport: {carriers: [ions]}\n"
            "output: {picture: no}\n"
            "microstructure:\n"
            "  layers:\n"
            "    box: [1 um, 1]\n"
            "    axis: w\n"
            "    materials: [SE, CAN]\n"
            "    thicknesses: [5]\n"
        ),
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    lines = [int(block.split(":")[1]) for block in str(caught.value).splitlines()]
    assert lines == [1, 2, 3, 4, 7, 8, 9, 10]


def test_a_flood_of_faults_is_cut_short(tmp_path):
    file = tmp_path / "demo.yaml"
    file.write_text(complete("\n".join(f"key{i}: 1" for i in range(80))), encoding="utf-8")
    with pytest.raises(ScenarioError, match="and 30 more faults"):
        load_scenario(file)
