"""NumPy's functions of raw Dask arrays beside a recorded Array in memory: they build graph, and have gradients."""

import dask.array as da
import numpy as np
import pytest

import xpgrad.numpy as xn
from xpgrad import autograd

pytestmark = pytest.mark.usefixtures("nothing_computes")

DATA = np.random.default_rng(0).uniform(0.5, 2, size=(6, 3))
WEIGHTS = np.asarray([0.3, 1.2, 0.9])
SQUARE = np.random.default_rng(1).uniform(0.5, 2, size=(3, 3))

#: Functions of the data `x` and of what is differentiated by, `w` and `m`.
CALLS = {
    "add with where": lambda x, w, m: np.add(m, m, where=x[:3] > 1, out=m * 2),
    "add.outer": lambda x, w, m: np.add.outer(w, x[0]),
    "append": lambda x, w, m: np.append(x, m, axis=0),
    "average": lambda x, w, m: np.average(x, axis=1, weights=w),
    "block": lambda x, w, m: np.block([[x], [m]]),
    "broadcast_arrays": lambda x, w, m: sum(np.broadcast_arrays(x, w)),
    "clip": lambda x, w, m: np.clip(x, 0, w),
    "clip of a parameter": lambda x, w, m: np.clip(w, x, 1.5),
    "column_stack": lambda x, w, m: np.column_stack([w, x[0]]),
    "compress": lambda x, w, m: np.compress(x[0] > 1, w),
    "concatenate": lambda x, w, m: np.concatenate([x, m]),
    "convolve": lambda x, w, m: np.convolve(x[0], w),
    "cov": lambda x, w, m: np.cov(w, x[0]),
    "cross": lambda x, w, m: np.cross(x, w),
    "diff": lambda x, w, m: np.diff(w, prepend=x[0, :1]),
    "dot": lambda x, w, m: np.dot(x, w),
    "dot, the method": lambda x, w, m: w.dot(x[:3]),
    "dot of a namespace": lambda x, w, m: xn.dot(x, w),
    "einsum": lambda x, w, m: np.einsum("ij,j->i", x, w),
    "extract": lambda x, w, m: np.extract(x[0] > 1, w),
    "float_power": lambda x, w, m: np.float_power(w, x),
    "fmax": lambda x, w, m: np.fmax(w, x),
    "fmod": lambda x, w, m: np.fmod(x, w),
    "gradient": lambda x, w, m: np.gradient(w, x[0].cumsum(axis=0)),
    "heaviside": lambda x, w, m: np.heaviside(x - x, w),
    "hstack": lambda x, w, m: np.hstack([w, x[0]]),
    "hypot": lambda x, w, m: np.hypot(w, x),
    "inner": lambda x, w, m: np.inner(x, w),
    "insert": lambda x, w, m: np.insert(w, 0, x[0, 0]),
    "interp": lambda x, w, m: np.interp(x[:, 0], [0, 1, 2], w),
    "kron": lambda x, w, m: np.kron(x, m),
    "ldexp": lambda x, w, m: np.ldexp(w, x.astype(int)),
    "linalg.multi_dot": lambda x, w, m: np.linalg.multi_dot([x, m, w]),
    "linalg.solve": lambda x, w, m: np.linalg.solve(m, x[:3]),
    "linspace": lambda x, w, m: np.linspace(w, x[0], 5),
    "logaddexp2": lambda x, w, m: np.logaddexp2(w, x),
    "matmul": lambda x, w, m: np.matmul(x, w),
    "matvec": lambda x, w, m: np.matvec(x, w),
    "maximum": lambda x, w, m: np.maximum(x, w),
    "nested list": lambda x, w, m: np.dot([x[0], x[1]], w),
    "outer": lambda x, w, m: np.outer(w, x[0]),
    "polyval": lambda x, w, m: np.polyval(w, x),
    "quantile": lambda x, w, m: np.quantile(w, x[0, 0] / 4),
    "select": lambda x, w, m: np.select([x > 1], [w]),
    "stack": lambda x, w, m: np.stack([x[:3], m]),
    "sum with where": lambda x, w, m: np.sum(w * 1, where=x[0] > 1),
    "take_along_axis": lambda x, w, m: np.take_along_axis(w, x[0].astype(int), 0),
    "tensordot": lambda x, w, m: np.tensordot(x, m, 1),
    "trapezoid": lambda x, w, m: np.trapezoid(w, x[0]),
    "vdot": lambda x, w, m: np.vdot(x[0], w),
    "vstack": lambda x, w, m: np.vstack([x, w]),
    "where": lambda x, w, m: np.where(x > 1, w, 0.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_raw_lazy_operands_stay_lazy(name, compute):
    def gradients(x):
        w, m = xn.asarray(WEIGHTS), xn.asarray(SQUARE)
        w.attach_grad()
        m.attach_grad()
        with autograd.record():
            out = CALLS[name](x, w, m)
            loss = xn.sum(out**2)
        loss.backward()
        return out, w.grad, m.grad

    found = gradients(da.from_array(DATA, chunks=(2, 3)))
    assert hasattr(found[0].data, "dask")
    for a, b in zip(compute(*found), gradients(DATA), strict=True):
        np.testing.assert_allclose(a, b.asnumpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["allclose", "digitize", "isclose", "isin", "searchsorted"])
def test_functions_without_a_gradient_build_graph_too(name, compute):
    places = np.sort(WEIGHTS)
    data = (places, DATA[0]) if name == "searchsorted" else (DATA, places)
    lazy = [xn.asarray(x) if x is places else da.from_array(x, chunks=2) for x in data]
    found = getattr(np, name)(*lazy)
    assert hasattr(found.data, "dask")
    np.testing.assert_array_equal(compute(found), getattr(np, name)(*data))
