"""How Sphinx makes the documentation: ``sphinx-build docs build/docs``."""

from importlib.metadata import version as installed

project = "qkdctl"
author = "The qkdctl developers"
release = version = installed("qkdctl")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
suppress_warnings = [
    "myst.header",
    "misc.highlighting_failure",
]  # pages may begin below h1; console blocks are free text

html_theme = "furo"  # light and dark, no fonts or scripts from elsewhere
html_title = "qkdctl"
