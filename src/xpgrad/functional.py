"""Functions of functions: gradients, Jacobians, Hessians and products with them.

A transform runs the function on Arrays of its own: each differentiated input gets a new node, whose parent is the node
it had outside. The walk back ends at these nodes, so transforms nest to any order, and each sees its own inputs only.
The computation of the derivative is itself recorded where an outer computation needs it: while recording, if the result
depends on anything that was tracked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from operator import index
from typing import Any

from xpgrad.array import Array, array_of, filled
from xpgrad.cotangent import complex_for_real, starting, unlike
from xpgrad.custom import arrays, name_of, snapshot, tracked
from xpgrad.discovery import backend_of, floating, get_backend, get_named, is_array
from xpgrad.errors import DifferentiationError, HeadGradientError, VariableError, XpgradError
from xpgrad.exits import last_exit
from xpgrad.functions import as_array, function
from xpgrad.inplace import writable
from xpgrad.node import leaf, make_node
from xpgrad.primitive import PRIMITIVES, raw_namespace
from xpgrad.pullback import pull
from xpgrad.reach import boundary
from xpgrad.rows import jacobian as jacobian_of
from xpgrad.rows import units as unit_rows
from xpgrad.scope import is_recording, modes
from xpgrad.tree import aligned, leaves, placed_leaves, rebuild, tree_map
from xpgrad.variables import fit, join

# What stands for an input of a run: its history goes on outside, or it was a constant there.
_TRACKED, _CONSTANT = (PRIMITIVES["positive"].plan(tracked) for tracked in ((0,), ()))


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function.

    Parameters
    ----------
    f : callable
        Returns an array; one that is not 0-d is summed. With `has_aux` a pair of that and anything else.
    argnums : int, or tuple or list of int
        The positional arguments to differentiate by, from the end if negative. Each is a floating-point array, a
        number, or a nested dict, list or tuple of these.
    has_aux : bool
        Whether `f` returns a pair.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns the gradient, of the form, shapes and dtypes of the argument: a raw array
        for a raw array or number, an Array for an Array. For a tuple or list of `argnums` it is a tuple or list of
        these. With `has_aux`: (gradient, auxiliary value).

    Raises
    ------
    DifferentiationError
        When called, if `argnums` or what `f` takes or returns does not fit.
    VariableError
        When called, if an array to differentiate by holds no floating-point numbers.

    Examples
    --------
    >>> grad(lambda x: x**2)(4)
    array(8.)
    """
    compute = value_and_grad(f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = compute(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The value of a function together with its gradient, for the price of the gradient.

    Parameters
    ----------
    f, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns (value, gradient); with `has_aux` ((value, auxiliary value), gradient).
        Values are raw if no argument is an Array.

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`.
    """

    @wraps(f)
    def compute(*args: Any, **kwargs: Any) -> Any:
        run = _Run(f, args, kwargs, positions_of(argnums, args), has_aux)
        value = run.only_output()
        one = filled(value, 1, ())
        gradient = run.gradients([value], [one], run.needed, argnums)
        return run.hand_out((run.out, run.aux) if has_aux else run.out), gradient

    return compute


def vjp(f: Callable[..., Any], *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function, and the function that pulls cotangents back through it.

    Parameters
    ----------
    f : callable
        Returns arrays, nested in dicts, lists and tuples as you like. With `has_aux` a pair of that and anything else.
    *args
        Its arguments, as for `grad`; all are differentiated by.
    has_aux : bool
        Whether `f` returns a pair.

    Returns
    -------
    out
        The value.
    pull_back : callable
        Takes a cotangent of the form and shapes of `out`, and returns a tuple with the cotangent of every argument: the
        vector-Jacobian product. It can be called any number of times.
    aux
        With `has_aux`, the auxiliary value.

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`.
    HeadGradientError
        By `pull_back`, if the cotangent does not fit.
    """
    run = _Run(f, args, {}, range(len(args)), has_aux)
    outputs = run.outputs()

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        gs = _vectors(outputs, run.out, cotangent, "the cotangent", HeadGradientError)
        create = is_recording() and (run.needed or any(map(tracked, gs)))
        return run.gradients(outputs, gs, create, (), retain=True)

    out = run.hand_out(run.out)
    return (out, pull_back, run.hand_out(run.aux)) if has_aux else (out, pull_back)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of a function, and its derivative in one direction.

    The derivative is that of the pulled-back cotangent by the cotangent, on which it depends linearly: two walks back
    give one forwards (J. Townsend, "A new trick for calculating Jacobian vector products", 2017). So the backward of a
    `Function` or `custom_vjp` in `f` must itself be made of differentiable operations.

    Parameters
    ----------
    f : callable
        Returns arrays, nested as you like. With `has_aux` a pair of that and anything else.
    primals : tuple or list
        Its arguments, as for `grad`; all are differentiated by.
    tangents : tuple or list
        The direction, of the form and shapes of `primals`.
    has_aux : bool
        Whether `f` returns a pair.

    Returns
    -------
    out
        The value.
    tangent
        The Jacobian-vector product, of the form and shapes of `out`.
    aux
        With `has_aux`, the auxiliary value.

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`, and if `tangents` does not fit.
    """
    primals = arguments_in(primals, "primals")
    run = _Run(f, primals, {}, range(len(primals)), has_aux)
    outputs = run.outputs()
    directions = _vectors(run.inputs, primals, tangents, "tangents", DifferentiationError)
    create = is_recording() and (run.needed or any(map(tracked, directions)))
    probes = [entry(filled(y, 1).data, None) for y in outputs]
    pulled = _pull(outputs, probes, run.inputs, create=True)
    # Data of a lazy library make what is pulled lazy, though parameters and directions are in memory.
    directions = [starting(d, y) for d, y in zip(directions, pulled, strict=True)]
    tangent = _pull(pulled, directions, probes, create=create)
    result = run.hand_out(run.out), rebuild(run.out, [_given(t, not run.raw) for t in tangent])
    return (*result, run.hand_out(run.aux)) if has_aux else result


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of a function.

    All its rows are found in one walk back, in blocks if they are many. Lazy backends take a walk for each element of
    the output, and so does a Jacobian that is itself to be differentiated.

    Parameters
    ----------
    f : callable
        Returns arrays, nested as you like. With `has_aux` a pair of that and anything else.
    argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns, for an output and an argument that are one array each, the derivatives
        of shape ``out.shape + x.shape``. For nested ones: the form of the output, in each place of which stands the
        form of the argument. With `has_aux`: (Jacobian, auxiliary value).

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`.
    """

    @wraps(f)
    def compute(*args: Any, **kwargs: Any) -> Any:
        run = _Run(f, args, kwargs, positions_of(argnums, args), has_aux)
        blocks = [run.by_argument(run.jacobian(y), argnums) for y in run.outputs()]
        result = rebuild(run.out, blocks)
        return (result, run.hand_out(run.aux)) if has_aux else result

    return compute


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Hessian of a function: the Jacobian of its gradient.

    Parameters
    ----------
    f, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns, for one array, the derivatives of shape ``x.shape + x.shape``; for
        nested arguments, in each place of their form that same form. With `has_aux`: (Hessian, auxiliary value).

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`.
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The product of a function's Hessian with a vector, for the price of a few gradients; the Hessian is never formed.

    Parameters
    ----------
    f, argnums
        As for `grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and then, last, the vector: of the form and shapes of the gradient, that is of the
        argument, or a tuple of these for several `argnums`. Returns the product, of that same form.

    Raises
    ------
    DifferentiationError, VariableError
        As for `grad`, and if the vector does not fit.

    Examples
    --------
    >>> hvp(lambda x: xp.sum(x**3))(x, v)  # 6 * x * v
    """

    @wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        *given, vector = args or (None,)
        positions = positions_of(argnums, given, " The vector comes after them: hvp(f)(x, v).")
        run = _Run(grad(f, argnums), given, kwargs, positions)
        outputs = run.outputs()
        gs = _vectors(outputs, run.out, vector, "the vector", DifferentiationError)
        create = is_recording() and (run.needed or any(map(tracked, gs)))
        return run.gradients(outputs, gs, create, argnums)

    return product


def stop_gradient(tree: Any) -> Any:
    """The same values, through which no gradient flows.

    Parameters
    ----------
    tree
        Arrays, nested as you like; what is no Array stays as it is.

    Returns
    -------
    tree
        Of the same form, with Arrays that share the content of those given.
    """
    return tree_map(tree, lambda x: x.detach() if isinstance(x, Array) else x)


class _Run:
    """One recorded run of a function for a transform.

    Attributes
    ----------
    inputs : list of Array
        What the function saw, before it may have written to it, in place of the leaves to differentiate by.
    out, aux
        What it returned; raw arrays in `out` have become Arrays.
    raw : bool
        No argument was an Array, so none shall come out.
    needed : bool
        An outer computation may differentiate what comes out.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        positions: Iterable[int],
        has_aux: bool = False,
    ) -> None:
        self._name = name_of(f)
        outside = is_recording()
        self._before = leaf().order
        self.raw = not arrays((list(args), kwargs))
        self.inputs: list[Array] = []
        self._were_arrays = []
        given = list(args)
        for i in positions:
            entries = [differentiated(x, f"argument {i}{place}", outside) for place, x in placed_leaves(args[i])]
            given[i] = rebuild(args[i], entries)
            self.inputs += map(snapshot, entries)
            self._were_arrays.append(tree_map(args[i], lambda x: isinstance(x, Array)))
        start = leaf().order
        exit_before = last_exit.set(None)
        try:
            with modes(True, None):
                out = f(*given, **kwargs)
            self._exit = last_exit.get()
        except (AttributeError, TypeError) as error:
            for i in positions:
                if isinstance(args[i], list | tuple) and not any(map(is_array, leaves(args[i]))):
                    error.add_note(
                        f"Argument {i} is a {type(args[i]).__name__} of numbers, each of which {self._name} is given "
                        "as an array of its own. For one array of them pass xp.asarray(...)."
                    )
            raise
        finally:
            last_exit.reset(exit_before)
        self.aux = None
        if has_aux:
            if not isinstance(out, tuple) or len(out) != 2:
                raise DifferentiationError(f"with has_aux=True {self._name} must return a pair, (value, auxiliary).")
            out, self.aux = out
        self.out = rebuild(out, [self._output(y, place) for place, y in placed_leaves(out)])
        # An input that was tracked outside leads on to there; the others are where their history begins.
        self._own = {x._node for x in self.inputs if x._node.plan is _CONSTANT}
        self.needed = outside and not self._own.issuperset(boundary(arrays((self.out, self.aux)), start))

    def _output(self, y: Any, place: str) -> Array:
        if isinstance(y, Array) or is_array(y):
            return as_array(y)
        what = f"{type(y).__name__} {y!r:.60}" + (f" at {place}" if place else "")
        cause = "" if self._exit is None else f" Its history was lost where float() was called: {self._exit}."
        raise DifferentiationError(
            f"{self._name} must return arrays to be differentiated, but returned {what}.{cause} Leave out float(), "
            "item() and the like; if a constant is meant, wrap it in xp.asarray()."
        )

    def outputs(self) -> list[Array]:
        """The leaves of what the function returned."""
        return arrays(self.out)

    def only_output(self) -> Array:
        """What the function returned, if that is one array."""
        if isinstance(self.out, Array):
            return self.out
        raise DifferentiationError(
            f"{self._name} must return one array to have a gradient, but returned {type(self.out).__name__}. Return a "
            "pair and say has_aux=True for further results, or use vjp or jacobian for several outputs."
        )

    def gradients(
        self, outputs: Sequence[Array], gs: Sequence[Array], create: bool, argnums: Any, retain: bool = False
    ) -> Any:
        """The pulled-back cotangents by argument."""
        made = _pull(outputs, gs, self.inputs, create=create, retain=retain)
        if outputs and not (create or retain):
            join(outputs, made)
        return self.by_argument(made, argnums)

    def jacobian(self, y: Array) -> list[Array]:
        """The Jacobian of one output by every input."""
        with modes(self.needed, None), backend_of(y.data).computing(y.data):
            if not (self.needed or backend_of(y.data).lazy):
                return [array_of(block) for block in jacobian_of(y, self.inputs)]
            rows = [_walk([y], [unit], self.inputs, create=self.needed, retain=True) for unit in units(y)]
            shapes = [(*y.shape, *x.shape) for x in self.inputs]
            if not rows:
                return [filled(x, 0, shape) for x, shape in zip(self.inputs, shapes, strict=True)]
            stack, reshape = function("stack"), function("reshape")
            return [reshape(stack(r), shape) for r, shape in zip(zip(*rows, strict=True), shapes, strict=True)]

    def by_argument(self, gradients: Sequence[Array], argnums: Any) -> Any:
        """What was computed for every input in the form of the arguments: one for an int, else a tuple or list."""
        new = iter(gradients)
        trees = [tree_map(tree, lambda array: _given(next(new), array)) for tree in self._were_arrays]
        return trees if isinstance(argnums, list) else tuple(trees) if isinstance(argnums, tuple) else trees[0]

    def hand_out(self, tree: Any) -> Any:
        """A result for the caller: without history where none is needed, and raw where that is wanted."""
        return tree_map(tree, self._handed_out)

    def _handed_out(self, y: Any) -> Any:
        if not isinstance(y, Array):
            return y
        if self.raw and not (self.needed and tracked(y)):
            return writable(y)
        return array_of(y.data) if not self.needed and tracked(y) and y._node.order < self._before else y


def differentiated(x: Any, place: str, outside: bool = False) -> Array:
    """The Array that a function sees in place of a leaf to differentiate by."""
    if isinstance(x, Array):
        data = x.data
    elif is_array(x):
        data = backend_of(x).asarray(x)
    elif isinstance(x, int | float | complex) and not isinstance(x, bool):
        number = float(x) if isinstance(x, int) else x
        data = get_named(get_backend()).namespace.asarray(number)
    else:
        raise DifferentiationError(
            f"{place} is {type(x).__name__} {x!r:.60}, which is no array and no number. Pass it as a keyword, or name "
            "the arguments to differentiate by with argnums."
        )
    if not floating(data):
        raise VariableError(f"{data.dtype} ({place})")
    return entry(data, x._node if outside and isinstance(x, Array) else None)


def entry(data: Any, outer: Any) -> Array:
    """An Array with a node of its own, from which the outer history goes on if there is one.

    It is never a leaf itself, so the function may write to it in place. Nor has a constant a leaf behind it: an outer
    computation would take that for something that depends on a variable.
    """
    if outer is None:
        return array_of(data, make_node(_CONSTANT, (), _CONSTANT.save(data, data)))
    return array_of(data, make_node(_TRACKED, outer, ()))


def _pull(
    heads: Sequence[Array], cotangents: Sequence[Array], inputs: Sequence[Array], *, create: bool, retain: bool = False
) -> list[Array]:
    """The cotangents of all inputs in full shape, zeros for what the heads do not depend on; options as for `pull`."""
    if not inputs:
        return []
    with modes(create, None), backend_of(inputs[0].data).computing(inputs[0].data):
        return _walk(heads, cotangents, inputs, create=create, retain=retain)


def _walk(
    heads: Sequence[Array], cotangents: Sequence[Array], inputs: Sequence[Array], *, create: bool, **options: Any
) -> list[Array]:
    """As `_pull`, in a context that is set."""
    pairs = [(y._node, g if create else g.data) for y, g in zip(heads, cotangents, strict=True) if tracked(y)]
    nodes, gs = zip(*pairs, strict=True) if pairs else ((), ())
    targets = [x._node for x in inputs]
    found = pull(nodes, gs, targets=targets, create=create, stop=True, **options)
    return [fit(found[n], x) if n in found else filled(x, 0) for n, x in zip(targets, inputs, strict=True)]


def arguments_in(given: Any, what: str) -> tuple[Any, ...]:
    """The arguments of a function, given as a tuple or list; an array would be taken apart."""
    if not isinstance(given, list | tuple):
        raise DifferentiationError(
            f"{what} should be a tuple or list of all arguments, but is {type(given).__name__} {given!r:.60}. "
            "A single one is written (x,)."
        )
    return tuple(given)


def positions_of(argnums: int | Sequence[int], args: Sequence[Any], then: str = "") -> list[int]:
    """The positions that `argnums` names, counted from the start; `then` says what comes after these arguments."""
    wanted = []
    for n in argnums if isinstance(argnums, list | tuple) else (argnums,):
        try:
            wanted.append(index(n))
        except TypeError:
            raise DifferentiationError(
                f"argnums should be an int, or a tuple or list of them, but is or has {type(n).__name__} {n!r:.60}."
            ) from None
    for n in wanted:
        if not -len(args) <= n < len(args):
            raise DifferentiationError(
                f"argnums names argument {n!r}, but the function was called with {len(args)} positional arguments. "
                f"Arguments to differentiate by must be passed by position.{then}"
            )
    positions = [n % len(args) for n in wanted]
    if len(set(positions)) < len(positions):
        raise DifferentiationError(f"argnums {argnums!r} names an argument twice: name each once.")
    return positions


def _vectors(arrays: Sequence[Array], like: Any, vectors: Any, what: str, error: type[XpgradError]) -> list[Array]:
    """The leaves of a tree of vectors, each an Array of the shape and dtype of the array that it belongs to."""
    pairs = zip(arrays, aligned(like, vectors, what, error), strict=True)
    return [_vector(x, v, place, error) for x, (place, _, v) in pairs]


def _vector(x: Array, v: Any, place: str, error: type[XpgradError]) -> Array:
    if complex_for_real(v._data if isinstance(v, Array) else v, x._data):
        raise error(f"{place} is complex, but belongs to an array of {x.dtype}: give the real part alone.")
    if isinstance(v, int | float | complex):
        return filled(x, v)
    if not isinstance(v, Array) and not is_array(v):
        raise error(f"{place} should be an array of shape {x.shape}, but is {type(v).__name__} {v!r:.60}.")
    if unlike(v.shape, x.shape):
        raise error(f"{place} should have shape {x.shape}, but has shape {v.shape}.")
    return starting(snapshot(v), x)


def _given(g: Array, array: bool) -> Any:
    """A derivative for the caller: raw if no Array is wanted, unless it has a history that would be lost."""
    return g if array or tracked(g) else writable(g)


def units(y: Array) -> Iterator[Array]:
    """The unit vectors of the space that `y` is from."""
    xp = raw_namespace(backend_of(y.data))
    return (array_of(unit_rows(xp, y.data, i, i + 1)[0, ...]) for i in range(y.size or 0))
