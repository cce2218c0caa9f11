"""How Arrays and graphs look in a notebook: ``_repr_html_``."""

from __future__ import annotations

import shutil
import subprocess
from html import escape

from xpgrad.array import Array
from xpgrad.discovery import backend_of
from xpgrad.graph import Graph


def array_html(self: Array) -> str:
    """The values, and a line that says what kind of array holds them."""
    facts = [f"shape {tuple(self.shape)}", str(self.dtype), backend_of(self.data).name]
    facts += ["recorded"] if self._node is not None else []
    return f"<pre>{escape(str(self))}</pre><small>{escape(', '.join(facts))}</small>"


def graph_html(self: Graph) -> str:
    """The graph as a picture where Graphviz is installed, otherwise as text."""
    dot = shutil.which("dot")
    if dot is None:
        return f"<pre>{escape(str(self))}</pre>"
    done = subprocess.run([dot, "-Tsvg"], input=self.to_dot(), capture_output=True, text=True, check=True)  # noqa: S603  # a program by its full path, on text made of labels
    return done.stdout[done.stdout.index("<svg") :]


Array._repr_html_ = array_html  # type: ignore[attr-defined]  # this is where it comes from
Graph._repr_html_ = graph_html  # type: ignore[attr-defined]  # likewise
