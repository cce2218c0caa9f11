"""The site: `python -m sphinx -W -n -b html docs build/site` builds it, without the network."""

import inspect

from numpydoc.xref import DEFAULT_LINKS

import xpgrad
from xpgrad import errors
from xpgrad.namespace import NAMES
from xpgrad.primitive import CONSTANTS
from xpgrad.protocols import constants
from xpgrad.protocols.functions import FUNCTIONS

project = "xpgrad"
author = "the authors of xpgrad"
copyright = author  # noqa: A001  # Sphinx's name for it
version = release = xpgrad.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
myst_enable_extensions = ["substitution"]
myst_heading_anchors = 3  # links to headings, as on GitHub
default_role = "autolink"  # `name` in a docstring links to what has that name, and is emphasised where nothing has

html_theme = "furo"
html_title = f"xpgrad {version}"

autosummary_generate = False  # every name has its place on a page that is written
autodoc_typehints = "none"  # the docstrings say what a parameter is
numpydoc_show_class_members = False  # likewise
numpydoc_xref_param_type = True
DEFAULT_LINKS.clear()  # they lead to the documentation of Python and NumPy, which is not fetched
numpydoc_xref_ignore = "all"  # words such as "array" name no class
numpydoc_xref_aliases = {
    name: f"xpgrad.errors.{name}" for name, kind in vars(errors).items() if inspect.isclass(kind)
} | {"Array": "xpgrad.Array"}

nitpick_ignore = [
    ("py:obj", "subscripts"),  # a parameter of einsum; a module that is not public has the same name
]
nitpick_ignore_regex = [
    ("py:class", r"[A-Z][A-Za-z]*(Error|Warning)"),  # Python's own: their documentation is not fetched
]


def _listed(names):
    return ", ".join(f"`{name}`" for name in sorted(names))


myst_substitutions = {
    "numpys": _listed(FUNCTIONS),
    "constants_everywhere": _listed(constants.EVERYWHERE),
    "constants_of_some": _listed(constants.NAMES - constants.EVERYWHERE),
    "specials": _listed(name.removeprefix("special.") for name in NAMES if name.startswith("special.")),
    "constants": "\n".join(
        f"- {reason}: {_listed(name for name, why in CONSTANTS.items() if why == reason)}."
        for reason in dict.fromkeys(CONSTANTS.values())
    ),
}
