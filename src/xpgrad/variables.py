"""Variables: arrays that a gradient is wanted for, and the backward pass that delivers it to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xpgrad.array import Array, array_of, filled
from xpgrad.backend import Backend
from xpgrad.cotangent import complex_for_real, starting, unlike
from xpgrad.discovery import backend_of, floating
from xpgrad.errors import (
    GradReqError,
    HeadGradientError,
    NotAVariableError,
    NotRecordedError,
    UnreachableError,
    VariableError,
)
from xpgrad.inplace import assign, set_content, share, view_of, viewed
from xpgrad.node import Variable, is_leaf, leaf, set_variable
from xpgrad.operands import check_beside, operand
from xpgrad.plan import shape_of
from xpgrad.pullback import pull
from xpgrad.reach import leading_to
from xpgrad.scope import RECORDING, TRAINING, modes


def attach_grad(self: Array, grad_req: str = "write") -> None:
    """Make room for a gradient, so that operations on this array are recorded.

    On a recorded array the history stays: `backward` fills this gradient and goes on to what the array came from.

    Parameters
    ----------
    grad_req : {"write", "add", "null"}
        Whether a backward pass replaces the gradient, adds to it, or leaves it alone.

    Raises
    ------
    VariableError
        If the array does not hold floating-point numbers.
    GradReqError
        If `grad_req` is unknown.
    """
    check_markable(self, None, grad_req)
    mark(self, filled(self, 0), grad_req)


def check_markable(array: Array, grad: Array | None, grad_req: str) -> None:
    """Raise what stands in the way of `mark`."""
    if grad_req not in ("write", "add", "null"):
        raise GradReqError(grad_req)
    if not floating(array.data):
        raise VariableError(array.dtype)
    if grad is not None and (grad.shape, grad.dtype) != (array.shape, array.dtype):
        raise HeadGradientError(
            f"a gradient of shape {grad.shape} and dtype {grad.dtype} does not fit a variable of shape {array.shape} "
            f"and dtype {array.dtype}: make it with xp.zeros_like(variable)."
        )


def mark(array: Array, grad: Array, grad_req: str) -> None:
    """Make an array a variable whose gradient is delivered to `grad`."""
    array._grad = grad
    for x in (array, grad):  # both will be written to: to find None takes a quarter of the time of finding nothing
        x._writes = getattr(x, "_writes", None)
    variable = None if grad_req == "null" else Variable(grad, grad_req == "add")
    if array._node is None or is_leaf(array._node):
        array._node = None if variable is None else leaf()
    if array._node is not None:
        set_variable(array._node, variable)
        if array._writes is not None:
            array._writes.mark(array)


def drop_grad(self: Array) -> None:
    """Undo `attach_grad`: the gradient is gone and the array is a constant again, or only a recorded result."""
    if hasattr(self, "_grad"):
        del self._grad
    if is_leaf(self._node):
        self._node = None
    elif self._node is not None:
        set_variable(self._node, None)


def zero_grad(self: Array) -> None:
    """Set the gradient to zero; does nothing where there is none."""
    if self.grad is not None:
        with modes(False, None):
            assign(self.grad, filled(self, 0))


def detach(self: Array) -> Array:
    """An array of the same content without its history; a write to one shows in the other."""
    # Go back to where the content began: a view in between may be gone while its base and the result live on.
    source, keys = self, []
    while (view := view_of(source)) is not None and (base := view.base()) is not None:
        if view.key is not None:
            keys.append(view.key)
        source = base
    out = share(source, array_of(source.data), None, follows=False, keep=False)
    for key in reversed(keys):
        out = viewed(out, key)
    return out


def backward(self: Array, out_grad: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Compute the gradient of this array and deliver it to the variables it was computed from.

    Parameters
    ----------
    out_grad : Array, raw array or number, optional
        The head gradient, of the shape of this array; ones by default, as if the array were summed first.
    retain_graph : bool
        Keep the recorded computation, so that it can be differentiated again.
    train_mode : bool
        Whether user-defined functions run their backward in training mode.

    Raises
    ------
    NotRecordedError
        If nothing was recorded that leads here.
    GraphFreedError
        If an earlier backward freed the recorded computation.
    HeadGradientError
        If `out_grad` does not fit.
    """
    backward_all([self], [out_grad], retain_graph, train_mode)


def backward_all(heads: Sequence[Array], head_grads: Sequence[Any], retain_graph: bool, train_mode: bool) -> None:
    """Deliver the sum of the gradients of several heads to the variables."""
    nodes, cotangents = starts(heads, head_grads)
    backend = backend_of(heads[0]._data)
    recording, training = RECORDING.set(False), TRAINING.set(bool(train_mode))  # a third of the time of a Scope
    try:
        with backend.computing(heads[0]._data):
            found = pull(nodes, [g._data for g in cotangents], retain=retain_graph)
            fitted = [(v := node.form.variable, fit_raw(g, v.grad)) for node, g in found.items()]
            for (grad, add), g in fitted:
                set_content(grad, (grad + array_of(g))._data if add else g)
            if backend.lazy:
                join(heads, [variable.grad for variable, _ in fitted])
    finally:
        TRAINING.reset(training)
        RECORDING.reset(recording)


def gradients(
    heads: Sequence[Array],
    variables: Sequence[Array],
    head_grads: Sequence[Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    train_mode: bool,
) -> list[Array]:
    """The gradients of the sum of heads, as new arrays.

    Raises
    ------
    NotAVariableError, UnreachableError
        If there is no gradient for one of the variables.
    """
    for position, x in enumerate(variables):
        if not isinstance(x, Array) or x.data is None or x._node is None:
            raise NotAVariableError(position, x)
    nodes, cotangents = starts(heads, head_grads)
    targets = [x._node for x in variables]
    useful = leading_to(targets, nodes)
    for position, node in enumerate(targets):
        if node not in useful:
            raise UnreachableError(position)
    with modes(create_graph, train_mode), backend_of(heads[0]._data).computing(heads[0]._data):
        starting = cotangents if create_graph else [g.data for g in cotangents]
        found = pull(nodes, starting, targets=targets, retain=retain_graph, create=create_graph, useful=useful)
        made = [fit(found[node], x) for node, x in zip(targets, variables, strict=True)]
        if not create_graph:
            join(heads, made)
        return made


def join(heads: Sequence[Array], made: Sequence[Array]) -> None:
    """Let a lazy library join what heads and gradients have in common; their values stay the same."""
    backend = backend_of(heads[0]._data)
    if backend.lazy:
        arrays = [*heads, *made]
        for x, data in zip(arrays, backend.together([x._data for x in arrays]), strict=True):
            x._data = data


def starts(heads: Sequence[Array], head_grads: Sequence[Any]) -> tuple[list[Any], list[Array]]:
    """The nodes of heads, and the cotangents to start from."""
    nodes, cotangents = [], []
    for position, (head, g) in enumerate(zip(heads, head_grads, strict=True)):
        if not isinstance(head, Array):
            raise NotRecordedError(position, head)
        if head.data is None or head._node is None:
            raise NotRecordedError
        nodes.append(head._node)
        cotangents.append(_head_gradient(head, g))
    return nodes, cotangents


def _head_gradient(head: Array, g: Any) -> Array:
    """The cotangent of a head; ones and numbers stay 0-d, and broadcast where they are used."""
    backend = backend_of(head._data)
    if g is None:
        return array_of(backend.full((), 1, head._data))
    number = isinstance(g, (int, float, complex))
    data, node = (g, None) if number else operand(g)
    if complex_for_real(data, head._data):
        raise HeadGradientError("the head gradient is complex, but its head is real: give the real part alone.")
    if number or not hasattr(data, "shape"):
        return array_of(backend.full((), data, head._data))
    check_beside(data, head._data)
    if unlike(data.shape, head.shape):
        raise HeadGradientError(
            f"the head gradient has shape {data.shape}, but its head has shape {head.shape}: give one of that "
            "shape, a number, or None for ones."
        )
    if not isinstance(g, Array):
        data = backend_of(data).copy(data)  # the caller may go on to write to it
    return starting(array_of(data, node), head)


def fit(g: Any, like: Array) -> Array:
    """A cotangent as an Array of the shape, and the layout if the library has such, of its variable."""
    if not isinstance(g, Array):
        return array_of(fit_raw(g, like))
    if shape_of(g._data) != like.shape:
        g = g.__array_namespace__().broadcast_to(g, shape_of(like._data))
    backend = _backend_beside(g._data, like)
    return array_of(backend.fit(g._data, like._data), g._node) if backend.lazy else g  # other layout, same values


def fit_raw(g: Any, like: Array) -> Any:
    """The same for a raw cotangent."""
    return _backend_beside(g, like).fit(g, like._data)


def _backend_beside(g: Any, like: Array) -> Backend:
    """The backend of an Array, or that of a raw cotangent where arrays of both mix in it."""
    backend = backend_of(like._data)
    if g.__class__ is not like._data.__class__ and backend.name in (own := backend_of(g)).mixes_with:
        return own
    return backend
