"""Gradients that MXNet computed, against xpgrad's.

tests/data/mxnet_gradients.json holds expressions in MXNet's NumPy spelling, with inputs, head gradients, outputs and
the gradients that the real program returned; each was checked against finite differences of MXNet's own forward pass.
An expression is evaluated here if every function in it can be spelled with the array API standard's; `LACKING` names
the functions that cannot, and why, so that whoever adds one sees which expressions to take in.
"""

from __future__ import annotations

import ast
import json
import math
from pathlib import Path

import numpy
import pytest

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import NotRecordedError

GOLDEN = json.loads((Path(__file__).parent / "data" / "mxnet_gradients.json").read_text())

#: How many cases are evaluated, of 330 with first and 48 with second derivatives (each in float32 and in float64).
COVERED = {"first_order": 250, "second_order": 44}

#: Why functions of MXNet are not evaluated.
LACKING = {
    name: reason
    for reason, names in {
        "the linalg extension is not there yet": """
            np.cross np.diagonal np.linalg.inv np.linalg.norm np.linalg.slogdet np.linalg.solve np.linalg.svd
            np.linalg.tensorsolve np.trace""",
        "the standard has no such function": """
            np.diag np.diagflat np.einsum np.kron np.nan_to_num np.pad np.split nd.cbrt npx.arange_like npx.erf
            npx.gamma npx.masked_log_softmax npx.masked_softmax npx.sequence_mask""",
        "the standard has no layers of neural networks": """
            nd.FullyConnected npx.activation npx.batch_norm npx.fully_connected npx.group_norm npx.leaky_relu
            npx.pooling npx.smooth_l1""",
        "its arguments are a language of MXNet's own": "npx.reshape npx.slice",
    }.items()
    for name in names.split()
}

#: Agreement to rounding, which MXNet's formulas do in another order.
TOLERANCE = {"float32": {"rtol": 1e-5, "atol": 4e-6}, "float64": {"rtol": 1e-10, "atol": 1e-12}}

#: Functions in which MXNet multiplies by a constant (pi / 180, log 2) that it has rounded to float32.
ROUNDED = {"np.deg2rad", "np.rad2deg", "np.radians", "np.ldexp"}
ROUNDED_TOLERANCE = {"rtol": 1e-7, "atol": 0}

#: Where xpgrad decides otherwise. MXNet gives a second derivative of zeros; here a first derivative that does not
#: depend on the variable is a constant, and to differentiate it is an error.
CONSTANT_GRADIENT = {"nd.clip(x0, 1.0, 2.0)"}


def dot(a, b):
    """NumPy's dot product; for two dimensions at most."""
    return a @ b if a.ndim and b.ndim else a * b


def softmax(x, axis=-1, temperature=1.0):
    scaled = x / temperature
    exponential = xp.exp(scaled - xp.max(scaled, axis=axis, keepdims=True))
    return exponential / xp.sum(exponential, axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def pick(x, index, axis=-1, keepdims=False):
    picked = xp.take_along_axis(x, xp.expand_dims(index, axis=axis), axis=axis)
    return picked if keepdims else xp.squeeze(picked, axis=axis)


def swapaxes(x, first, second):
    axes = list(range(x.ndim))
    axes[first], axes[second] = axes[second], axes[first]
    return xp.permute_dims(x, tuple(axes))


def shape_of(*lengths):
    """A shape given as a tuple or as single lengths."""
    return lengths[0] if isinstance(lengths[0], tuple) else lengths


def dtype_of(name):
    return getattr(xp, name) if isinstance(name, str) else name


#: MXNet's functions under their own names, where the standard has another name or another way to call them.
RENAMED = {
    "absolute": xp.abs,
    "amax": xp.max,
    "amin": xp.min,
    "append": lambda a, b: xp.concat([xp.reshape(a, (-1,)), xp.reshape(b, (-1,))]),
    "arange": lambda *limits, dtype: xp.arange(*limits, dtype=dtype_of(dtype)),
    "arcsin": xp.asin,
    "arctan": xp.atan,
    "arctanh": xp.atanh,
    "average": xp.mean,
    "npx.batch_dot": lambda a, b, transpose_b=False: a @ (b.mT if transpose_b else b),
    "npx.broadcast_like": lambda x, like: xp.broadcast_to(x, like.shape),
    "npx.norm": lambda x: xp.reshape(xp.sqrt(xp.sum(x * x)), (1,)),
    "concatenate": lambda arrays, axis=0: xp.concat(arrays, axis=axis),
    "deg2rad": lambda x: x * (math.pi / 180),
    "dot": dot,
    "dstack": lambda arrays: xp.stack(arrays, axis=2),
    "fabs": xp.abs,
    "flatten": lambda x: xp.reshape(x, (-1,)),
    "fliplr": lambda x: xp.flip(x, axis=1),
    "ldexp": lambda x, exponent: x * 2**exponent,
    "npx.log_softmax": log_softmax,
    "npx.pick": pick,
    "rad2deg": lambda x: x * (180 / math.pi),
    "radians": lambda x: x * (math.pi / 180),
    "ravel": lambda x: xp.reshape(x, (-1,)),
    "npx.relu": lambda x: xp.maximum(x, 0),
    "repeat": lambda x, repeats, axis=None: xp.repeat(x, repeats, axis=axis),
    "reshape": lambda x, *lengths: xp.reshape(x, shape_of(*lengths)),
    "rint": xp.round,
    "rollaxis": lambda x, axis: xp.moveaxis(x, axis, 0),
    "row_stack": xp.concat,
    "npx.softmax": softmax,
    "squeeze": lambda x: xp.squeeze(x, axis=tuple(i for i, n in enumerate(x.shape) if n == 1)),
    "swapaxes": swapaxes,
    "take": lambda x, index, axis=None: xp.take(xp.reshape(x, (-1,)) if axis is None else x, index, axis=axis or 0),
    "tensordot": lambda a, b, axes=2: xp.tensordot(a, b, axes=axes),
    "tile": lambda x, repetitions: xp.tile(x, shape_of(repetitions)),
    "transpose": lambda x, *axes: xp.permute_dims(x, shape_of(*axes) if axes else tuple(reversed(range(x.ndim)))),
    "triu": lambda x, k=0: xp.triu(x, k=k),
    "true_divide": xp.divide,
    "vdot": lambda a, b: xp.sum(a * b),
}


class Methods(ast.NodeTransformer):
    """Turns methods of arrays into functions, ``x.sum()`` into ``np.sum(x)``, and notes every function."""

    def __init__(self):
        self.used = set()

    def visit_Call(self, node):
        name = ast.unparse(node.func)
        if not name.startswith(("np.", "npx.", "nd.")):
            name = f"np.{node.func.attr}"
            node = ast.Call(ast.parse(name, mode="eval").body, [node.func.value, *node.args], node.keywords)
        self.used.add(name)
        return self.generic_visit(node)


def functions_in(expression):
    """The functions that an expression calls, as in ``np.linalg.inv``."""
    methods = Methods()
    methods.visit(ast.parse(expression, mode="eval"))
    return methods.used


class Spelling:
    """A namespace with MXNet's names over the array API standard's functions."""

    def __init__(self, prefix=""):
        self.prefix = prefix

    def __getattr__(self, name):
        found = RENAMED.get(self.prefix + name)
        return getattr(xp, self.prefix + name) if found is None else found


NAMESPACES = {"np": Spelling(), "nd": Spelling(), "npx": Spelling("npx.")}


def evaluate(expression, inputs):
    """The outputs of an expression, as a tuple."""
    tree = ast.fix_missing_locations(Methods().visit(ast.parse(expression, mode="eval")))
    names = {f"x{i}": x for i, x in enumerate(inputs)}
    out = eval(compile(tree, expression, "eval"), NAMESPACES, names)  # the expressions are our own data
    return tuple(out) if isinstance(out, list | tuple) else (out,)


def array(tensor):
    dtype, shape, values = tensor
    return xp.asarray(numpy.asarray(values, dtype=dtype).reshape(shape))


def agreement(case):
    """The check of an array against a tensor of a case."""
    rounded = functions_in(case["expr"]) & ROUNDED

    def assert_agrees(actual, expected):
        dtype, shape, values = expected
        assert actual.dtype == getattr(xp, dtype)
        tolerance = TOLERANCE.get(dtype, {})
        if rounded and dtype == "float64":
            tolerance = ROUNDED_TOLERANCE
        numpy.testing.assert_allclose(actual.asnumpy(), numpy.asarray(values).reshape(shape), **tolerance)

    return assert_agrees


def covered(order):
    """The cases of an order that can be evaluated, as pytest's parameters."""
    return [
        pytest.param(case, id=f"{case['expr']} {[shape for _, shape, _ in case['inputs']]} {case['inputs'][0][0]}")
        for case in GOLDEN[order]
        if not functions_in(case["expr"]) & LACKING.keys()
    ]


@pytest.mark.parametrize("order", COVERED)
def test_how_much_is_covered(order):
    assert len(covered(order)) == COVERED[order]


def test_every_lacking_function_is_used():
    used = set().union(*(functions_in(case["expr"]) for order in COVERED for case in GOLDEN[order]))
    assert LACKING.keys() <= used


@pytest.mark.parametrize("case", covered("first_order"))
def test_gradient(case):
    assert_agrees = agreement(case)
    inputs = [array(tensor) for tensor in case["inputs"]]
    for x, expected in zip(inputs, case["grads"], strict=True):
        if expected is not None:
            x.attach_grad()
    with autograd.record():
        outputs = evaluate(case["expr"], inputs)
    for out, expected in zip(outputs, case["outputs"], strict=True):
        assert_agrees(out, expected)
    heads = [array(tensor) for tensor in case["heads"]]
    if xp.isdtype(outputs[0].dtype, "real floating"):  # MXNet gives zeros for what is made of integers
        autograd.backward(outputs, heads)
    for x, expected in zip(inputs, case["grads"], strict=True):
        if expected is not None:
            assert_agrees(x.grad, expected)


@pytest.mark.parametrize("case", covered("second_order"))
def test_second_gradient(case):
    assert_agrees = agreement(case)
    (x,) = [array(tensor) for tensor in case["inputs"]]
    x.attach_grad()
    with autograd.record():
        (y,) = evaluate(case["expr"], [x])
        g = autograd.grad(y, x, head_grads=array(case["heads"][0]), create_graph=True)
    assert_agrees(g, case["grads"][0])
    if case["expr"] in CONSTANT_GRADIENT:
        assert not numpy.any(case["second_grads"][0][2])
        with pytest.raises(NotRecordedError):
            g.backward()
        return
    g.backward(array(case["second_heads"][0]))
    assert_agrees(x.grad, case["second_grads"][0])
