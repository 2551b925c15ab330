"""Folders of runs and studies, written from records made by hand: nothing is solved for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from cellion.results.files import save_result
from cellion.results.outcome import Failure, save_failure
from cellion.results.record import RunResult
from cellion.results.study import PlannedPoint, StudyRecord, save_record

__all__ = ["CONTAINERS", "Document", "read_page", "write_study_folder"]

CONTAINERS = ("h1", "h2", "h3", "th", "td", "p", "dd", "li", "figcaption", "pre", "title")


def write_study_folder(
    folder: Path,
    points: Sequence[tuple[Mapping[str, Any], RunResult | str | None]],
    *,
    realisations: int = 1,
    samples: bool = False,
    scenario: Mapping[str, Any] | None = None,
    description: str = "",
) -> Path:
    """Write the folder of a study.

    Args:
        folder: The folder.
        points: Values of each point and what it came to: an answer, the reason why there is none,
            or nothing.
        realisations: Consecutive points that differ by their realisation.
        samples: Whether values were sampled.
        scenario: The scenario.
        description: What it says about itself.
    """
    planned = []
    for number, (values, outcome) in enumerate(points):
        point = PlannedPoint(
            name=f"point_{number:03d}",
            values=values,
            realisation=number % realisations + 1,
            sample=number if samples else None,
        )
        planned.append(point)
        place = folder / point.name
        place.mkdir(parents=True)
        if isinstance(outcome, RunResult):
            save_result(outcome, place)
        elif outcome is not None:
            save_failure(place, Failure(reason=outcome))
    record = StudyRecord(
        name="series",
        points=tuple(planned),
        description=description,
        scenario=dict(scenario or {}),
    )
    save_record(record, folder)
    return folder


@dataclass
class Document(HTMLParser):
    """A page: its elements in order, and the text in some of them.

    Attributes:
        elements: Name and attributes of each element.
        texts: Name of the container and its text.
        tables: Rows of each table, by its caption, as texts of their cells.
    """

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in CONTAINERS:
            self._open.append(tag)
            self.texts.append((tag, ""))
        attributes = dict(attrs)
        if attributes.get("role") == "region":
            self._rows = self.tables[attributes["aria-label"] or ""] = []
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, before = self.texts[-1]
            self.texts[-1] = (tag, before + data)
            if self._open[-1] in ("td", "th"):
                self._rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of the elements of one kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        """Texts of the containers of one kind, spaces of any kind as plain ones."""
        return [" ".join(text.split()) for name, text in self.texts if name == tag]

    def table(self, caption: str) -> list[dict[str, str]]:
        """Rows of a table, each by the heads of its columns; of equal heads the last counts."""
        heads, *rows = [[" ".join(text.split()) for text in row] for row in self.tables[caption]]
        return [dict(zip(heads, row, strict=True)) for row in rows]


def read_page(path: Path) -> Document:
    """Parse a page."""
    document = Document()
    text = path.read_text(encoding="utf-8")
    document.feed(text)
    return document
