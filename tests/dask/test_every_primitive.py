"""Every sample of the conformance suite in several chunkings: nothing computes, and gradients are those of NumPy."""

import re
from itertools import product

import dask.array as da
import numpy as np
import pytest

xpgrad_conformance = pytest.importorskip("xpgrad_conformance.cases")

import xpgrad
from xpgrad import autograd
from xpgrad.array import array_of
from xpgrad.discovery import floating, get_named
from xpgrad_conformance.world import DOUBLE, World

#: Lengths of blocks along every axis; 0 for arrays in memory, to which lazy cotangents come back.
CHUNKS = (1000, 2, 1, 0)

#: Cases whose results have an unknown length.
MASKED = r"getitem\(.*key=(\(1,\[1,1,0\]\)|\(\[1,0\],(\.\.\.|1)\)|\[\[[01],0,[01]\])"

#: What cannot be done, with the reason. Names of cases are matched from the start.
BEYOND = {
    r"fft\.": "Dask refuses an FFT along an axis in several blocks",
    r"(get|set)item\(.*key=\(\[1,0\],\[2\]\)\)": "beside integers a lazy mask means all pairs to Dask",
    r"(max|min)\(\(0,3\),axis=(1|-1)": "Dask's reductions fail on empty blocks",
    r"unique_.*\(complex\(2,3\)": "Dask's cumulative sums fail along an axis beside one of unknown length",
    r"repeat\(.*repeats=\[": "Dask's repeat takes no array of counts",
    r"reshape\((complex)?\(2,3\),shape=\(3,2\)": "Dask does not reshape across blocks",
    r"linalg\.vector_norm\((complex)?\(0,3\)": "Dask does not flatten empty arrays in blocks",
}

#: The first case of every argument, in blocks of length 2 and in memory, is tried in every run; all before a release.
FIRST = {(case.name, case.position): case for case in reversed(xpgrad_conformance.CASES)}

EACH = [
    pytest.param(
        case,
        chunk,
        id=f"{case.id}-{chunk}",
        marks=() if chunk in (0, 2) and case is FIRST[case.name, case.position] else pytest.mark.deep,
    )
    for case, chunk in product(xpgrad_conformance.CASES, CHUNKS)
]


def gradient(backend, chunk, case, create, head):
    """The gradient of a case, and whether the sample's own library can compute it at all."""

    def made(a):
        a = np.array(a)
        return array_of(da.from_array(a, chunks=tuple(min(chunk, max(n, 1)) for n in a.shape)) if chunk else a)

    world = World(xpgrad.namespace(backend), made, DOUBLE)
    inputs = world.inputs(case.sample.arrays)
    for i, a in enumerate(case.sample.arrays):
        if xpgrad_conformance.is_float(a) and xpgrad_conformance.differentiable(case.name, i):
            inputs[i].attach_grad()
    plug_in = get_named(backend)
    with plug_in.no_compute(), plug_in.silent():
        with autograd.record():
            heads = [out for out in world.outputs(case, inputs) if floating(out.data)]
        rng = np.random.default_rng(0)
        weights = None
        if head:
            values = [rng.uniform(0.5, 1, h.shape).astype(h.dtype) for h in heads]
            weights = [da.from_array(v, chunks=-1) if backend == "dask" else v for v in values]
        found = autograd.grad(heads, inputs[case.position], weights, retain_graph=True, create_graph=create)
    if chunk:
        assert found.data.chunks == inputs[case.position].data.chunks
    return found.asnumpy()


@pytest.mark.parametrize(("case", "chunk"), EACH)
def test_gradient_is_that_of_numpy(case, chunk):
    beyond = [reason for pattern, reason in BEYOND.items() if re.match(pattern, case.id)]
    try:
        expected = {head: gradient("numpy", 0, case, False, head) for head in (True, False)}
    except Exception:  # noqa: BLE001  # whatever NumPy's own functions may raise
        pytest.skip("NumPy itself does not compute this")
    if case.name.startswith("unique") or re.match(MASKED, case.id):
        del expected[True]  # a cotangent needs the length of the result
    try:
        for create, head in product((False, True), expected):
            found = gradient("dask", chunk, case, create, head)
            assert found.dtype == expected[head].dtype
            np.testing.assert_allclose(found, expected[head], rtol=1e-9, atol=1e-11)
    except (NotImplementedError, ValueError, TypeError) as error:
        if not beyond:
            raise
        pytest.xfail(f"{beyond[0]} ({error})")


FIRST_CALLS = {call.name: call for call in reversed(xpgrad_conformance.CALLS)}

BESIDE = [
    pytest.param(call, lazy, id=f"{call.id}-{lazy}", marks=() if call is FIRST_CALLS[call.name] else pytest.mark.deep)
    for call in xpgrad_conformance.CALLS
    for lazy in range(len(call.sample.arrays))
    if len(call.sample.arrays) > 1
]


@pytest.mark.parametrize(("call", "lazy"), BESIDE)
def test_arrays_in_memory_stand_beside_one_that_is_lazy(call, lazy):
    if "key=([1,0],[2])" in call.id:
        pytest.xfail("beside integers a lazy mask means all pairs to Dask")
    chosen = call.sample.arrays[lazy]
    in_memory, mixed = (
        World(xpgrad.namespace("numpy"), lambda a: array_of(np.array(a)), DOUBLE),
        World(xpgrad.namespace("dask"), lambda a: array_of(lazily(a) if a is chosen else np.array(a)), DOUBLE),
    )
    plug_in = get_named("dask")
    with plug_in.no_compute(), plug_in.silent():
        try:
            expected = in_memory.outputs(call, in_memory.inputs(call.sample.arrays))
        except Exception:  # noqa: BLE001  # whatever NumPy's own functions may raise
            pytest.skip("NumPy itself does not compute this")
        found = mixed.outputs(call, mixed.inputs(call.sample.arrays))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-9, atol=1e-11)


def lazily(a):
    return da.from_array(a, chunks=tuple(min(2, max(n, 1)) for n in np.shape(a)))
