"""Runs the conformance suite's cases on the stand-in, draws random numbers, and prints as JSON what was called.

    PYTHONPATH=tests/stand_in python tests/stand_in/observe.py

``calls`` are those that reached CuPy, ``asked`` those that xpgrad made of array-api-compat's namespace and the
plug-in's own functions, each as [name, number of positional arguments, keywords, dtypes of array arguments].
``waits`` tells by function what made it wait on the way forward and backward, ``wrong`` which gradients differ from
those on NumPy or are not where and what their variable is.
"""

import json
import sys
from contextlib import suppress

import cupy
import numpy as np
from cupy import calls

import xpgrad
from xpgrad import errors
from xpgrad.discovery import get_named
from xpgrad.mxnet import np as mx
from xpgrad.mxnet.numpy.random import FUNCTIONS
from xpgrad_conformance.cases import CASES, is_float
from xpgrad_conformance.reference import outputs, reference
from xpgrad_conformance.target import Run, Target

ASKED = set()


def noting(function):
    """A raw function finder that notes the calls of what it finds."""

    def find(name, *rest):
        found = function(name, *rest)
        if not callable(found) or isinstance(found, type):
            return found

        def call(*arguments, **keywords):
            ASKED.add(json.dumps([name, len(arguments), sorted(keywords), calls.dtypes(arguments)]))
            return found(*arguments, **keywords)

        return call

    return find


def observe(target, other, case):
    """Run one case forward, backward, and backward of backward; return the waits and what is wrong."""
    expected = reference(case)
    positions = [i for i, a in enumerate(case.sample.arrays) if is_float(a)]
    calls.WAITS.clear()
    run = Run(target, case, case.sample.arrays, expected.weights)
    forward = set(calls.WAITS)
    calls.WAITS.clear()
    raw, tracked = (run.gradient(case.position, create_graph=create) for create in (False, True))
    backward = set(calls.WAITS)
    variable = run.inputs[case.position]
    right = Run(other, case, case.sample.arrays, expected.weights).gradient(case.position).asnumpy()
    wrong = any(
        type(g.data) is not cupy.ndarray
        or (g.device, g.dtype, g.shape) != (variable.device, variable.dtype, variable.shape)
        or not np.allclose(g.asnumpy(), right, rtol=1e-10, atol=1e-10, equal_nan=True)
        for g in (raw, tracked)
    )
    run.second_order(case.position, expected.direction)
    return forward, backward, wrong and positions


def draw():
    """Draw from every distribution, with parameters on the device where it has some; nothing waits."""
    xpgrad.set_backend("cupy")
    x = mx.array([0.3, 0.5, 0.2])
    numbers = {"rand": (2,), "randn": (2,), "randint": (3,), "multinomial": (4, x), "binomial": (4, x)}
    pairs = dict.fromkeys(("beta", "f", "gamma", "negative_binomial"), (x, x))
    parameters = numbers | pairs | {"multivariate_normal": (x, mx.eye(3))}
    with calls.no_waiting():
        for name in FUNCTIONS:
            getattr(mx.random, name)(*parameters.get(name, (x,)))


def main():
    backend = get_named("cupy")
    backend.function = noting(backend.function)
    backend.own = noting(backend.own)
    target, other = Target("cupy"), Target("numpy")
    waits, wrong = {}, []
    for case in CASES:
        if case.sample.extends and not target.extends(case, outputs(case, case.sample.arrays)):
            continue
        with suppress(errors.FunctionMissingError):
            forward, backward, is_wrong = observe(target, other, case)
            for direction, found in (("forward", forward), ("backward", backward)):
                if found:
                    waits.setdefault(case.name, {}).setdefault(direction, set()).update(found)
            if is_wrong:
                wrong.append(case.id)
    draw()
    found = {"calls": map(json.loads, sorted(calls.CALLS)), "asked": map(json.loads, sorted(ASKED))}
    json.dump({**found, "waits": waits, "wrong": wrong}, sys.stdout, default=sorted_list, indent=1)


def sorted_list(items):
    return sorted(items) if isinstance(items, set) else list(items)


if __name__ == "__main__":
    main()
