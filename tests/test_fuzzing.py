"""A short share of `make fuzz`, and its instruments; damaged folders have a test of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cellion.errors import ScenarioError
from cellion.scenario.load import load_scenario
from fuzzing.__main__ import main
from fuzzing.campaign import Campaign, mutants
from fuzzing.mutations import yaml_of
from fuzzing.samples import file_samples, scenario_samples
from fuzzing.shrink import fewest, smallest
from fuzzing.watch import watched


def test_sound_inputs_are_read(tmp_path: Path) -> None:
    for sample in file_samples(tmp_path / "files"):
        sample.read(sample.path)
    for sample in scenario_samples(tmp_path / "scenarios"):
        sample.path.write_bytes(yaml_of(sample.document))
        load_scenario(sample.path)


@pytest.mark.parametrize(("subject", "count"), [("scenarios", 60), ("files", 150)])
def test_mutants_are_answered_or_refused(tmp_path: Path, subject: str, count: int) -> None:
    campaign = Campaign(seed=20, folder=tmp_path, say=pytest.fail)
    campaign.run(subject, count)
    assert campaign.counts.total() == count
    assert not campaign.failures
    assert campaign.counts[subject, "refused"] > 0


def test_a_mutant_depends_on_its_number_alone(tmp_path: Path) -> None:
    _, ninth = mutants(tmp_path / "all", 3, "scenarios", 2, first=8)
    (again,) = mutants(tmp_path / "last", 3, "scenarios", 1, first=9)
    assert ninth[::2] == again[::2]


def test_an_interrupted_campaign_tells_its_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: Campaign, subject: str, count: int, first: int) -> None:
        self.counts[subject, "refused"] += 7
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "run", interrupted)
    monkeypatch.setattr("sys.argv", ["fuzzing", "--only", "files"])
    assert main() == 130
    assert capsys.readouterr().out.split()[-5:] == ["files", "0", "7", "0", "0"]


def forbidden(content: bytes) -> bool:
    return b"bad" in content and b"worse" in content


def test_the_smallest_document_keeps_only_keys_of_the_failure() -> None:
    content = b"good: {better: 1, bad: [1, 2]}\nmore: [x, y]\nlast: {best: {worse: 3}}\n"
    assert sorted(smallest(content, forbidden)) == sorted(b"badworse")


def test_the_smallest_binary_is_found_too() -> None:
    content = bytes(range(256)) + b"\nbad\0\n" * 3 + b"worse\xff"
    assert sorted(smallest(content, forbidden)) == sorted(b"badworse")


def test_no_part_can_be_left_out() -> None:
    assert fewest(range(100), lambda parts: {3, 50, 97} <= set(parts)) == [3, 50, 97]


def _refuses() -> None:
    raise ScenarioError("no")


def _breaks() -> None:
    raise ValueError("broken")


def _waits() -> None:
    time.sleep(100)


def _computes() -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda: 1, "answered"),
        (_refuses, "refused"),
        (_breaks, "exception"),
        (_waits, "hang"),
        (_computes, "hang"),
    ],
)
def test_outcomes(ask: Callable[[], object], kind: str) -> None:
    outcome = watched(ask, 0.05)
    assert outcome.kind == kind
    assert outcome.failed == (kind in ("exception", "hang"))
