"""Plots and notebooks: matplotlib takes Arrays, and Arrays and graphs show themselves."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import GradientLostWarning, HistoryLostError

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

X = xp.linspace(0.1, 1.0, 5)
IMAGE = xp.reshape(xp.arange(12.0), (3, 4))

PLOTS: dict[str, Any] = {
    "plot": lambda ax: ax.plot(X, X**2),
    "scatter": lambda ax: ax.scatter(X, X, c=X, s=10 * X),
    "bar": lambda ax: ax.bar(X, X),
    "hist": lambda ax: ax.hist(X),
    "imshow": lambda ax: ax.imshow(IMAGE),
    "pcolormesh": lambda ax: ax.pcolormesh(IMAGE),
    "contour": lambda ax: ax.contour(IMAGE),
    "fill_between": lambda ax: ax.fill_between(X, X, 2 * X),
    "errorbar": lambda ax: ax.errorbar(X, X, yerr=X / 10),
    "boxplot": lambda ax: ax.boxplot(X),
    "quiver": lambda ax: ax.quiver(X, X, X, X),
}


@pytest.mark.parametrize("name", PLOTS)
def test_plots(name: str) -> None:
    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    PLOTS[name](figure.subplots())
    canvas.draw()


def test_a_line_holds_the_values() -> None:
    (line,) = Figure().subplots().plot(X, X**2)
    np.testing.assert_array_equal(line.get_ydata(), X.asnumpy() ** 2)


def test_what_is_recorded_is_not_plotted_unseen() -> None:
    x = xp.asarray([1.0, 2.0])
    x.attach_grad()
    with autograd.record(), pytest.raises((HistoryLostError, GradientLostWarning), match="detach"):
        Figure().subplots().plot(x * 2)


def test_an_array_in_a_notebook() -> None:
    html = xp.asarray([1.0, 2.0])._repr_html_()
    assert "[1. 2.]" in html
    assert "shape (2,), float64, numpy" in html


def test_a_graph_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    x = xp.asarray([1.0, 2.0])
    x.attach_grad()
    with autograd.record():
        graph = autograd.get_symbol(xp.sum(xp.exp(x)))
    if shutil.which("dot"):
        assert graph._repr_html_().startswith("<svg")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert graph._repr_html_().startswith("<pre>")
    assert "exp" in graph._repr_html_()
