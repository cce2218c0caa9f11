"""MXNet's guide, step 3: "Automatic differentiation with autograd"; its own code, and the numbers it prints."""

# ruff: noqa: SIM108, T201  # the code is the document's

import pytest

from xpgrad.mxnet import autograd, np, npx


@pytest.fixture(autouse=True)
def numpy_style():
    npx.set_np()


def test_basic_use_and_backward_again(capsys):
    x = np.array([[1, 2], [3, 4]])
    assert repr(x) == "array([[1., 2.],\n       [3., 4.]])"

    x.attach_grad()
    with autograd.record():
        y = 2 * x * x
    y.backward()
    assert repr(x.grad) == "array([[ 4.,  8.],\n       [12., 16.]])"

    with autograd.record():
        y = np.sum(2 * x * x)
    y.backward()
    assert repr(x.grad) == "array([[ 4.,  8.],\n       [12., 16.]])"

    with autograd.record():
        y = np.sum(2 * x * x)
    y.backward(retain_graph=True)
    print(x.grad)
    print("Since you have retained your previous graph you can run backward again")
    y.backward()
    print(x.grad)
    try:
        y.backward()
    except:  # noqa: E722  # as the guide has it
        print("However, you can't do backward twice unless you retain the graph.")
    assert capsys.readouterr().out == (
        "[[ 4.  8.]\n [12. 16.]]\n"
        "Since you have retained your previous graph you can run backward again\n"
        "[[ 4.  8.]\n [12. 16.]]\n"
        "However, you can't do backward twice unless you retain the graph.\n"
    )


class MyFirstCustomOperation(autograd.Function):
    def __init__(self):
        super().__init__()

    def forward(self, x, y):
        return 2 * x, 2 * x * y, 2 * y

    def backward(self, dx, dxy, dy):
        return x, y  # noqa: F821  # the guide returns the global x and y


def my_first_function(x):
    if autograd.is_training():  # Return something else when training
        return 4 * x
    else:  # noqa: RET505  # as the guide has it
        return x


def my_second_function(x):
    with autograd.record():
        return 2 * x


def f(a):
    b = a * 2
    while np.abs(b).sum() < 1000:
        b = b * 2
    if b.sum() >= 0:
        c = b[0]
    else:
        c = b[1]
    return c


def test_custom_operation(monkeypatch):
    x = np.random.uniform(-1, 1, (2, 3))
    y = np.random.uniform(-1, 1, (2, 3))
    monkeypatch.setitem(globals(), "x", x)
    monkeypatch.setitem(globals(), "y", y)
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        z = MyFirstCustomOperation()
        z1, z2, z3 = z(x, y)
        out = z1 + z2 + z3
    out.backward()
    assert np.array_equiv(x.asnumpy(), x.asnumpy())
    assert np.array_equiv(y.asnumpy(), y.asnumpy())
    assert np.array_equiv(x.grad.asnumpy(), x.asnumpy())
    assert np.array_equiv(y.grad.asnumpy(), y.asnumpy())


def test_functions_that_know_the_mode(capsys):
    x = np.random.uniform(-1, 1, (2, 3))
    x.attach_grad()
    y = my_first_function(x)
    print(np.array_equiv(y.asnumpy(), x.asnumpy()))
    with autograd.record(train_mode=False):
        y = my_first_function(x)
    y.backward()
    print(x.grad)
    with autograd.record(train_mode=True):  # train_mode = True by default
        y = my_first_function(x)
    y.backward()
    print(x.grad)
    assert capsys.readouterr().out == "True\n[[1. 1. 1.]\n [1. 1. 1.]]\n[[4. 4. 4.]\n [4. 4. 4.]]\n"


def test_functions_that_record(capsys):
    x = np.random.uniform(-1, 1, (2, 3))
    x.attach_grad()
    y = my_second_function(x)
    y.backward()
    print(x.grad)
    y = my_second_function(x)
    with autograd.record():
        z = my_second_function(y) + 2
    z.backward()
    print(x.grad)
    assert capsys.readouterr().out == "[[2. 2. 2.]\n [2. 2. 2.]]\n[[4. 4. 4.]\n [4. 4. 4.]]\n"


def test_control_flow():
    a = np.random.uniform(size=2)
    a[:] = np.array([0.4375872, 0.2975346])  # what MXNet drew
    a.attach_grad()
    with autograd.record():
        c = f(a)
    c.backward()
    assert repr(c) == "array(896.1786)"
    assert repr(a.grad) == "array([2048.,    0.])"
    assert repr(a.grad == c / a) == "array([ True, False])"


def test_attach_grad_on_an_intermediate(capsys):
    x = np.random.uniform(-1, 1, (2, 3))
    x.attach_grad()
    with autograd.record():
        y = 3 * x
        y.attach_grad()
        z = 4 * y + 2 * x
    z.backward()
    print(x.grad)
    print(y.grad)
    assert capsys.readouterr().out == "[[14. 14. 14.]\n [14. 14. 14.]]\n[[4. 4. 4.]\n [4. 4. 4.]]\n"

    with autograd.record():
        y = 3 * x
        z = 4 * y + 2 * x
    z.backward()
    print(x.grad)
    print(y.grad)
    assert capsys.readouterr().out == "[[14. 14. 14.]\n [14. 14. 14.]]\nNone\n"
