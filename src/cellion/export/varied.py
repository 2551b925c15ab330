"""The varied values of a study: which of them follow from others, and their names in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cellion.export.tables import Entry

__all__ = ["independent", "short"]

type Row = Mapping[str, Entry]


def independent(
    rows: Sequence[Row], varied: Sequence[str], first: str | None = None
) -> tuple[str, ...]:
    """Headers of varied values that do not follow from others: those to tell points apart by.

    Args:
        rows: Rows of a table.
        varied: Headers of the varied values, in the order of the study.
        first: One that is told already, such as that on an axis; it is not among the answer.
    """
    chosen = [] if first is None else [first]
    for header in varied:
        if header not in chosen and not _follows(rows, header, chosen):
            chosen.append(header)
    for header in [header for header in chosen if header != first]:
        rest = [other for other in chosen if other != header]
        if _follows(rows, header, rest):  # from one that came after it
            chosen = rest
    return tuple(header for header in chosen if header != first)


def _follows(rows: Sequence[Row], header: str, others: Sequence[str]) -> bool:
    """Whether a value is the same wherever the others are, or is the same everywhere."""
    known: dict[tuple[Entry, ...], Entry] = {}
    return all(
        known.setdefault(tuple(row.get(each) for each in others), row.get(header))
        == row.get(header)
        for row in rows
    )


def short(header: str, steps: int = 2) -> tuple[str, str]:
    """Return the last steps of a key path, and its unit with brackets, empty for text.

    Args:
        header: Such as ``mesh.size [um]``.
        steps: How many.
    """
    name, bracket, unit = header.partition(" [")
    return ".".join(name.split(".")[-steps:]), bracket + unit
