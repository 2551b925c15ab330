"""Key paths are written the way they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.scenario.paths import child, format_path, parse_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("mesh", ("mesh",)),
        ("mesh.size", ("mesh", "size")),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ("a[0][12]", ("a", 0, 12)),
        ("study.vary['mesh.size'][1]", ("study", "vary", "mesh.size", 1)),
        ("['a b'].c", ("a b", "c")),
        ("a['']", ("a", "")),
        ("materials.Li+", ("materials", "Li+")),
    ],
)
def test_a_path_is_read_and_written(text, path):
    assert parse_path(text) == path
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a b", "a]b", "a[0]b", "a'b"]
)
def test_text_that_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="is no key path"):
        parse_path(text)


STEPS = st.integers(0, 10**6) | st.text(st.characters(exclude_characters="'"), max_size=8)


@given(st.lists(STEPS, min_size=1, max_size=6).map(tuple))
def test_every_path_comes_back(path):
    assert parse_path(format_path(path)) == path


def test_the_step_is_spelt_as_the_document_spells_it():
    assert child({1: "a"}, "1") == (True, "a", 1)
    assert child({"1": "a"}, 1) == (True, "a", "1")
    assert child(["a"], 0) == (True, "a", 0)
    assert child(["a"], 1) == (False, None, 1)
    assert child("text", 0) == (False, None, 0)
