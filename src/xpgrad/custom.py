"""Operations with a backward of their own: MXNet's `Function`, and `custom_vjp` as in JAX.

Such an operation is one node in the recorded computation. The user's functions see Arrays in both worlds; in the
tracked one what they compute is recorded, so it can be differentiated again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any
from weakref import ref

from xpgrad.array import Array, array_of
from xpgrad.cotangent import conjugated, restore
from xpgrad.discovery import backend_of, floating, is_array
from xpgrad.errors import FunctionError
from xpgrad.functions import as_array
from xpgrad.node import Form, Part, leaf, make_node
from xpgrad.plan import shape_of
from xpgrad.reach import boundary
from xpgrad.scope import is_recording, is_training, modes
from xpgrad.tree import aligned, leaves, rebuild, tree_map


class OpaquePlan:
    """The plan of a recorded `Call`: there are no rules, the call computes the cotangents of all its inputs at once."""

    __slots__ = ("name", "positions")

    primitive = None
    single = swift = False
    edges = ()
    needs = ("call",)
    guarded = False

    def __init__(self, name: str, positions: tuple[int, ...]) -> None:
        self.name = name
        self.positions = positions

    def run(self, gs: list[Any], call: Call, create: bool) -> Sequence[Any]:
        """The cotangents of the tracked inputs, None where there is none, from those of the outputs."""
        gs[:] = map(conjugated, gs)  # a user's function sees gradients
        found = call.cotangents(gs, create)
        return [conjugated(found[i]) for i in self.positions]


class Call:
    """A call that is recorded as one node. It must not refer to that node, or nothing would be freed without gc.

    Parameters
    ----------
    name : str
        What a graph calls it.
    inputs : sequence
        What it was called with; histories go on from the tracked Arrays among them.
    outputs : sequence of Array
        What it returned.
    """

    def __init__(self, name: str, inputs: Sequence[Any], outputs: Sequence[Array]) -> None:
        self.name = name
        self.parents = tuple(x._node if tracked(x) else None for x in inputs)
        self.like = tuple((shape_of(x.data), x.dtype) if tracked(x) else None for x in inputs)
        self.forms = tuple((shape_of(y.data), y.dtype) for y in outputs)

    def cotangents(self, gs: list[Any], create: bool) -> Sequence[Any]:
        """From the cotangents of all outputs those of all inputs, None where there is none.

        Parameters
        ----------
        gs : list of array
            In full shape; Arrays where `create` is set, and raw otherwise, as are the results. Nobody else holds them:
            what is taken out of the list takes no memory any more.
        create : bool
            Whether the computation is itself recorded.
        """
        raise NotImplementedError

    def nodes(self) -> list[Any]:
        """Where the outputs' history begins: new nodes that stand for this call, one for each output."""
        single = len(self.forms) == 1
        form = Form(self.like, self.forms[0][0] if single else self.forms)
        positions = tuple(i for i, parent in enumerate(self.parents) if parent is not None)
        made = make_node(OpaquePlan(self.name, positions), tuple(self.parents[i] for i in positions), (self,), form)
        return [made] if single else [Part(made, i) for i in range(len(self.forms))]

    def record(self, outputs: Sequence[Array]) -> list[Array]:
        """The outputs with this call as their history."""
        pairs = zip(outputs, self.nodes(), strict=True)
        return [array_of(y.data, node if floating(y.data) else None) for y, node in pairs]

    def record_tree(self, out: Any) -> Any:
        """A nested result with this call as the history of its Arrays; what is no Array stays as it is."""
        recorded = iter(self.record(arrays(out)))
        return tree_map(out, lambda y: next(recorded) if isinstance(y, Array) else y)

    def accept(self, r: Any, i: int, like: Any, place: str) -> Any:
        """Check a cotangent that the user's function computed for input `i`, and give it that input's dtype.

        Raises
        ------
        FunctionError
            If it is not an array of the shape of that input.
        """
        form = self.like[i]
        if r is None or form is None:
            return None
        shape, dtype = form
        if isinstance(r, int | float | complex) and shape == ():
            r = backend_of(like).full((), r, like)
        if not isinstance(r, Array) and not is_array(r):
            what = f"{type(r).__name__} {r!r:.60}"
            raise FunctionError(f"{place} should be an array of shape {shape}, or None; it is {what}.")
        if r.shape != shape:
            raise FunctionError(f"{place} should have the shape {shape} of that input; it has shape {r.shape}.")
        r = snapshot(r)
        return restore(r.__array_namespace__(), r, shape, dtype)


def snapshot(x: Any) -> Any:
    """An Array of the same content and history that later writes do not reach; what is no array stays as it is."""
    if isinstance(x, Array):
        return array_of(x.data, x._node)
    return as_array(x) if is_array(x) else x


def tracked(x: Any) -> bool:
    """Whether operations on `x` are recorded."""
    return isinstance(x, Array) and x._node is not None


def arrays(tree: Any) -> list[Array]:
    """The Arrays among the leaves of a tree."""
    return [x for x in leaves(tree) if isinstance(x, Array)]


def without_history(name: str, f: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Call a function so that nothing leads back to its arguments; what it returns has no history.

    It is called while recording: a result that has a history from before the call shows that the function took
    something tracked from elsewhere, to which no gradient would flow.

    Raises
    ------
    FunctionError
        If so.
    """
    start = leaf().order
    with modes(True, None):
        out = f(*(tree_map(x, lambda x: array_of(x.data) if tracked(x) else x) for x in args))
    if any(node.order > start for node in boundary(arrays(out), start)):
        raise FunctionError(
            f"{name} uses an array that is being recorded and is not one of its arguments, so that no gradient would "
            "flow to it. Make it an argument, or use its detach() where no gradient is wanted."
        )
    return out


def name_of(f: Any) -> str:
    """What messages and graphs call a function."""
    return getattr(f, "__name__", type(f).__name__)


class Function:
    """A differentiable function with a backward of its own, in MXNet's style.

    Derive from it, write `forward` and `backward`, and call an instance, once. The gradient of the call is what
    `backward` returns; nothing is multiplied for you.

    No gradient flows to an array that `forward` takes from elsewhere, a weight in an attribute say: as in MXNet and
    PyTorch it is a constant there. What wants a gradient is given as an input; `custom_vjp` refuses the others.

    Gradients of higher order need a `backward` made of differentiable operations, on arrays that `forward` took,
    returned, or gave to `save_for_backward`; to other intermediate results of `forward` no history leads.

    Examples
    --------
    >>> class Sigmoid(Function):
    ...     def forward(self, x):
    ...         y = 1 / (1 + xp.exp(-x))
    ...         self.save_for_backward(y)
    ...         return y
    ...     def backward(self, dy):
    ...         (y,) = self.saved_tensors
    ...         return dy * y * (1 - y)
    >>> y = Sigmoid()(x)
    """

    _used = False
    _saved: tuple[Any, ...] = ()

    def forward(self, *inputs: Any) -> Any:
        """Compute the result: one Array, or a tuple or list of them. Nothing is recorded meanwhile.

        Parameters
        ----------
        *inputs
            What the instance was called with; raw arrays come as Arrays.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, *inputs).")

    def backward(self, *output_grads: Any) -> Any:
        """Compute the gradients.

        Parameters
        ----------
        *output_grads : Array
            The cotangent of each output of `forward`, of its shape; zeros for an output that was not used.

        Returns
        -------
        Array, or tuple or list of Array
            The gradient by each input of `forward`, of its shape. None says that there is none, and what stands for
            an input that is no array is ignored.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method backward(self, *output_grads).")

    def save_for_backward(self, *arrays: Any) -> None:
        """Keep arrays for `backward`, which finds them in `saved_tensors`.

        Parameters
        ----------
        *arrays
            Inputs and outputs of `forward`, or anything else.
        """
        self._saved = arrays

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `forward` saved; gone when `backward` is done."""
        return self._saved

    def __call__(self, *inputs: Any) -> Any:
        """Run `forward`, and record the call if an input is tracked.

        Parameters
        ----------
        *inputs
            Arrays, raw arrays, or anything else that `forward` takes.

        Returns
        -------
        Array, or tuple or list of Array
            As `forward` returned it.

        Raises
        ------
        FunctionError
            If this instance has been called before, or `forward` returns something else than arrays.
        """
        name = type(self).__name__
        if self._used:
            raise FunctionError(f"an instance of {name} can be called only once: make a new one, {name}(), each time.")
        self._used = True
        given = [snapshot(x) for x in inputs]
        with modes(False, None):
            result = self.forward(*given)
        several = isinstance(result, list | tuple)
        returned = list(result) if several else [result]
        for y in returned:
            if not isinstance(y, Array) and not is_array(y):
                raise FunctionError(f"{name}.forward should return arrays, but returned {type(y).__name__} {y!r:.60}.")
        outputs = [array_of(snapshot(y).data) for y in returned]
        if is_recording() and any(map(tracked, given)) and any(floating(y.data) for y in outputs):
            outputs = _FunctionCall(self, given, returned, outputs).record(outputs)
        return rebuild(result, outputs) if several else outputs[0]


class _FunctionCall(Call):
    """The recorded call of a Function."""

    def __init__(self, function: Function, given: list[Any], returned: list[Any], outputs: list[Array]) -> None:
        super().__init__(type(function).__name__, given, outputs)
        self.function = function
        # Weakly: what `forward` returned is to live on only where it has kept it itself, as an attribute say.
        self.returned = [ref(y) if isinstance(y, Array) and y._node is None else None for y in returned]
        positions = {id(y): i for i, y in enumerate(returned)}
        self.saved = [(snapshot(x), positions.get(id(x))) for x in function._saved]
        function._saved = ()

    def cotangents(self, gs: list[Any], create: bool) -> Sequence[Any]:
        output_grads = gs if create else tuple(map(array_of, gs))
        # An output gets a history of its own, and only meanwhile: with that of the call it would be a cycle.
        nodes = self.nodes() if create else []
        kept = [(y, node) for y, node in zip(self._kept(), nodes, strict=False) if y is not None and floating(y.data)]
        self.function._saved = tuple(
            array_of(x.data, nodes[position]) if create and position is not None and floating(x.data) else x
            for x, position in self.saved
        )
        try:
            for y, node in kept:
                y._node = node
            result = self.function.backward(*output_grads)
        finally:
            self.function._saved = ()
            for y, _ in kept:
                y._node = None
        grads = list(result) if isinstance(result, list | tuple) else [result]
        if len(grads) != len(self.parents):
            raise FunctionError(
                f"{self.name}.backward should return one gradient for each input of forward, {len(self.parents)}; it "
                f"returned {len(grads)}."
            )
        like = output_grads[0].data
        accepted = [self.accept(r, i, like, f"gradient {i} from {self.name}.backward") for i, r in enumerate(grads)]
        return accepted if create else [None if r is None else r.data for r in accepted]

    def _kept(self) -> list[Array | None]:
        """What `forward` returned, as far as it still lives."""
        return [None if y is None else y() for y in self.returned]


def custom_vjp(f: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> CustomVJP:
    """Give a function a derivative of your own, as in JAX.

    Parameters
    ----------
    f : callable
        The function. Its arguments and its result may be nested in dicts, lists and tuples.
    nondiff_argnums : sequence of int
        The positions of arguments that are no arrays to differentiate by, such as functions or options. `bwd` gets
        them first.

    Returns
    -------
    CustomVJP
        The function; `defvjp` gives it its derivative.

    Raises
    ------
    FunctionError
        If a position is negative.

    Examples
    --------
    >>> @custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda _, g: (xp.clip(g, -1.0, 1.0),))
    """
    return CustomVJP(f, nondiff_argnums)


class CustomVJP:
    """A function with a derivative of its own; made by `xpgrad.custom_vjp`.

    Parameters
    ----------
    f, nondiff_argnums
        As for that.
    """

    def __init__(self, f: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        update_wrapper(self, f)
        self._f = f
        self._nondiff = frozenset(nondiff_argnums)
        if any(n < 0 for n in self._nondiff):
            raise FunctionError(f"nondiff_argnums counts from 0, but has {min(self._nondiff)}.")
        self._fwd: Callable[..., Any] | None = None
        self._bwd: Callable[..., Any] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Define the derivative.

        Parameters
        ----------
        fwd : callable
            ``fwd(*args)`` returns the function's result and whatever `bwd` will need. For gradients of higher order
            it is run once more, recorded, on the same arguments.
        bwd : callable
            ``bwd(*nondiff_args, residuals, g)`` returns a tuple with the cotangent of every differentiable argument,
            of the same form as that argument; None stands for zeros. `g` has the form of the result, zeros where an
            output was not used.
        """
        self._fwd, self._bwd = fwd, bwd

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; nothing inside it is recorded, for its derivative is given.

        Raises
        ------
        FunctionError
            If no derivative is defined, a non-differentiable argument is tracked, `fwd` does not return a pair, or
            the result comes from a tracked array that is no argument.
        """
        name = name_of(self._f)
        if self._fwd is None or self._bwd is None:
            raise FunctionError(f"{name} has no derivative yet: define it with {name}.defvjp(fwd, bwd).")
        if kwargs:
            args = self._positional(args, kwargs)
        if not is_recording():
            return self._f(*args)
        for i, x in enumerate(args):
            if i in self._nondiff and any(tracked(part) for part in leaves(x)):
                raise FunctionError(
                    f"argument {i} of {name} is being recorded, but nondiff_argnums says that no gradient flows "
                    "through it. Pass x.detach(), or take the position out of nondiff_argnums."
                )
        args = tuple(x if i in self._nondiff else tree_map(x, snapshot) for i, x in enumerate(args))
        if not any(map(tracked, leaves(args))):
            return without_history(name, self._f, args)
        out, residuals = without_history(name, lambda *args: self.forward(args), args)
        return _VJPCall(self, args, out, residuals).record_tree(out)

    def forward(self, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """What `fwd` returns: the result with Arrays for raw arrays, and the residuals."""
        pair = self._fwd(*args)  # type: ignore[misc]  # __call__ has seen to it that there is one
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise FunctionError(f"fwd of {name_of(self._f)} should return a pair, (result, residuals).")
        return tree_map(pair[0], snapshot), pair[1]

    def backward(self, args: tuple[Any, ...], residuals: Any, g: Any) -> Any:
        """What `bwd` returns."""
        nondiff = [x for i, x in enumerate(args) if i in self._nondiff]
        return self._bwd(*nondiff, residuals, g)  # type: ignore[misc]  # as above

    def differentiated(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments that `bwd` computes cotangents for."""
        return tuple(x for i, x in enumerate(args) if i not in self._nondiff)

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position, which is how `fwd` and `bwd` know them."""
        bound = inspect.signature(self._f).bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise FunctionError(
                f"{name_of(self._f)} takes {', '.join(bound.kwargs)} by keyword only, but fwd and bwd take arguments "
                "by position. Make it an ordinary parameter, in nondiff_argnums if no gradient flows through it."
            )
        return bound.args


class _VJPCall(Call):
    """The recorded call of a function with a `custom_vjp`."""

    def __init__(self, function: CustomVJP, args: tuple[Any, ...], out: Any, residuals: Any) -> None:
        inputs = leaves(function.differentiated(args))
        super().__init__(name_of(function), inputs, arrays(out))
        self.function = function
        self.args = args
        self.residuals = residuals
        self.form = tree_map(out, lambda y: isinstance(y, Array))
        self.training = is_training()

    def cotangents(self, gs: list[Any], create: bool) -> Sequence[Any]:
        residuals = self.residuals
        if create:
            with modes(None, self.training):
                _, residuals = self.function.forward(self.args)
        given = iter(gs if create else map(array_of, gs))
        g = rebuild(self.form, [next(given) if is_output else None for is_output in leaves(self.form)])
        result = self.function.backward(self.args, residuals, g)
        place = f"the result of bwd of {self.name}"
        pairs = aligned(self.function.differentiated(self.args), result, place, FunctionError, gaps=True)
        like = gs[0].data if create else gs[0]
        accepted = [self.accept(r, i, like, place) for i, (place, _, r) in enumerate(pairs)]
        return accepted if create else [None if r is None else r.data for r in accepted]
