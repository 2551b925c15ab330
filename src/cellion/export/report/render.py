"""The page as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from cellion.errors import ResultsError
from cellion.export.report.model import Page
from cellion.export.report.page import page_of
from cellion.export.report.subject import read_subject
from cellion.results.files import REPORT_FILE, replacing

__all__ = ["render", "write_report"]

_TEMPLATE = "page.html"
_SYMBOL = re.compile(r"\b(σ|N)_(bulk|eff|M)\b")


def write_report(folder: Path, *, output: Path | None = None, experiments: bool = False) -> Path:
    """Write ``report.html`` into the folder of a run or of a study, or elsewhere.

    Only saved results are read; DOLFINx and MPI are not needed. The file appears whole or not at
    all.

    Args:
        folder: The folder; with ``output`` it is only read.
        output: The file, or a folder for it.
        experiments: Whether published measurements are shown beside the answers.

    Returns:
        The path of the file.

    Raises:
        ResultsError: The folder is missing, holds no results, cannot be read or written.
    """
    subject = read_subject(folder)
    text = render(page_of(subject, experiments=experiments))
    path = output or subject.folder
    if path.suffix != ".html" or path.is_dir():
        path /= REPORT_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"{path.parent}: cannot be written ({error.strerror or error}); name another file or "
            "folder with -o"
        ) from error
    with replacing(path) as partial:
        try:
            partial.write_text(text, encoding="utf-8")
        except UnicodeEncodeError as error:
            raise ResultsError(f"{folder}: a name in it is not text ({error.reason})") from error
    return path


def render(page: Page) -> str:
    """Turn the page into HTML; whatever users named is text in it, never markup.

    Args:
        page: The page.
    """
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["symbols"] = _symbols
    script, style = (Markup(_source(name)) for name in ("page.js", "page.css"))
    return environment.get_template(_TEMPLATE).render(
        page=page, script=script, style=style, drawing=Markup
    )


def _symbols(text: str) -> Markup:
    """Put the indices of symbols lower: ``sigma_eff``; all else is escaped."""
    return Markup(_SYMBOL.sub(r"\1<sub>\2</sub>", str(escape(text))))


def _source(name: str) -> str:
    return files("cellion.export.report").joinpath("template", name).read_text(encoding="utf-8")
