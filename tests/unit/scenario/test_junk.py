"""Whatever a scenario holds, the answer is a scenario or a message."""

from __future__ import annotations

import contextlib
import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellion.errors import ScenarioError
from cellion.scenario.load import build_scenario, load_scenario, with_values
from cellion.scenario.schema import keys_at

WORDS = st.sampled_from(
    [
        "insulator",
        "A",
        "M",
        "5 um",
        "3 S/m",
        "300 K",
        "x",
        "ion",
        "periodic",
        "0.4 eV",
        "sigma",
        "60 %",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    WORDS,
    st.just(10**400),
)
SCHEMA_KEYS = st.sampled_from(
    sorted(
        {
            key
            for path in [
                (),
                ("materials", "M"),
                ("materials", "M", "ion"),
                ("microstructure",),
                *(("microstructure", kind) for kind in keys_at(("microstructure",)) or ()),
                ("microstructure", "packing", "particles", 0),
                ("microstructure", "packing", "particles", 0, "diameter"),
                ("microstructure", "packing", "pores"),
                ("microstructure", "spheres", "spheres", 0),
                ("transport",),
                ("mesh",),
                ("study",),
                ("output",),
            ]
            for key in keys_at(path) or ()
        }
    )
)
KEYS = st.one_of(SCHEMA_KEYS, st.text(max_size=6), st.integers(-3, 9), st.booleans(), st.none())
JUNK = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=5),
    max_leaves=25,
)

GOOD = {
    "name": "demo",
    "temperature": "300 K",
    "materials": {
        "A": "insulator",
        "M": {"ion": {"conductivity": "3 mS/cm", "at": "300 K", "activation_energy": "0.3 eV"}},
    },
    "microstructure": {
        "packing": {
            "box": ["9 um", "9 um", "9 um"],
            "periodic": True,
            "seed": 7,
            "particles": [
                {"material": "A", "volume_fraction": 0.4, "diameter": {"mono": "2 um"}},
                {"material": "A", "volume_fraction": 0.1, "diameter": "1 um"},
            ],
            "pores": {"volume_fraction": 0.1, "material": "A"},
            "matrix": "M",
            "overlap": 0.01,
        }
    },
    "transport": {"carriers": ["ion"], "boundary": "periodic", "directions": ["x", "y"]},
    "mesh": {"size": "1 um", "surface_size": "0.5 um", "smallest_size": "0.1 um", "gap_cells": 2},
    "study": {"vary": {"temperature": ["300 K", "310 K"]}, "replicates": 2},
    "output": {"fields": ["potential"], "pictures": False},
}


def places(value, path=()):
    """Yield every place of a document."""
    yield path
    entries = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, below in entries:
        yield from places(below, (*path, key))


def replaced(path, value):
    """Return the good document with another value at one place."""
    if not path:
        return value
    document = copy.deepcopy(GOOD)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def test_the_document_that_is_spoilt_is_good():
    assert build_scenario(GOOD).name == "demo"


@given(JUNK)
def test_junk_is_refused(document):
    with contextlib.suppress(ScenarioError):
        build_scenario(document)


@settings(max_examples=400)
@given(st.sampled_from([*places(GOOD)]), JUNK)
def test_a_good_document_with_junk_in_one_place_is_built_or_refused(path, junk):
    with contextlib.suppress(ScenarioError):
        build_scenario(replaced(path, junk))


@given(st.sampled_from([*places(GOOD)]), KEYS, JUNK)
def test_a_good_document_with_one_more_key_is_built_or_refused(path, key, junk):
    document = copy.deepcopy(GOOD)
    place = document
    for step in path:
        place = place[step]
    if isinstance(place, dict):
        place[key] = junk
    with contextlib.suppress(ScenarioError):
        build_scenario(document)


@pytest.mark.parametrize("path", [p for p in places(GOOD) if p], ids=str)
@pytest.mark.parametrize(
    "value", [None, -1, 0, 1e9, "", "nonsense", True, [], {}, [[]], {"a": 1}], ids=repr
)
def test_every_place_survives_every_kind_of_value(path, value):
    try:
        build_scenario(replaced(path, value))
    except ScenarioError as error:
        told = str(error)
    else:
        return
    for jargon in ("Input should", "type=", "pydantic", "https://", "Spec", "cannot be used here"):
        assert jargon not in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("abz01:-[]{}&*!<>|'\"%@#?, \n\t\\u", max_size=60) | st.text(max_size=40))
def test_any_text_as_a_file_is_answered(tmp_path, text):
    path = tmp_path / "junk.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ScenarioError):
        load_scenario(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes_as_a_file_are_answered(tmp_path, data):
    path = tmp_path / "junk.yaml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError):
        load_scenario(path)


@given(st.text("abmeshiz.[]0'=_", max_size=20) | st.text(max_size=10), JUNK)
def test_any_key_path_leads_somewhere_or_is_refused(path, value):
    with contextlib.suppress(ScenarioError):
        assert isinstance(with_values(GOOD, {path: value}), dict)
