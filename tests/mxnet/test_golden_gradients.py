"""Values and gradients that MXNet computed, through the layer's own names: every expression runs as it is written.

The data of MXNet 2's style are those of tests/test_golden.py, which runs what the array API standard can spell.
"""

import json
from pathlib import Path

import numpy
import pytest

import xpgrad
from xpgrad.mxnet import autograd, nd, np, npx

DATA = Path(__file__).parents[1] / "data"
GOLDEN = json.loads((DATA / "mxnet_gradients.json").read_text())
MORE = json.loads((DATA / "mxnet1_gradients.json").read_text())

#: Agreement to rounding, which MXNet's formulas do in another order.
TOLERANCE = {"float32": {"rtol": 1e-5, "atol": 4e-6}, "float64": {"rtol": 1e-10, "atol": 1e-12}}

#: What MXNet computes with a constant or a parameter that it has rounded to float32, or with a series that is not
#: exact to float64.
ROUNDED = "np.deg2rad np.rad2deg np.radians np.ldexp nd.degrees npx.erf nd.erfinv gamma( slope=0.7 hard_sigmoid".split()


def named(cases):
    return [
        pytest.param(case, id=f"{case['expr']} {[shape for _, shape, _ in case['inputs']]} {case['inputs'][0][0]}")
        for case in cases
    ]


def parameters(order):
    return named(GOLDEN[order])


def array(tensor, style):
    dtype, shape, values = tensor
    make = nd.array if style == "nd" else np.array
    return make(numpy.asarray(values, dtype=dtype).reshape(shape), dtype=dtype)


def style_of(case):
    """Expressions without a module are NumPy's; those of `nd` have arrays of MXNet 1, in which shapes may differ."""
    return "nd" if "nd." in case["expr"] else "np"


def evaluate(case, inputs):
    out = eval(case["expr"], {"np": np, "npx": npx, "nd": nd}, {f"x{i}": x for i, x in enumerate(inputs)})
    return list(out) if isinstance(out, list | tuple) else [out]


def assert_agrees(case, actual, expected):
    dtype, shape, values = expected
    tolerance = TOLERANCE.get(dtype, {})
    if dtype == "float64" and any(name in case["expr"] for name in ROUNDED):
        tolerance = {"rtol": 1e-6, "atol": 1e-7}
    assert str(actual.asnumpy().dtype) == dtype
    numpy.testing.assert_allclose(actual.asnumpy(), numpy.asarray(values, dtype).reshape(shape), **tolerance)


def check(case, style, array=array):
    inputs = [array(tensor, style) for tensor in case["inputs"]]
    for x, expected in zip(inputs, case["grads"], strict=True):
        if expected is not None:
            x.attach_grad()
    with autograd.record():
        outputs = evaluate(case, inputs)
    assert len(outputs) == len(case["outputs"])
    for out, expected in zip(outputs, case["outputs"], strict=True):
        assert type(out)._kind is type(inputs[0])
        assert_agrees(case, out, expected)
    autograd.backward(outputs, [array(tensor, style) for tensor in case["heads"]])
    for x, expected in zip(inputs, case["grads"], strict=True):
        if expected is not None:
            assert type(x.grad) is type(x)
            assert_agrees(case, x.grad, expected)


@pytest.mark.parametrize("case", parameters("first_order"))
def test_gradient(case):
    check(case, style_of(case))


@pytest.mark.parametrize("case", named(MORE["first_order"]))
def test_gradient_of_mxnet_1(case):
    check(case, "nd")


@pytest.mark.parametrize("case", named(MORE["wrong"]))
def test_gradient_that_mxnet_has_wrong(case):
    style = style_of(case)
    inputs = [array(tensor, style) for tensor in case["inputs"]]
    variables = [x for x, varies in zip(inputs, case["variables"], strict=True) if varies]
    for x in variables:
        x.attach_grad()
    with autograd.record():
        outputs = evaluate(case, inputs)
    for out, expected in zip(outputs, case["outputs"], strict=True):
        assert_agrees(case, out, expected)
    heads = [array(tensor, style) for tensor in case["heads"]]
    autograd.backward(outputs, heads)

    def weighted():
        return sum(float((out * head).sum()) for out, head in zip(evaluate(case, inputs), heads, strict=True))

    step = 1e-6
    for x in variables:
        differences = numpy.zeros(x.shape)
        for place in numpy.ndindex(*x.shape):
            x[place] += step
            above = weighted()
            x[place] -= 2 * step
            differences[place] = (above - weighted()) / (2 * step)
            x[place] += step
        numpy.testing.assert_allclose(x.grad.asnumpy(), differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", parameters("second_order"))
def test_second_gradient(case):
    style = style_of(case)
    x = array(case["inputs"][0], style)
    x.attach_grad()
    with autograd.record():
        (y,) = evaluate(case, [x])
        (g,) = autograd.grad(y, x, head_grads=array(case["heads"][0], style), create_graph=True)
    assert_agrees(case, g, case["grads"][0])
    g.backward(array(case["second_heads"][0], style))
    assert_agrees(case, x.grad, case["second_grads"][0])


#: Keys that array-api-strict refuses: the standard wants all axes named.
SHORT_KEYS = ("x0[0]", "x0[None]", "x1[0]")


@pytest.mark.parametrize(
    "case", [p for p in parameters("first_order") if not any(key in p.values[0]["expr"] for key in SHORT_KEYS)]
)
def test_gradient_on_another_backend(case):
    with xpgrad.use_backend("array_api_strict"):
        check(case, style_of(case))


def chunked(tensor, style):
    x = array(tensor, style)
    if x.ndim:
        x._data = x.data.rechunk(tuple(max(1, -(-n // 2)) for n in x.shape))
    return x


#: What Dask cannot do with chunks: masks and nonzero find an unknown number, and some reshapes do not fit the chunks.
DASK_REFUSES = ("x0[x0 > 0]", "np.nonzero(x0)", "x0.reshape(-1, 2)", "npx.group_norm(")


@pytest.mark.deep
@pytest.mark.parametrize("case", parameters("first_order"))
def test_gradient_on_chunks(case):
    dask = pytest.importorskip("dask")
    if any(key in case["expr"] for key in DASK_REFUSES):
        pytest.skip("Dask refuses it in chunks")
    with dask.config.set(scheduler="synchronous"), xpgrad.use_backend("dask"):
        check(case, style_of(case), chunked)
