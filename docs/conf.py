"""How scripts/docs makes pages of the documents and of the docstrings; nothing is fetched."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from rdsrestore import __version__

project = "rdsrestore"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_copy_source = False
myst_heading_anchors = 4
default_role = "literal"  # docstrings put code into single backticks
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
suppress_warnings = ["ref.python"]  # one name may stand in several modules, and types are named by the short one


def plain(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep what a docstring says from being read as markup: ours is prose."""
    del app, what, name, thing, options
    lines[:] = [re.sub(r"([*|]|(?<=\w)_(?=\W|$))", r"\\\1", line).strip() for line in lines]


def setup(app: Sphinx) -> None:
    """Join in where docstrings are read."""
    app.connect("autodoc-process-docstring", plain)
