"""The page as plain data: text, tables, figures. How it looks is the template's concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Fact", "Figure", "Head", "Page", "Picture", "Section", "Sign", "Table"]


@dataclass(frozen=True, kw_only=True)
class Head:
    """Head of a column.

    Attributes:
        text: What the column holds.
        unit: Its unit; empty for text.
        number: Whether its entries are numbers.
    """

    text: str
    unit: str = ""
    number: bool = True


@dataclass(frozen=True, kw_only=True)
class Cell:
    """An entry of a table.

    Attributes:
        text: What is shown.
        sort: What it is sorted by; None for its text.
        mark: ``bad`` for what needs attention.
    """

    text: str
    sort: float | None = None
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        caption: What it shows.
        heads: Its columns; the first names the row.
        rows: Its rows, each as long as the heads.
        note: What has to be known to read it.
        sortable: Whether readers may sort it.
    """

    caption: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    sortable: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A diagram.

    Attributes:
        svg: Its drawing, the one piece of markup that does not come from the template.
        alt: What it shows, in words.
        caption: Text below.
        wide: Whether it takes the width of the page.
    """

    svg: str
    alt: str
    caption: str
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What a mark of the diagrams means.

    Attributes:
        svg: The mark.
        text: Its meaning.
    """

    svg: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture, as a data URI.

    Attributes:
        source: The data URI.
        alt: What it shows, in words.
        caption: Text below.
        width: Width [pixels].
        height: Height [pixels].
    """

    source: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of a list: a name and its value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page; parts that are empty are not shown.

    Attributes:
        name: Its anchor.
        title: Its heading.
        text: Paragraphs before all else.
        facts: Names and values.
        signs: What marks in the diagrams mean.
        figures: Diagrams.
        pictures: Pictures.
        tables: Tables.
        notes: Remarks, as a list.
        folded: Long plain text to unfold, by its title.
    """

    name: str
    title: str
    text: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    signs: Sequence[Sign] = ()
    figures: Sequence[Figure] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    folded: Sequence[Fact] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """A report.

    Attributes:
        title: Name of the scenario.
        kind: ``run`` or ``study``.
        description: What the scenario says about itself; may be empty.
        answer: The answer, one sentence each.
        warnings: What must be known before the answer is used.
        sections: Its parts.
        footer: What made it.
    """

    title: str
    kind: str
    description: str
    answer: Sequence[str]
    warnings: Sequence[str]
    sections: Sequence[Section]
    footer: str
