"""Plots and notebooks: matplotlib takes Arrays, and Arrays and graphs show themselves."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest

import xpgrad
import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import GradientLostWarning, HistoryLostError

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PLOTS: dict[str, Any] = {
    "plot": lambda ax, x, _: ax.plot(x, x**2),
    "plot columns": lambda ax, _, image: ax.plot(image),
    "loglog": lambda ax, x, _: ax.loglog(x, x),
    "step": lambda ax, x, _: ax.step(x, x),
    "stem": lambda ax, x, _: ax.stem(x, x),
    "scatter": lambda ax, x, _: ax.scatter(x, x, c=x, s=10 * x),
    "bar": lambda ax, x, _: ax.bar(x, x, width=x / 10),
    "hist": lambda ax, x, _: ax.hist(x, bins=x),
    "hist2d": lambda ax, x, _: ax.hist2d(x, x),
    "ecdf": lambda ax, x, _: ax.ecdf(x),
    "imshow": lambda ax, _, image: ax.imshow(image),
    "pcolormesh": lambda ax, _, image: ax.pcolormesh(image),
    "contour": lambda ax, x, image: ax.contourf(image, levels=10 * x),
    "fill_between": lambda ax, x, _: ax.fill_between(x, x, 2 * x, where=x > 0.3),
    "stackplot": lambda ax, x, _: ax.stackplot(x, x, x),
    "errorbar": lambda ax, x, _: ax.errorbar(x, x, xerr=x / 20, yerr=x / 10),
    "boxplot": lambda ax, x, _: ax.boxplot(x),
    "violinplot": lambda ax, x, _: ax.violinplot(x),
    "quiver": lambda ax, x, _: ax.quiver(x, x, x, x),
    "lines": lambda ax, x, _: (ax.axhline(x[0]), ax.vlines(x, 0, x), ax.axvspan(x[0], x[1])),
    "limits": lambda ax, x, _: (ax.set_xlim(x[0], x[-1]), ax.set_xticks(x), ax.annotate("here", (x[0], x[1]))),
}


def untracked(backend: str) -> tuple[Any, Any]:
    """A row of numbers and an image."""
    namespace = xpgrad.namespace(backend)
    return namespace.linspace(0.1, 1.0, 5), namespace.reshape(namespace.arange(12.0), (3, 4))


def recorded() -> tuple[Any, Any]:
    """The same as results of what was recorded."""
    arrays = untracked("numpy")
    for array in arrays:
        array.attach_grad()
    with autograd.record():
        return arrays[0] * 1.0, arrays[1] * 1.0


def drawn(plot: Any, arrays: tuple[Any, Any]) -> None:
    """Draw as `plt.show` would."""
    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    plot(figure.subplots(), *arrays)
    canvas.draw()


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("arrays", [untracked("numpy"), recorded()], ids=["untracked", "recorded"])
def test_plots(name: str, arrays: tuple[Any, Any]) -> None:
    drawn(PLOTS[name], arrays)


@pytest.mark.parametrize("name", ["plot", "scatter", "hist", "imshow", "fill_between", "errorbar"])
@pytest.mark.parametrize("backend", ["array_api_strict", "dask", "torch"])
def test_plots_of_other_libraries_arrays(name: str, backend: str) -> None:
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    x, image = untracked(backend)
    drawn(PLOTS[name] if name != "hist" else lambda ax, x, _: ax.hist(x), (x, image))


def test_a_line_holds_the_values() -> None:
    x, _ = untracked("numpy")
    (line,) = Figure().subplots().plot(x, x**2)
    np.testing.assert_array_equal(line.get_ydata(), x.asnumpy() ** 2)


@pytest.mark.parametrize("name", ["plot", "scatter", "hist", "imshow", "fill_between", "errorbar"])
def test_what_is_being_recorded_is_not_plotted_unseen(name: str) -> None:
    arrays = recorded()
    with autograd.record(), pytest.raises((HistoryLostError, GradientLostWarning), match="detach"):
        drawn(PLOTS[name], arrays)
    with autograd.record():
        drawn(PLOTS[name], (arrays[0].detach(), arrays[1].detach()))


def test_an_array_in_a_notebook() -> None:
    html = xp.asarray([1.0, 2.0])._repr_html_()
    assert html == "<pre>[1. 2.]</pre><small>shape (2,), float64, numpy</small>"
    assert recorded()[0]._repr_html_().endswith("numpy, recorded</small>")


def test_a_large_array_is_cut_short() -> None:
    assert len(xp.zeros((1000, 1000))._repr_html_()) < 1000


def test_a_lazy_array_is_not_computed_for_a_notebook() -> None:
    dask = pytest.importorskip("dask", reason="dask is not installed")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("computed")

    with dask.config.set(scheduler=refuse):
        html = xpgrad.namespace("dask").zeros((3,))._repr_html_()
    assert "dask.array&lt;" in html


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
