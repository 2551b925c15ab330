"""Files, overrides, changed documents, and what a scenario remembers."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cellion.errors import ScenarioError
from cellion.scenario.load import build_scenario, load_scenario, with_values

DOCUMENT = {
    "name": "demo",
    "temperature": "300 K",
    "materials": {"A": "insulator", "M": {"ion": {"conductivity": "3 mS/cm"}}},
    "microstructure": {
        "spheres": {
            "box": ["1 um", "1 um", "1 um"],
            "matrix": "M",
            "spheres": [
                {"center": ["0.5 um", "0.5 um", "0.5 um"], "radius": "0.3 um", "material": "A"}
            ],
        }
    },
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML
    return path


def test_a_scenario_remembers_what_the_user_wrote(file):
    scenario = load_scenario(file)
    assert scenario.path == file
    assert scenario.source == DOCUMENT
    assert scenario.microstructure.spheres.spheres[0].radius == 3e-7


def test_the_remembered_document_gives_the_same_scenario(file):
    scenario = load_scenario(file, ["mesh.size=0.1 um"])
    stored = json.loads(json.dumps(scenario.source))
    assert build_scenario(stored, scenario.path) == scenario


def test_a_scenario_cannot_be_changed(file):
    scenario = load_scenario(file)
    with pytest.raises(ValidationError):
        scenario.temperature = 1.0
    scenario.source["name"] = "other"
    assert scenario.source == DOCUMENT


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("temperature=25 degC", lambda s: s.temperature == 298.15),
        ("mesh.size=0.2 um", lambda s: s.mesh.size == 2e-7),
        ("mesh={size: 0.2 um, gap_cells: 3}", lambda s: s.mesh.gap_cells == 3.0),
        (
            "microstructure.spheres.spheres[0].radius=0.4 um",
            lambda s: s.microstructure.spheres.spheres[0].radius == 4e-7,
        ),
        ("microstructure.spheres.box[2]=2 um", lambda s: s.microstructure.box[2] == 2e-6),
        ("transport.directions=[x]", lambda s: s.transport.directions == ("x",)),
        ("materials.B=insulator", lambda s: "B" in s.materials),
        ("materials.M.electron=insulator", lambda s: not s.materials["M"].electron.conducts),
        ("materials['M'].ion.conductivity=[1 S/m, 1 S/m, 2 S/m]", lambda s: s.materials["M"].ion),
        ("study.vary={temperature: [300 K, 310 K]}", lambda s: s.study.replicates == 1),
        ("study.vary['mesh.size']=[0.1 um]", lambda s: s.study.vary == {"mesh.size": ("0.1 um",)}),
        ("description= a=b ", lambda s: s.description == "a=b"),
        ("output.pictures=false", lambda s: s.output.pictures is False),
    ],
)
def test_an_override_replaces_or_adds_one_value(file, override, read):
    assert read(load_scenario(file, [override]))


def test_overrides_apply_in_order(file):
    scenario = load_scenario(file, ["mesh={}", "mesh.size=0.2 um", "mesh.size=0.1 um"])
    assert scenario.source["mesh"] == {"size": "0.1 um"}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("temprature=300 K", "the scenario has no key 'temprature'; allowed: name, description, "),
        ("temprature=300 K", "did you mean 'temperature'?"),
        ("mesh.sise=1 um", "'mesh' has no key 'sise'; allowed: size, surface_size"),
        ("mesh.size", "it is not of the form key=value"),
        ("=5", "it is not of the form key=value"),
        ("mesh..size=1 um", "'mesh..size' is no key path"),
        (".mesh=1 um", "'.mesh' is no key path"),
        ("microstructure.spheres.spheres[1].radius=1 um", "is a list of 1; it has no entry [1]"),
        ("microstructure.spheres[0]=1 um", "'microstructure.spheres' is a mapping, so '0' cannot"),
        (
            "materials.A.density=1 g/cm^3",
            "'materials.A' is 'insulator', so 'density' cannot be set",
        ),
        ("mesh.size=5", "mesh.size: found 5 (a bare number); a length"),
        ("mesh.size=", "mesh.size: found nothing"),
        ("mesh.size=[1", "this is not YAML"),
        ("mesh.size=!!python/name:os.system", "mesh.size: the tag"),
        ("temperature=&a [*a]", "nested more than 50 deep"),
        ("microstructure.spheres.matrix=B", "material 'B' is not defined; defined are: A, M"),
        ("mesh.size=a\udcff", "found 'a?'"),
    ],
)
def test_a_faulty_override_is_told_as_it_was_given(file, override, told):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, [override])
    shown = override.replace("\udcff", "?")
    line = next(line for line in str(caught.value).splitlines() if told in line)
    assert line.startswith(f"--set {shown}")


def test_faults_of_the_file_and_of_overrides_are_told_together(file):
    file.write_text("temperature: 5\nname: demo\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, ["mesh.size=5", "foo=1"])
    told = str(caught.value)
    assert "--set mesh.size=5: mesh.size: found 5" in told
    assert "--set foo=1: the scenario has no key 'foo'" in told
    assert f"{file}:1: temperature: found 5" in told
    assert f"{file}:1: the key 'materials' is missing" in told


UNREADABLE = [
    ("", b"", "found nothing; a mapping with the keys name, materials"),
    ("list", b"- 1\n- 2\n", "found a list of 2; a mapping"),
    ("text", b"hello", "found 'hello'; a mapping"),
    ("latin-1", b"name: a\ndescription: \xe9t\xe9\n", ":2: the file is not UTF-8 text"),
    ("utf-16", "name: a".encode("utf-16"), "the file is not UTF-8 text"),
    ("large", b"#" * (2**20 + 1), "larger than 1 MiB"),
    ("control character", b"name: \x00", "this is not YAML"),
    ("tab", b"mesh:\n\tsize: 1 um\n", ":2: this is not YAML: "),
    ("tab hint", b"mesh:\n\tsize: 1 um\n", "indent with spaces, not with tabs"),
    ("bracket", b"name: [a\n", "this is not YAML"),
    (
        "two documents",
        b"name: a\n---\nname: b\n",
        ":2: this is not YAML: expected a single document",
    ),
    ("unknown alias", b"name: *a\n", ":1: this is not YAML: found undefined alias"),
    ("wrong escape", b'name: "\\UFFFFFFFF"\n', "this is not YAML"),
    ("deep lists", b"[" * 200 + b"]" * 200, "nested more than 50 deep"),
    ("deep mappings", b"{a: " * 60 + b"1" + b"}" * 60, "nested more than 50 deep"),
    ("deep merges", b"{<<: " * 2000 + b"{}" + b"}" * 2000, "nested more than 50 deep"),
    ("alias of itself", b"a: &a [*a]\n", "nested more than 50 deep"),
    ("merge of itself", b"a: &a {<<: *a}\n", "aliases (*name)"),
    ("many aliases", b"a: &a 1\nb: [" + b"*a, " * 101 + b"1]\n", "aliases (*name)"),
    (
        "billion laughs",
        b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 10))
            for i in range(9)
        ),
        "aliases (*name)",
    ),
]


@pytest.mark.parametrize(
    ("content", "told"), [u[1:] for u in UNREADABLE], ids=[u[0] for u in UNREADABLE]
)
def test_a_file_that_is_no_scenario_is_answered_with_a_message(tmp_path, content, told):
    path = tmp_path / "demo.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_a_folder_and_an_impossible_name(tmp_path, file):
    with pytest.raises(ScenarioError, match=r"no such file; scenario files there: demo\.yaml"):
        load_scenario(tmp_path / "dmeo.yaml")
    with pytest.raises(ScenarioError, match="there is no such file"):
        load_scenario(tmp_path / "nowhere" / "demo.yaml")
    with pytest.raises(ScenarioError, match="this is a folder"):
        load_scenario(tmp_path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario("a\0b")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario("x" * 5000)


def test_yaml_conveniences_that_are_safe(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text(
        "\ufeffname: demo\n"
        "description: 2026-01-31\n"
        "materials:\n"
        "  base: &base {ion: {conductivity: 1 S/m}, density: 1 g/cm^3}\n"
        "  A: {<<: *base, density: 2 g/cm^3}\n"
        "microstructure:\n"
        "  checkerboard: {box: [1 um, 1 um], divisions: [2, 2], materials: [A, base]}\n",
        encoding="utf-8",
    )
    scenario = load_scenario(path)
    assert scenario.description == "2026-01-31"
    assert scenario.materials["A"].density == 2000.0
    assert scenario.materials["A"].ion == scenario.materials["base"].ion


def test_with_values_copies_and_adds_sections():
    before = copy.deepcopy(DOCUMENT)
    value = {"size": "0.1 um"}
    changed = with_values(
        DOCUMENT, {"mesh": value, "microstructure.spheres.spheres[0].material": "M"}
    )
    assert before == DOCUMENT
    assert changed["mesh"] == value
    assert changed["mesh"] is not value
    assert changed["microstructure"]["spheres"]["spheres"][0]["material"] == "M"
    assert with_values(DOCUMENT, {"transport.carriers": ["ion"]})["transport"] == {
        "carriers": ["ion"]
    }


def test_with_values_tells_all_paths_that_lead_nowhere():
    with pytest.raises(ScenarioError) as caught:
        with_values(DOCUMENT, {"mesh.sise": 1, "microstructure.spheres.spheres[9].radius": 1})
    assert "'mesh' has no key 'sise'" in str(caught.value)
    assert "it has no entry [9]" in str(caught.value)


def test_a_label_of_a_mesh_is_reached_by_its_number():
    document = {"microstructure": {"mesh": {"labels": {1: "A", 2: "B"}}}}
    changed = with_values(document, {"microstructure.mesh.labels[2]": "C"})
    assert changed["microstructure"]["mesh"]["labels"] == {1: "A", 2: "C"}


def test_faults_of_a_document_without_file_name_the_scenario():
    with pytest.raises(ScenarioError, match=r"^scenario: temperature: found 5"):
        build_scenario({**DOCUMENT, "temperature": 5})
    with pytest.raises(ScenarioError, match=r"^scenario: found a list of 1; a mapping is needed"):
        build_scenario([1])


@given(st.floats(1.0, 2000.0), st.floats(1e-3, 0.5))
def test_values_written_with_all_digits_come_back(kelvin, radius):
    values = {
        "temperature": f"{kelvin!r} K",
        "microstructure.spheres.spheres[0].radius": f"{radius!r} um",
    }
    scenario = build_scenario(with_values(DOCUMENT, values))
    assert scenario.temperature == kelvin
    # the quotient is rounded once, the product here twice
    read = scenario.microstructure.spheres.spheres[0].radius
    assert read == pytest.approx(radius * 1e-6, rel=4e-16)
