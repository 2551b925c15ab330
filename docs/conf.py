"""Configuration of the documentation; `make docs` builds it."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "cellion"
author = "The cellion developers"
copyright = f"2026, {author}"
version = release = installed_version("cellion")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_custom_sections = ["Source"]

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "cellion"
html_static_path: list[str] = []
