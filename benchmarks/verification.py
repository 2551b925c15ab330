"""Compute every public reference, and write the tables and pictures of docs/verification.

    python benchmarks/verification.py                      # all pages
    python benchmarks/verification.py discs sphere_arrays  # some; the others keep their numbers

The numbers go to docs/verification/table.csv, and from there into the pages, between two comments.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "verification"
TABLE = PAGES / "table.csv"
BEGIN, END = "<!-- written by benchmarks/verification.py -->", "<!-- end -->"

sys.path.insert(0, str(ROOT / "tests"))

import matplotlib  # noqa: E402

from reference_cases.registry import CLASSES, NOT_ANSWERED, beside, rows_of  # noqa: E402
from reference_cases.rows import ENTRIES, Row  # noqa: E402

matplotlib.use("agg")

import matplotlib.pyplot as plt  # noqa: E402

ALIKE = 1e-9
"""Relative difference of exact values that one line of a table may stand for."""

CONVERGED = 1e-10
"""Relative width of a bracket that is rounding."""

BAR, LINE, GREY = "#2f6f9f", "#c0392b", "#8a8a8a"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the table, on the page it belongs to."""

    page: str
    row: Row


def main() -> None:
    """Compute, then write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="pages to compute; default: all")
    parser.add_argument("--write-only", action="store_true", help="compute nothing")
    asked = parser.parse_args()
    wanted = [each for each in CLASSES if not asked.pages or each.page in asked.pages]
    for each in [] if asked.write_only else wanted:
        start = time.perf_counter()
        found = [Line(page=each.page, row=r) for name in each.references for r in rows_of(name)]
        write_table([line for line in read_table() if line.page != each.page] + found)
        inside = sum(line.row.inside for line in found)
        seconds = time.perf_counter() - start
        print(f"{each.page:20} {inside} of {len(found)} inside, {seconds:.0f} s", flush=True)
    lines = read_table()
    for page in [each.page for each in CLASSES]:
        rows = [line.row for line in lines if line.page == page]
        if rows:
            fill(PAGES / f"{page}.md", [*page_table(rows), "", *sources(rows)])
            draw(rows, PAGES / f"{page}.png")
    fill(PAGES / "index.md", index_table(lines))
    fill(PAGES / "measurements.md", measurements())


def read_table() -> list[Line]:
    """What earlier runs computed."""
    if not TABLE.exists():
        return []
    lines = []
    with TABLE.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            page = cells.pop("page")
            text = {name: cells[name] for name in ("reference", "quantity")}
            numbers = {
                name: float(value) for name, value in cells.items() if name not in text and value
            }
            numbers["unknowns"] = int(numbers["unknowns"])
            lines.append(Line(page=page, row=Row(**text, **numbers)))
    return lines


def write_table(lines: list[Line]) -> None:
    """Write all rows, in the order of the pages."""
    order = [each.page for each in CLASSES]
    lines.sort(key=lambda line: order.index(line.page))
    names = ["page", *(field.name for field in fields(Row))]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for line in lines:
            writer.writerow({"page": line.page} | asdict(line.row))


def fill(path: Path, lines: Iterable[str]) -> None:
    """Put lines between the two comments of a page."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    inner = "\n".join(lines)
    path.write_text(f"{before}{BEGIN}\n\n{inner}\n\n{END}{after}", encoding="utf-8")


def together(rows: list[Row]) -> list[Row]:
    """Components of equal exact value in one row, with the widest bounds."""
    found: list[Row] = []
    for row in rows:
        last = found[-1] if found else None
        if (
            last is not None
            and last.reference == row.reference
            and last.quantity.startswith("sigma_")
            and row.quantity.startswith("sigma_")
            and abs(last.exact - row.exact) <= ALIKE * abs(row.exact)
        ):
            found[-1] = replace(
                last,
                quantity=f"{last.quantity}, {row.quantity.removeprefix('sigma_')}",
                lower=min(last.lower, row.lower),
                upper=max(last.upper, row.upper),
                geometry_error=max(last.geometry_error, row.geometry_error),
            )
        else:
            found.append(row)
    return found


def page_table(rows: list[Row]) -> list[str]:
    """Table of one page in Markdown."""
    if not any(row.unknowns for row in rows):
        head = [
            "| reference | quantity | exact | computed | difference | |",
            "|---|---|--:|--:|--:|---|",
        ]
        return head + [
            f"| `{r.reference}` | {r.quantity} | {r.exact:.8g} | {r.lower:.8g} | "
            f"{relative(r.lower, r.exact):.0e} | {'yes' if r.inside else '**no**'} |"
            for r in rows
        ]
    names = "reference, quantity, exact, lower, upper, width, geometry error, unknowns, inside"
    head = [f"| {names.replace(', ', ' | ')} |", "|---|---|--:|--:|--:|--:|--:|--:|---|"]
    return head + [bracket_line(row) for row in together(rows)]


def bracket_line(row: Row) -> str:
    """One line with bounds."""
    exact = f"{row.exact:.7g}"
    if row.exact_high is not None:
        exact += f" to {row.exact_high:.7g}"
    width = (row.upper - row.lower) / (0.5 * (row.upper + row.lower))
    shown = percent(width)
    error = f"{100 * row.geometry_error / row.exact:.1g} %" if row.geometry_error else ""
    if not row.unknowns:
        shown = ""
    return (
        f"| `{row.reference}` | {row.quantity} | {exact} | {row.lower:.7g} | {row.upper:.7g} | "
        f"{shown} | {error} | {row.unknowns or ''} | {'yes' if row.inside else '**no**'} |"
    )


def percent(width: float) -> str:
    """A relative width."""
    return f"{100 * width:.2g} %" if width > CONVERGED else "rounding"


def relative(value: float, exact: float) -> float:
    """Relative difference; absolute at zero."""
    return abs(value / exact - 1.0) if exact else abs(value)


def sources(rows: list[Row]) -> list[str]:
    """Where the values come from, and how exact they are."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in dict.fromkeys(row.reference for row in rows):
        entry = ENTRIES[name]
        accuracies = found.setdefault(entry["source"], {})
        accuracies.setdefault(entry["accuracy"], []).append(f"`{name}`")
    lines = []
    for source, accuracies in found.items():
        names = [name for each in accuracies.values() for name in each]
        which = ", ".join(names) if len(names) < 4 else f"{len(names)} from {names[0]} on"
        lines.append(f"- {which}: {source} ({'; '.join(accuracies)}).")
    return lines


def index_table(lines: list[Line]) -> list[str]:
    """One line for each page."""
    table = ["| class | references | numbers | inside | widest bracket | most unknowns |"]
    table.append("|---|--:|--:|--:|--:|--:|")
    for each in CLASSES:
        rows = [line.row for line in lines if line.page == each.page]
        solved = [row for row in rows if row.unknowns]
        width = max(((r.upper - r.lower) / r.upper for r in solved), default=None)
        title = (PAGES / f"{each.page}.md").read_text(encoding="utf-8").splitlines()[0]
        table.append(
            f"| [{title.removeprefix('# ')}]({each.page}.md) | {len(each.references)} | "
            f"{len(rows)} | {sum(row.inside for row in rows)} | "
            f"{'' if width is None else percent(width)} | "
            f"{max((row.unknowns for row in rows), default=0) or ''} |"
        )
    rows = [line.row for line in lines]
    count = sum(len(each.references) for each in CLASSES)
    table.append(f"| **all** | {count} | {len(rows)} | {sum(r.inside for r in rows)} | | |")
    table += [
        "",
        f"{len(beside())} [measurements](measurements.md) are shown beside. Not answered:",
    ]
    return [*table, "", *(f"- `{name}`: {reason}." for name, reason in NOT_ANSWERED.items())]


def measurements() -> list[str]:
    """What was measured, as transcribed."""
    table = ["| reference | sample | measured | source |", "|---|---|---|---|"]
    for name in beside():
        entry = ENTRIES[name]
        values = ", ".join(
            f"{key} {json.dumps(value)}".replace('"', "")
            for key, value in entry["expected"].items()
        )
        table.append(f"| `{name}` | {entry['geometry']} | {values} | {entry['source']} |")
    return [line.replace("\n", " ") for line in table]


def draw(rows: list[Row], path: Path) -> None:
    """Draw bounds, or computed values, relative to what is exact."""
    rows = together(rows)
    solved = any(row.unknowns for row in rows)
    rows = [row for row in rows if row.unknowns] if solved else rows
    figure, axes = plt.subplots(figsize=(7.0, 0.9 + 0.2 * len(rows)), layout="constrained")
    places = range(len(rows) - 1, -1, -1)
    if solved:
        draw_brackets(axes, rows, places)
    else:
        draw_differences(axes, rows, places)
    axes.set_yticks(
        list(places), [f"{r.reference} {short(r.quantity)}" for r in rows], fontsize=6.5
    )
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def short(quantity: str) -> str:
    """The quantity without its explanation."""
    return quantity.split(" [")[0] if len(quantity) < 24 else ""


def draw_brackets(axes: plt.Axes, rows: list[Row], places: Iterable[int]) -> None:
    """Bars from lower to upper bound, in percent of the exact value; thin: geometry error."""
    for place, row in zip(places, rows, strict=True):
        middle = row.exact if row.exact_high is None else 0.5 * (row.exact + row.exact_high)
        low, high, error = (
            100.0 * x
            for x in (row.lower / middle - 1, row.upper / middle - 1, row.geometry_error / middle)
        )
        if row.exact_high is not None:
            reach = 100.0 * (row.exact_high / middle - 1.0)
            axes.barh(place, 2 * reach, left=-reach, height=0.8, color="#dddddd")
        axes.plot([low - error, high + error], [place, place], color=GREY, linewidth=1.0)
        axes.barh(place, high - low, left=low, height=0.55, color=BAR)
        axes.plot([low, high], [place, place], "|", color=BAR, markersize=5)
    axes.axvline(0.0, color=LINE, linewidth=1.0)
    axes.set_xscale("symlog", linthresh=0.1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.08)
    axes.set_xlabel(
        "lower to upper bound, from the exact value [%], linear within 0.1 %", fontsize=7
    )


def draw_differences(axes: plt.Axes, rows: list[Row], places: Iterable[int]) -> None:
    """Relative differences, and what is allowed."""
    least = 1e-17
    for place, row in zip(places, rows, strict=True):
        axes.plot(max(relative(row.lower, row.exact), least), place, "o", color=BAR, markersize=4)
        axes.plot(row.slack / abs(row.exact or 1.0), place, "|", color=LINE, markersize=8)
    axes.set_xscale("log")
    axes.set_xlim(least / 2, 1.0)
    axes.set_xlabel("relative difference (dot) and what the test allows (red)", fontsize=7)


if __name__ == "__main__":
    main()
