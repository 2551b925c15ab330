"""Progress: of a study as a bar, of a run as its stages; lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from cellion.study.progress import Progress as Step

__all__ = ["notebook_bar", "terminal_bar", "terminal_stages"]

type Listener = Callable[[Step], None]


@contextmanager
def terminal_bar() -> Iterator[Listener]:
    """Show steps on the standard error: a bar on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: console.print(
            str(step), markup=False, emoji=False, highlight=False, soft_wrap=True
        )
        return
    with _bar(console) as bar:
        task = bar.add_task("")

        def show(step: Step) -> None:
            console.print(step.line, markup=False, emoji=False, highlight=False)
            bar.update(task, completed=step.done, total=step.total, description=step.rest)

        yield show


@contextmanager
def terminal_stages(console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Show the stages of a run on the standard error.

    A line that begins with a blank is a step within a stage: on a terminal it stands, with the time
    since it began, in the last line, which moves; elsewhere it is left out.

    Args:
        console: Where to show them.
    """
    console = console or Console(stderr=True)

    def print_stage(line: str) -> None:
        if not line.startswith(" "):
            _say(console, line)

    if not console.is_terminal:
        yield print_stage
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as moving:
        task = moving.add_task("", total=None)

        def show(line: str) -> None:
            print_stage(line)
            moving.reset(task, total=None, description=escape(line.strip()))

        yield show


def notebook_bar() -> Listener:
    """Return what shows steps: a bar that is drawn anew in a notebook, nothing elsewhere."""
    if not Console().is_jupyter:
        return lambda step: None
    from IPython.display import display  # there is one where there is a notebook

    bar = _bar(Console())
    task = bar.add_task("")
    drawn = display(Table.grid(), display_id=True)

    def show(step: Step) -> None:
        bar.update(task, completed=step.done, total=step.total, description=step.rest)
        both = Table.grid()
        both.add_row(bar.make_tasks_table(bar.tasks))
        both.add_row(escape(step.line))
        drawn.update(both)

    return show


def _bar(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True)


def _say(console: Console, line: str) -> None:
    """Print a line as it is."""
    console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)
