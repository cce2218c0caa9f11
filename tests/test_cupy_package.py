"""The CuPy plug-in where there is no GPU.

It runs on a stand-in for CuPy (tests/stand_in), which computes with NumPy, has two devices, and refuses what CuPy
refuses. Every call that reaches the stand-in is noted, and where the real package is installed, held against its
namespace and signatures, which need no GPU.
"""

import inspect
import json
import os
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import numpy
import pytest
from fresh_process import run

import xpgrad
import xpgrad.minpy.numpy
import xpgrad.mxnet
from xpgrad import discovery
from xpgrad.array import array_of
from xpgrad.backend import Backend
from xpgrad.discovery import backend_of, get_named
from xpgrad.errors import DeviceError
from xpgrad.namespace import NAMES
from xpgrad.primitive import CONSTANTS, FORMS, PRIMITIVES

TESTS = Path(__file__).parent
STAND_IN = str(TESTS / "stand_in")


def on_stand_in(code):
    """What Python code prints where the stand-in takes CuPy's place."""
    start = (
        "import cupy, numpy as np, xpgrad, xpgrad.cupy as xp; from cupy.cuda import Device; from xpgrad import autograd"
    )
    return run(f"{start}\n{inspect.cleandoc(code)}", PYTHONPATH=STAND_IN).stdout.splitlines()


# Without a library, without a device


def test_where_cupy_is_not_installed_the_error_names_the_command():
    code = "import sys, xpgrad\nsys.modules['cupy'] = None\n"
    code += "try: xpgrad.set_backend('cupy')\nexcept ImportError as error: print(error)"
    message = run(code).stdout
    assert message.startswith("backend 'cupy' needs the library 'cupy', which is not installed: run `pip install 'cupy")


def test_the_plug_in_does_not_import_cupy():
    code = "import sys, xpgrad\nprint('cupy' in xpgrad.available_backends(), 'cupy' in sys.modules)"
    assert run(code, PYTHONPATH=STAND_IN).stdout.split() == ["True", "False"]


@pytest.mark.parametrize(
    ("failure", "driver", "cause"),
    [
        ("CUDARuntimeError(35)", 0, "there is no NVIDIA driver"),
        ("CUDARuntimeError(35)", 11080, "the NVIDIA driver knows CUDA 11.8, but this CuPy is built for CUDA 12.9"),
        ("CUDARuntimeError(100)", 12090, "the NVIDIA driver finds no GPU"),
        ("CUDARuntimeError(46, 'all devices are busy')", 12090, "all devices are busy"),
        ("ImportError('libnvrtc.so.12: cannot open')", 12090, "the CUDA library libnvrtc.so is missing, which `pip"),
        ("CUDARuntimeError(700, 'an illegal address')", 12090, None),
        ("MemoryError('the device has no more memory')", 12090, None),
        ("ValueError('negative dimensions')", 12090, None),
    ],
)
def test_a_failed_allocation_names_its_cause(failure, driver, cause):
    [message] = on_stand_in(f"""
        from cupy.cuda import device, runtime
        from cupy.cuda.runtime import CUDARuntimeError
        runtime.versions["driver"] = {driver}
        def fail(self):
            raise {failure}
        device.Device.__enter__ = fail
        try:
            xp.zeros(3)
        except Exception as error:
            print(type(error).__name__, error)
    """)
    if cause is None:
        assert not message.startswith("DeviceError")
    else:
        assert message.startswith(f"DeviceError backend 'cupy' is installed, but its device cannot be used: {cause}")


# On the stand-in


@pytest.fixture(scope="module")
def observed():
    """What the cases of the conformance suite called on the stand-in, what waited for the device, what went wrong."""
    pytest.importorskip("scipy.special", reason="the stand-in's special functions are SciPy's, which is not installed")
    return json.loads(run("import observe; observe.main()", PYTHONPATH=STAND_IN).stdout)


def test_gradients_are_those_on_numpy_and_lie_where_their_variable_lies(observed):
    assert observed["wrong"] == []
    assert len(observed["calls"]) > 300


def test_nothing_waits_for_the_device_unless_a_shape_depends_on_values(observed):
    unique = {f"unique_{of}": {"forward": ["unique"]} for of in ("all", "counts", "inverse", "values")}
    masks = {"forward": ["mask"], "backward": ["mask"]}
    assert observed["waits"] == {
        **unique,
        "getitem": masks,  # backward where a slice stands beside the mask
        "repeat": {"forward": ["repeat"], "backward": ["repeat"]},  # a number of its own for each element
        "scatter": {"backward": ["mask"]},
        "setitem": masks,
    }


def test_masks_alone_do_not_wait_backward():
    assert on_stand_in("""
        from cupy import calls
        x = xp.asarray([[1.0, -2.0], [-3.0, 4.0]])
        x.attach_grad()
        with autograd.record():
            y = x[x > 0]
            z = xp.sum(y * y) + xp.sum(x[xp.asarray([True, False])])
        with calls.no_waiting():
            z.backward()
            x[x < 0] = 0.0
            x[xp.asarray([False, True])] = xp.asarray(5.0)
        print(x.grad.tolist(), x.tolist())
    """) == ["[[3.0, 1.0], [0.0, 8.0]] [[1.0, 0.0], [5.0, 5.0]]"]


def test_gradients_lie_on_the_device_of_their_variable_whatever_device_is_current():
    assert on_stand_in("""
        with Device(1):
            x = xp.asarray(np.asarray([[1.0, 2.0], [3.0, 4.0]]))
            x.attach_grad()
        def f(x):
            rows = xp.prod(x, axis=1)[xp.asarray([0, 0, 1])] * xp.clip(x, 0, 2)[0, 0]
            return xp.sum(rows) + xp.linalg.vector_norm(x) + xp.max(x, axis=0)[0]
        with Device(1), autograd.record():
            y = f(x)
        assert x.grad.device == Device(1)
        y.backward()
        print(x.grad.device)
        with Device(1), autograd.record():
            y = f(x)
        print(autograd.grad(y, x, create_graph=True).device)
        with Device(1):
            print(xpgrad.grad(f)(x.data).device)
        x.zero_grad()
        x[0] = 5.0
        print(x.grad.device, x.copy().device, x.asnumpy()[0])
    """) == ["<CUDA Device 1>"] * 3 + ["<CUDA Device 1> <CUDA Device 1> [5. 5.]"]


def test_creation_functions_keep_to_the_device_asked_for():
    assert on_stand_in("""
        there, here = Device(1), Device(0)
        x = xp.zeros((2,), device=there)
        made = [
            xp.arange(3, device=there), xp.asarray([1.0], device=there), xp.empty(2, device=there),
            xp.eye(2, device=there), xp.full((2,), 1.0, device=there), xp.linspace(0, 1, 3, device=there),
            xp.ones(2, device=there), xp.fft.fftfreq(4, device=there), xp.fft.rfftfreq(4, device=there),
            x, xp.empty_like(x), xp.full_like(x, 1.0), xp.ones_like(x), xp.zeros_like(x), xp.asarray(x.data),
            xp.to_device(xp.ones(2), there),
        ]
        print({a.device for a in made}, xp.ones(2).device, xp.zeros_like(x, device=here).device)
    """) == ["{<CUDA Device 1>} <CUDA Device 0> <CUDA Device 0>"]


@pytest.mark.parametrize(("peers", "error"), [(False, "ValueError"), (True, "PerformanceWarning")])
def test_arrays_of_two_devices_do_not_mix(peers, error):
    """CuPy refuses them; where the devices can reach each other's memory it warns, which is an error from xpgrad."""
    assert (
        on_stand_in(f"""
        from cupy.cuda import device
        device.PEERS[0] = {peers}
        x, y = xp.ones(2), xp.ones(2, device=Device(1))
        for mix in (lambda: x + y, lambda: xp.add(x, y), lambda: xp.stack([x, y]), lambda: xp.sum(y)):
            try:
                print(mix())
            except Exception as error:
                print(type(error).__name__, str(error).partition(" (")[0])
    """)
        == [f"{error} The device where the array resides"] * 4
    )


def test_arrays_do_not_go_to_the_host_in_disguise():
    assert on_stand_in("""
        x = xp.ones(2)
        conversions = (
            lambda: np.asarray(x.data), lambda: xp.to_device(x, "cpu"), lambda: xp.ones(2, device="cpu"),
            lambda: x + np.ones(2),
        )
        for convert in conversions:
            try:
                print(convert())
            except Exception as error:
                print(type(error).__name__)
    """) == ["TypeError", "TypeError", "TypeError", "MixedBackendsError"]


def test_arrays_become_python_numbers_where_that_is_asked_for():
    """Though an array of CuPy's has no `__index__`."""
    assert on_stand_in("""
        one = xp.asarray(1)
        print(hasattr(one.data, "__index__"), "abc"[one], [4, 5][one:], one.item(), float(one), bool(one))
        try:
            print("abc"[xp.asarray(1.0)])
        except TypeError as error:
            print(error)
    """) == ["False b [5] 1 1.0 True", "'float' object cannot be interpreted as an integer"]


def test_random_numbers_come_from_the_library():
    assert on_stand_in("""
        from xpgrad.mxnet import nd, random
        xpgrad.set_backend("cupy")
        random.seed(3)
        x = nd.random.normal(shape=(2, 3))
        random.seed(3)
        print(type(x.data), x.shape, (x == nd.random.normal(shape=(2, 3))).asnumpy().all())
    """) == ["<class 'cupy.ndarray'> (2, 3) True"]


def test_memory_is_written_in_place_only_where_nothing_else_has_it():
    assert on_stand_in("""
        from cupy.cuda import memory
        from xpgrad.discovery import get_named
        owned = get_named("cupy").owned
        x, y, z = cupy.ones(4), cupy.ones(4), cupy.ones(4)
        view = y[1:]
        z.data.mem = memory.UnownedMemory()  # from another library
        print(owned(x), owned(y), owned(view), owned(z))
        a = xp.asarray(x.copy())
        before = a.data
        raw = before._a
        del before
        a[0] = 7.0
        print(a.data._a is raw, raw[0])
        seen = a.data
        a[0] = 8.0
        print(a.data is seen, seen.tolist()[0])
    """) == ["True False False False", "True 7.0", "False 7.0"]


def test_float16_is_trained_in_with_float32_beside_it():
    assert on_stand_in("""
        w = xp.asarray(np.ones((3, 2), "float32"))
        w.attach_grad()
        x = xp.asarray(np.ones((4, 3), "float16"))
        with autograd.record():
            half = xp.astype(w, cupy.float16)
            loss = xp.mean(xp.astype((x @ half) ** 2, xp.float32))
        loss.backward()
        print(half.dtype, loss.dtype, w.grad.dtype, w.grad.tolist()[0])
    """) == ["float16 float32 float32 [3.0, 3.0]"]


def test_the_random_numbers_of_mxnet_are_drawn_by_the_stand_in():
    """The layer draws on whatever backend has such a generator."""
    source = (TESTS.parent / "src" / "xpgrad" / "mxnet").rglob("*.py")
    drawn = {name for path in source for name in re.findall(r'draw\("(\w+)"', path.read_text())}
    assert {"random", "standard_normal"} <= drawn
    assert on_stand_in(f"print({drawn} - set(dir(cupy.random.Generator)))") == ["set()"]


def test_digits_learn_on_the_stand_in(tmp_path):
    example = TESTS.parent / "examples" / "digits.py"
    for module in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(module, reason=f"the example needs {module}, which is not installed")
    command = [sys.executable, example, "--backend", "cupy", "--epochs", "1"]
    environment = os.environ | {"PYTHONPATH": STAND_IN}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"held-out accuracy (\S+)", done.stdout)[1]) > 0.7


def test_the_tests_for_a_gpu_hold_on_the_stand_in():
    """All but those of streams and memory, and the longest: so they are known to run."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TESTS / "gpu"), "-rs"]
    environment = os.environ | {"PYTHONPATH": STAND_IN}
    done = subprocess.run(
        [*command, "-k", "not conformance and not digits and not stream and not kept and not nothing_kept"],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "no GPU" not in done.stdout


@pytest.mark.deep
def test_the_conformance_suite_passes_on_the_stand_in():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "xpgrad_conformance"]
    environment = os.environ | {"PYTHONPATH": STAND_IN}
    done = subprocess.run(
        [*command, "--backend", "cupy"], env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-3000:]


# The real package

#: What the rules call and CuPy lacks, by name, with the reason why that does no harm.
GAPS: dict[str, str] = {}

#: What CUDA's atomic addition knows: https://docs.cupy.dev/en/stable/reference/generated/cupyx.scatter_add.html
ATOMIC = "iIlLqQefd"


@pytest.fixture(scope="module")
def cupy():
    return pytest.importorskip("cupy", reason="CuPy is not installed: pip install 'xpgrad[gpu-check]' (needs no GPU)")


def found_in(cupy, name):
    """A function of CuPy by the name under which it was noted."""
    if name.startswith("special."):
        return attrgetter(name)(pytest.importorskip("cupyx.scipy"))
    return attrgetter(name)(cupy)


def signature_of(function):
    """The signature; a compiled function tells it in the first line of its docstring."""
    try:
        return inspect.signature(function)
    except ValueError:
        described = re.match(r"[\w.]+\((.*?)\)( ->|$)", function.__doc__.partition("\n")[0])
        parameters = re.sub(r"\b(int|bint|Py_ssize_t|_ndarray_base) (?=\w)", "", described[1])
        return inspect.signature(eval(f"lambda {parameters}: None"))


def gap(cupy, name, count, keywords, dtypes):
    """Why CuPy does not take a call, or None."""
    if name.startswith("xpgrad_"):  # a kernel of the plug-in
        return None
    try:
        function = found_in(cupy, name)
    except AttributeError:
        return f"there is no {name}"
    if isinstance(function, cupy.ufunc):
        if not function.nin <= count <= function.nargs or set(keywords) - {"out", "dtype", "casting"}:
            return f"{name} does not take {count} arguments with {keywords}"
        if not any(takes(loop, dtypes[: function.nin]) for loop in function.types):
            return f"{name} knows {function.types}, not {dtypes}"
        return None
    if name == "add.at" and isinstance(dtypes[1], str) and dtypes[0] not in ATOMIC:
        return f"there is no atomic addition of {dtypes[0]}"
    try:
        signature_of(function).bind(*[None] * count, **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{name}: {error}"
    return None


def takes(loop, dtypes):
    """Whether a loop of a ufunc, "dd->d" say, takes arrays of some dtypes; numbers (None) fit in everywhere."""
    known = [char in numpy.typecodes["All"] for char in loop.partition("-")[0]]  # bfloat16 has a letter of CuPy's
    return all(known) and all(
        have is None or numpy.can_cast(have, char) for have, char in zip(dtypes, loop.partition("-")[0], strict=True)
    )


def test_every_call_that_reaches_cupy_is_one_that_it_takes(cupy, observed):
    reasons = [reason for call in observed["calls"] if (reason := gap(cupy, *call)) and call[0] not in GAPS]
    assert reasons == []
    assert GAPS.keys() <= {call[0] for call in observed["calls"] if gap(cupy, *call)}


@pytest.mark.parametrize(
    "call",
    [
        ["surely_absent", 1, [], ["d"]],
        ["cumsum", 1, ["include_initial"], ["d"]],
        ["ndarray.astype", 3, ["device"], ["d"]],
        ["where", 4, [], ["?", "d", "d", "d"]],
        ["exp", 1, ["where"], ["d"]],
        ["logaddexp", 2, [], ["D", "D"]],
        ["add.at", 3, [], ["D", "l", "D"]],
    ],
)
def test_a_call_that_cupy_does_not_take_is_noticed(cupy, call):
    assert gap(cupy, *call)


def test_what_xpgrad_asks_for_is_there_and_takes_the_keywords(cupy, observed):
    backend = get_named("cupy")
    for name, count, keywords, _ in observed["asked"]:
        function = backend.own(name, name in PRIMITIVES and PRIMITIVES[name].elementwise) or backend.function(name)
        if not isinstance(function, cupy.ufunc):
            signature_of(function).bind(*[None] * count, **dict.fromkeys(keywords))


def test_everything_else_in_a_namespace_is_there_too(cupy):
    namespace, backend = xpgrad.namespace("cupy"), get_named("cupy")
    for name in sorted(NAMES - PRIMITIVES.keys()):
        attrgetter(name)(namespace)
    for name in CONSTANTS:
        form, function = inspect.signature(eval(f"lambda {FORMS[name]}: 0")), backend.function(name)
        if not isinstance(function, cupy.ufunc):
            accepted = signature_of(function).parameters.values()
            options = {p.name for p in form.parameters.values() if p.kind == p.KEYWORD_ONLY}
            assert options <= {p.name for p in accepted} or any(p.kind == p.VAR_KEYWORD for p in accepted), name


def lent(cupy, length):
    """A CuPy array on device 0 that needs no GPU: memory of NumPy's, lent to CuPy, which must not compute with it."""
    host = numpy.zeros(length)
    memory = cupy.cuda.memory
    pointer = memory.MemoryPointer(memory.UnownedMemory(host.ctypes.data, host.nbytes, host, 0), 0)
    return cupy.ndarray((length,), dtype=float, memptr=pointer)


def test_an_array_of_cupy_is_known_by_its_type(cupy):
    raw = lent(cupy, 6)
    x = array_of(raw)
    assert backend_of(raw) is get_named("cupy")
    assert x.data is raw
    assert (x.shape, x.ndim, x.size, x.dtype, x.device) == ((6,), 1, 6, cupy.float64, cupy.cuda.Device(0))
    assert discovery.floating(raw) == "real"
    assert get_named("cupy").asarray(raw) is raw
    with pytest.raises(TypeError, match="Implicit conversion to a NumPy array is not allowed"):
        numpy.asarray(raw)


def test_whose_memory_an_array_of_cupy_has(cupy, monkeypatch):
    owned = get_named("cupy").owned
    raw = lent(cupy, 6)
    assert not owned(raw)
    monkeypatch.setattr(cupy.cuda.memory, "Memory", cupy.cuda.memory.UnownedMemory)  # as if it were CuPy's own
    assert owned(raw)
    views = [
        raw[1:],
        raw[:],
        raw.reshape(2, 3),
        cupy.broadcast_to(raw, (2, 6)),
        cupy.lib.stride_tricks.as_strided(raw, (2,), (8,)),  # has no base
    ]
    while views:
        assert not owned(raw)
        assert not owned(views.pop())
    assert owned(raw)


def test_cupy_makes_the_random_numbers(cupy):
    """The generator has the stand-in's methods."""
    names = on_stand_in("print(*(name for name in vars(cupy.random.Generator) if name[0] != '_'))")[0].split()
    assert set(names) == {name for name in dir(cupy.random.Generator) if name[0] != "_"}
    assert get_named("cupy").function("random.default_rng") is cupy.random.default_rng


def test_bfloat16_is_a_dtype_of_real_numbers(cupy):
    ml_dtypes = pytest.importorskip(
        "ml_dtypes", reason="NumPy knows bfloat16 through ml_dtypes only, which is not installed"
    )
    isdtype = get_named("cupy").function("isdtype")
    bfloat16 = numpy.dtype(ml_dtypes.bfloat16)
    assert isdtype(bfloat16, "real floating")
    assert isdtype(bfloat16, ("integral", "numeric"))
    assert isdtype(bfloat16, bfloat16)
    assert not isdtype(bfloat16, ("integral", "complex floating"))
    assert isdtype(numpy.dtype("float32"), "real floating")


def test_without_a_device_the_backend_can_be_set_and_the_first_array_says_what_is_wrong(cupy, monkeypatch):
    if cupy.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.setattr(discovery, "_default", None)
    xpgrad.set_backend("cupy")
    assert xpgrad.get_backend() == "cupy"
    assert isinstance(xpgrad.available_backends()["cupy"], Backend)
    assert get_named("cupy").devices() == xpgrad.namespace("cupy").__array_namespace_info__().devices() == []
    get_named("cupy").synchronize()  # there is nothing to wait for
    xp = xpgrad.namespace("cupy")
    makers = (
        lambda: xpgrad.zeros(3), lambda: xp.ones((2, 2)), lambda: xp.asarray([1.0]), lambda: xp.asarray(numpy.ones(3)),
        lambda: xp.arange(5), lambda: xp.full((2,), 1.0), lambda: xp.eye(2), lambda: xp.linspace(0, 1, 3),
        lambda: xp.sin(1.0), lambda: xpgrad.add(1.0, 2.0), lambda: xp.maximum(1.0, 2.0),
        lambda: xpgrad.mxnet.nd.zeros((2,), ctx=xpgrad.mxnet.current_context()),
        lambda: xpgrad.mxnet.nd.random.normal(shape=(2,)), lambda: xpgrad.minpy.numpy.random.randn(2),
    )  # fmt: skip
    for make in makers:
        with pytest.raises(
            DeviceError, match=r"'cupy' is installed, but its device cannot be used: .*(driver|GPU|CUDA)"
        ):
            make()
