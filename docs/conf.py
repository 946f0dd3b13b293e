"""The site that `make docs` builds: the Markdown pages as they lie in the repository, and the notebooks, run."""

import logging
import os
import re
from importlib.metadata import version as version_of
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).parents[1]
START = "docs/index"
NAVIGATION = {
    "Use": [
        "docs/user-guide",
        "docs/recipes",
        "examples/README",
        "docs/batch",
        "docs/large-images",
        "docs/pairing",
    ],
    "Look up": ["docs/api", "docs/layer-contract", "CHANGELOG"],
    "How it works": ["docs/how-it-is-fast", "benchmarks/README", "docs/architecture", "docs/decisions/README"],
    "Take part": ["CONTRIBUTING", "docs/images/README"],
}
"""Pages of the side bar, by heading."""
BELOW = ["examples/README", "docs/decisions/README", "benchmarks/README"]
"""Lists, whose links to pages beside and below them are the pages below them in the side bar."""

# Kernels of notebooks neither know the settings of whoever builds the site, nor remark on how they are talked to.
ipython = TemporaryDirectory()
profile = Path(ipython.name) / "profile_default"
profile.mkdir()
(profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 'ERROR'\n", encoding="utf-8")
os.environ["IPYTHONDIR"] = ipython.name
logging.getLogger("traitlets").setLevel(logging.WARNING)

# The root of the project is the root of the site, so that links between its pages are those of the code host.
project = "napari-kseg"
author = project_copyright = "The napari-kseg developers"
release = version = version_of("napari-kseg")
root_doc = START
include_patterns = [
    "docs/**", "examples/*", "benchmarks/README.md", "benchmarks/results/*.md", "CHANGELOG.md", "CONTRIBUTING.md",
]  # fmt: skip
exclude_patterns = ["docs/conf.py", "examples/demo.py", "**/__pycache__"]
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.extlinks"]
nitpicky = True
default_role = "code"

myst_heading_anchors = 4
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"  # by the code as it is; a cache would look at the notebook alone
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 120

autodoc_typehints = "none"  # the docstrings say them
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
extlinks = {"doi": ("https://doi.org/%s", "doi:%s"), "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}

html_theme = "furo"
pygments_dark_style = "github-dark"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"napari-kseg {release}"
html_additional_pages = {"index": "to-the-start.html"}
templates_path = ["_templates"]
html_copy_source = False
html_show_sphinx = False
linkcheck_timeout = 20
linkcheck_workers = 4
linkcheck_ignore = [r"https?://localhost"]


def with_navigation(app, page, source):
    """Append the tables of contents that the side bar is made of; the code host shows no such thing."""
    if page == START:
        source[0] += "".join(toctree(pages, heading) for heading, pages in NAVIGATION.items())
    if page in BELOW:
        folder = PurePosixPath(page).parent
        links = re.findall(r"\]\(((?![./])[^):]+)\.(?:md|py)\)", source[0])
        source[0] += toctree([f"{folder}/{link}" for link in dict.fromkeys(links)])


def toctree(pages, heading=""):
    """Return a hidden table of contents of those pages that there are."""
    there = [page for page in pages if any((PROJECT / f"{page}{suffix}").exists() for suffix in (".md", ".rst", ".py"))]
    lines = [f":caption: {heading}"] if heading else []
    return "\n".join(["\n```{toctree}", ":hidden:", *lines, *(f"/{page}" for page in there), "```\n"])


def setup(app):
    """Register what this file does by itself."""
    app.connect("source-read", with_navigation)
    return {"parallel_read_safe": True}
