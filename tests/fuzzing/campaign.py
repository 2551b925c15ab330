"""Mutants by their number, what they came to, and the smallest of each kind of failure."""

from __future__ import annotations

import difflib
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cellion
from cellion.errors import CellionError
from cellion.export.report.render import write_report
from fuzzing.mutations import mutated_file, mutated_scenario
from fuzzing.samples import Sample, check_and_run, file_samples, scenario_samples
from fuzzing.shrink import smallest
from fuzzing.watch import KINDS, Outcome, watched
from helpers.cli_calls import call
from helpers.damaged_folders import damaged_folders
from helpers.small_scenarios import PLATES, write

__all__ = ["SUBJECTS", "Campaign", "Failure", "mutants"]

SUBJECTS = ("scenarios", "files", "folders")
LONGEST = {"scenarios": 10.0, "files": 5.0, "folders": 30.0}
"""Processor time after which an input hangs [s]."""
RUN_ONE_IN = 10
SHRINKING = 60.0
"""Processor time that is spent on the smallest input of a failure [s]."""
PROGRESS = 200
STUDY = PLATES + (
    "study:\n  vary: {temperature: [290 K, 310 K]}\n"
    "  sample: {method: sobol, points: 2, seed: 3, values: {materials.A.ion.activation_energy:"
    " {uniform: {from: 0.3 eV, to: 0.4 eV}}}}\n"
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A kind of failure.

    Attributes:
        mutant: Subject and number of the first mutant that failed like this.
        outcome: What it came to.
        shown: The smallest input with the same failure.
    """

    mutant: str
    outcome: Outcome
    shown: str


@dataclass(kw_only=True)
class Campaign:
    """Mutants of a seed; that of a number does not depend on how many there are.

    Attributes:
        seed: Of the random numbers.
        folder: Where inputs are written.
        say: Takes the text of every failure.
        progress: Takes a line every few hundred mutants.
        counts: Mutants by subject and kind of outcome.
        failures: First mutant of each place that failed.
    """

    seed: int
    folder: Path
    say: Callable[[str], object] = print
    progress: Callable[[str], object] = lambda line: None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)

    def run(self, subject: str, count: int, first: int = 0) -> None:
        """Read mutants of a subject, from a number on."""
        if subject == "folders":
            self._damage(count, first)
            return
        for number, sample, content in mutants(self.folder, self.seed, subject, count, first):
            small = sample.document is not None and number % RUN_ONE_IN == 0
            self._judge(subject, number, sample, content, check_and_run if small else sample.read)

    def table(self) -> str:
        """Return the counts as a table."""
        rows = [f"{'':12}" + "".join(f"{kind:>12}" for kind in KINDS)]
        for subject in dict.fromkeys(subject for subject, _ in self.counts):
            row = "".join(f"{self.counts[subject, kind]:12}" for kind in KINDS)
            rows.append(f"{subject:12}{row}")
        return "\n".join(rows)

    def _judge(
        self,
        subject: str,
        number: int,
        sample: Sample,
        content: bytes,
        read: Callable[[Path], object],
    ) -> None:
        """Read a mutant in the place of its sample; shrink it if it fails like none before."""

        def told(some: bytes) -> Outcome:
            sample.path.write_bytes(some)
            (self.folder / "last").write_text(f"{subject} {number}\n", encoding="utf-8")
            return watched(lambda: read(sample.path), LONGEST[subject])

        outcome = told(content)
        self._count(
            f"{subject} {number} ({sample.path.name})",
            outcome,
            lambda: _shown(smallest(content, _in_budget(lambda s: told(s).place == outcome.place))),
        )
        sample.path.write_bytes(sample.content)

    def _count(self, mutant: str, outcome: Outcome, shown: Callable[[], str]) -> None:
        subject = mutant.split()[0]
        self.counts[subject, outcome.kind] += 1
        if sum(self.counts[subject, kind] for kind in KINDS) % PROGRESS == 0:
            told = (f"{self.counts[subject, kind]} {kind}" for kind in KINDS)
            self.progress(f"{subject}: {', '.join(told)}")
        if not outcome.failed or outcome.place in self.failures:
            return
        failure = Failure(mutant=mutant, outcome=outcome, shown=shown())
        self.failures[outcome.place] = failure
        self.say(f"\n{outcome.kind}: {outcome.place}: {mutant}\n{failure.shown}\n{outcome.told}")

    def _damage(self, count: int, first: int) -> None:
        """Report, load and resume damaged folders of a study."""
        home = self.folder / "folders"
        home.mkdir()
        scenario = write(home, STUDY)
        sound = home / "sound"
        call("study", scenario, "-o", sound)
        copies = damaged_folders(sound, home, seed=self.seed, count=count, first=first)
        for number, (folder, done) in enumerate(copies, first):
            kept = home / "kept"
            shutil.copytree(folder, kept, symlinks=True, copy_function=_copied)
            outcome = _read_folder(folder, scenario)
            mutant = f"folders {number} ({done})"
            self._count(mutant, outcome, lambda kept=kept: _differences(sound, kept))
            shutil.rmtree(kept)


def mutants(
    folder: Path, seed: int, subject: str, count: int, first: int = 0
) -> Iterator[tuple[int, Sample, bytes]]:
    """Yield numbers from a first one on, with the sample that is changed and what it becomes."""
    samples = (scenario_samples if subject == "scenarios" else file_samples)(folder / subject)
    for number in range(first, first + count):
        rng = random.Random(f"{seed} {subject} {number}")
        sample = rng.choice(samples)
        if sample.document is not None:
            yield number, sample, mutated_scenario(rng, sample.document)
        else:
            yield number, sample, mutated_file(rng, sample.content)


def _copied(source: str, target: str) -> None:
    if Path(source).is_file():
        shutil.copy(source, target)


def _read_folder(folder: Path, scenario: Path) -> Outcome:
    """Load and report a folder, and resume its study; the first failure counts."""

    def resume() -> None:
        told = call("study", scenario, "-o", folder, "--resume")
        if told.code == 2:
            raise CellionError(told.stderr)
        if told.code > 128:  # ended by a signal
            raise KeyboardInterrupt
        if told.code:
            raise RuntimeError(f"exit code {told.code}: {told.stderr}")

    reads: tuple[Callable[[], object], ...] = (
        lambda: write_report(folder),
        lambda: cellion.load_study(folder),
        *(lambda path=path: cellion.load_result(path) for path in sorted(folder.glob("*"))),
        resume,
    )
    outcomes = [watched(read, LONGEST["folders"]) for read in reads]
    failed = [outcome for outcome in outcomes if outcome.failed]
    return failed[0] if failed else outcomes[-1]


def _differences(sound: Path, damaged: Path) -> str:
    """Return the lines in which the files of a damaged folder differ from those of a sound one."""
    lines: list[str] = []
    for path in sorted(sound.rglob("*.*")):
        name = str(path.relative_to(sound))
        if not (damaged / name).is_file():
            lines.append(f"{name}: missing, or no file")
            continue
        texts = [
            (home / name).read_bytes().decode("utf-8", "backslashreplace").splitlines()
            for home in (sound, damaged)
        ]
        lines += [
            f"{name}: {line[:300]}"
            for line in difflib.unified_diff(*texts, lineterm="", n=0)
            if not line.startswith(("+++", "---", "@@"))
        ]
    return "\n".join(lines[:30])


def _in_budget(fails: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """Count nothing as a failure once the time for shrinking is over."""
    end = time.process_time() + SHRINKING
    return lambda content: time.process_time() < end and fails(content)


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", "backslashreplace")
    return text if text.isprintable() or len(content) > 2000 else repr(content)[:4000]
