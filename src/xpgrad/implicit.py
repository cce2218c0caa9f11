"""Implicit differentiation: gradients of what an iterative solver finds, from the equation that it solves.

To differentiate the steps of a solver is slow, takes memory, and gives nonsense where the last steps are rounding. But
where f(x, p) = 0, the implicit function theorem says how x moves with p: dx = -(df/dx)^-1 (df/dp) dp. The solver may be
anything: it sees the parameters as arrays without history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.array import Array
from xpgrad.cotangent import unlike
from xpgrad.custom import Function, name_of, without_history
from xpgrad.discovery import floating
from xpgrad.errors import DifferentiationError
from xpgrad.functional import grad, jacobian, vjp
from xpgrad.functions import as_array
from xpgrad.ravel import ravel_tree
from xpgrad.scope import is_recording
from xpgrad.tree import leaves, rebuild

__all__ = ["conjugate_gradient", "fixed_point", "minimum", "root"]

LinearSolver = Callable[[Callable[[Any], Any], Any], Any]


def root(
    f: Callable[..., Any], solver: Callable[..., Any], *, linear_solver: LinearSolver | None = None
) -> Callable[..., Any]:
    """The solution x of ``f(x, *parameters) = 0`` as a differentiable function of the parameters.

    Parameters
    ----------
    f : callable
        ``f(x, *parameters)``, of the form of x, made of differentiable operations.
    solver : callable
        ``solver(*parameters)`` returns x: an array, or nested dicts, lists and tuples of real ones. It is not
        differentiated, so it may use any library.
    linear_solver : callable, optional
        ``linear_solver(A, b)`` solves ``A(v) = b`` for a vector, where the callable A multiplies by the transposed
        Jacobian of f by x. By default that matrix is built and solved, which suits up to some thousand unknowns;
        `conjugate_gradient` needs products only, and symmetry.

    Returns
    -------
    callable
        ``solve(*parameters)``, differentiable to any order. Parameters may be nested; they are given by position. It
        raises FunctionError where f or the solver uses an array that is being recorded and is no parameter: no
        gradient would flow to it.

    Notes
    -----
    The gradient is that of an exact solution: it is as accurate as the solver's result. Where the Jacobian is singular
    there is none.

    Examples
    --------
    >>> square_root = implicit.root(lambda x, a: x * x - a, lambda a: scipy.optimize.newton(lambda x: x * x - a, 1.0))
    >>> xpgrad.grad(square_root)(numpy.asarray(2.0))  # 1 / (2 sqrt(2))
    """

    def solve(*parameters: Any) -> Any:
        made: list[Any] = []
        recording = is_recording()

        def found(*given: Any) -> Any:
            taken = rebuild(parameters, given)
            x = without_history(name_of(solver), solver, taken) if recording else solver(*taken)
            vector, unravel = ravel_tree(x)
            made.append(unravel)
            if recording:  # before the walk back, where only the parameters would be looked at
                without_history(name_of(f), f, (x, *taken))
            return vector

        def residual(v: Any, *given: Any) -> Any:
            return _as_long(f, f(made[0](v), *rebuild(parameters, given)), v)

        given = [as_array(x) if hasattr(x, "dtype") else x for x in leaves(parameters)]
        vector = _Solution(found, residual, linear_solver)(*given)
        return made[0](vector)

    return solve


def _as_long(f: Callable[..., Any], out: Any, v: Any) -> Any:
    """What `f` returned as a vector, which must be as long as that of x."""
    vector = ravel_tree(out)[0]
    if unlike(vector.shape, v.shape):
        raise DifferentiationError(
            f"{name_of(f)} must return what has the form of x, of size {v.shape[0]}, but returned something of size "
            f"{vector.shape[0]}: there must be one equation for each unknown."
        )
    return vector


def fixed_point(
    f: Callable[..., Any], solver: Callable[..., Any], *, linear_solver: LinearSolver | None = None
) -> Callable[..., Any]:
    """The solution of ``x = f(x, *parameters)`` as a differentiable function of the parameters.

    Parameters
    ----------
    f : callable
        ``f(x, *parameters)``, of the form of x, made of differentiable operations.
    solver, linear_solver : callable
        As for `root`, where the Jacobian is that of ``f(x, *parameters) - x``.

    Returns
    -------
    callable
        ``solve(*parameters)``, as from `root`.
    """

    def difference(x: Any, *parameters: Any) -> Any:
        vector, unravel = ravel_tree(x)
        return unravel(_as_long(f, f(x, *parameters), vector) - vector)

    return root(difference, solver, linear_solver=linear_solver)


def minimum(
    f: Callable[..., Any], solver: Callable[..., Any], *, linear_solver: LinearSolver | None = None
) -> Callable[..., Any]:
    """The x that minimises ``f(x, *parameters)`` as a differentiable function of the parameters.

    Parameters
    ----------
    f : callable
        ``f(x, *parameters)`` returns a number as an array, and is made of differentiable operations.
    solver, linear_solver : callable
        As for `root`. The gradient of f by x is 0 at the minimum, and the Jacobian of that is the Hessian, which is
        symmetric: for many unknowns use ``linear_solver=conjugate_gradient``.

    Returns
    -------
    callable
        ``solve(*parameters)``, as from `root`.
    """
    return root(grad(f), solver, linear_solver=linear_solver)


def conjugate_gradient(product: Callable[[Any], Any], b: Any, *, rtol: float = 1e-10, steps: int = 1000) -> Any:
    """Solve ``product(v) = b`` for a symmetric positive definite matrix of which only products are known.

    Parameters
    ----------
    product : callable
        Multiplies a vector by the matrix.
    b : Array
        The right side, a vector.
    rtol : float
        How small the residual must be against b.
    steps : int
        How many products may be taken.

    Returns
    -------
    Array
        The vector v.

    Raises
    ------
    DifferentiationError
        If that does not suffice.
    """
    xp = b.__array_namespace__()
    v, rest = xp.zeros_like(b), b
    direction, square = rest, xp.vecdot(rest, rest)
    enough = rtol * rtol * float(square)
    for _ in range(steps):
        if float(square) <= enough:
            return v
        image = product(direction)
        length = square / xp.vecdot(direction, image)
        v, rest = v + length * direction, rest - length * image
        before, square = square, xp.vecdot(rest, rest)
        direction = rest + square / before * direction
    raise DifferentiationError(
        f"conjugate_gradient has not converged in {steps} steps. Is the matrix symmetric and positive definite? "
        "Otherwise leave linear_solver out, or pass one of your own."
    )


class _Solution(Function):
    """A vector v with ``residual(v, *given) = 0``."""

    def __init__(
        self, found: Callable[..., Any], residual: Callable[..., Any], linear_solver: LinearSolver | None
    ) -> None:
        self._found = found
        self._residual = residual
        self._linear_solver = linear_solver

    def forward(self, *given: Any) -> Array:
        v = as_array(self._found(*given))
        if floating(v.data) != "real":
            raise DifferentiationError(f"a solver must return real floating-point numbers, not {v.dtype}.")
        self.save_for_backward(v, *given)
        return v

    def backward(self, g: Array) -> Any:
        v, *given = self.saved_tensors
        places = [i for i, x in enumerate(given) if isinstance(x, Array) and floating(x.data)]

        def by_given(*moved: Any) -> Any:
            at = dict(zip(places, moved, strict=True))
            return self._residual(v, *(at.get(i, x) for i, x in enumerate(given)))

        w = self._solved_transposed(v, given, g)
        _, pull = vjp(by_given, *(given[i] for i in places))
        found = dict(zip(places, pull(-w), strict=True))
        return tuple(found.get(i) for i in range(len(given)))

    def _solved_transposed(self, v: Array, given: list[Any], g: Array) -> Any:
        """The w with J^T w = g, as a differentiable function of v, g and what was given."""
        residual, linear_solver = self._residual, self._linear_solver
        if linear_solver is None:
            matrix = jacobian(lambda v: residual(v, *given))(v)
            return g.__array_namespace__().linalg.solve(matrix.T, g)

        def product(w: Any, v: Any, *given: Any) -> Any:
            return vjp(lambda v: residual(v, *given), v)[1](w)[0]

        def solved(g: Any, v: Any, *given: Any) -> Any:
            return linear_solver(lambda w: product(w, v, *given), g)

        def rest(w: Any, g: Any, v: Any, *given: Any) -> Any:
            return product(w, v, *given) - g

        return _Solution(solved, rest, linear_solver)(g, v, *given)


def __dir__() -> list[str]:
    return __all__
