"""xarray, unmodified: a DataArray over an Array."""

from __future__ import annotations

from typing import Any

import pytest
from differences import check_call, each

xr = pytest.importorskip("xarray", reason="xarray is not installed")


def labelled(x: Any) -> Any:
    """A DataArray of two labelled dimensions."""
    return xr.DataArray(x, dims=("a", "b"), coords={"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0, 3.0]})


def out(d: Any) -> Any:
    """What a DataArray holds."""
    return d.data


CALLS = """
out(D(x) * 2 + 1)
out(D(x) ** 2 - D(x).mean())
out(np.exp(D(x)))
out(np.sin(D(x)) * np.float64(2.0))
out(D(x).sum("a"))
out(D(x).mean("b"))
out(D(x).std("a"))
out(D(x).var("a", ddof=1))
out(D(x).max("b"))
out(D(x).min("b"))
out(D(x).prod("b"))
out(D(x).median("b"))
out(D(x).quantile(0.3, "b"))
out(D(x).quantile([0.3, 0.6]))
out(D(x).cumsum("a"))
out(D(x).cumprod("a"))
out(D(x).diff("b"))
out(D(x).shift(a=1, fill_value=0.0))
out(D(x).shift(a=1).fillna(3.0))
out(D(x).roll(b=1))
out(D(x).rolling(b=2).mean().fillna(0.0))
out(D(x).rolling(b=2).sum().fillna(0.0))
out(D(x).rolling(b=2).construct("w", fill_value=0.0))
out(D(x).coarsen(b=2).mean())
out(D(x).groupby(xr.DataArray([0, 1, 0, 1], dims="b", name="g")).mean())
out(D(x).groupby(xr.DataArray([0, 1, 0, 1], dims="b", name="g")).sum())
out(D(x).groupby_bins("b", [-1, 1, 5]).mean())
out(D(x).integrate("b"))
out(D(x).cumulative_integrate("b"))
out(D(x).sel(b=2.0))
out(D(x).isel(a=slice(0, 2), b=[0, 2]))
out(D(x).where(D(x) > 1, 0.0))
out(xr.where(D(x) > 1, D(x), -D(x)))
out(D(x).clip(0.5, 1.5))
out(D(x).dot(D(x), dim="b"))
out(xr.dot(D(x), D(x), dim=["a", "b"]))
out(D(x) @ D(x))
out(xr.concat([D(x), D(x)], dim="n"))
out(xr.apply_ufunc(lambda v: v**3, D(x)))
out(xr.apply_ufunc(lambda v: np.sum(v, axis=-1), D(x), input_core_dims=[["b"]]))
out(D(x).transpose("b", "a"))
out(D(x).T)
out(D(x).stack(z=("a", "b")))
out(D(x).expand_dims("n"))
out(D(x).squeeze())
out(D(x).pad(a=1, constant_values=0.0))
out(D(x).pad(b=1, mode="edge"))
out(D(x).weighted(xr.DataArray([1.0, 2, 3, 4], dims="b")).mean("b"))
out(D(x).weighted(xr.DataArray([1.0, 2, 3, 4], dims="b")).sum())
out(D(x).round(1))
out(xr.corr(D(x), D(x) ** 2, dim="b"))
out(xr.cov(D(x), D(x) ** 2, dim="b"))
out(xr.polyval(D(x), xr.DataArray([1.0, 2.0], dims="degree", coords={"degree": [0, 1]})))
out(D(x).sortby("b", ascending=False))
out(D(x).argmax("b") * D(x).sum("b"))
out(D(x).idxmax("b") * D(x).sum("b"))
out(D(x).reindex(b=[0.0, 3.0, 1.0]))
out(D(x).broadcast_like(xr.DataArray(np.ones((2, 3, 4)), dims=("z", "a", "b"))))
out(D(x).map_blocks(lambda d: d * 2))
out(D(x).reduce(np.sum, "a"))
out(D(x).dropna("b"))
out(D(x).isnull() * D(x))
out(D(x).fillna(0.0))
out(D(x).notnull() * D(x))
out(D(x).count("a") * D(x))
out(xr.Dataset({"v": D(x)}).mean("a").v)
out(xr.Dataset({"v": D(x)}).to_array())
out(D(x).to_dataset(dim="a")[1.0])
out(xr.DataArray(x, dims=("a", "b")) * np.ones((3, 4)))
out(D(x) * xr.DataArray(np.arange(4.0), dims="b"))
out(-D(x))
out(abs(D(x) - 1))
out(np.maximum(D(x), 1.0))
out(np.ones((3, 4)) * D(x))
"""

NAMES: dict[str, Any] = {"xr": xr, "D": labelled, "out": out}


@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)
