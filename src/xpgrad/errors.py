"""Every error and warning that a user of xpgrad can meet.

Each message says what happened and what to do next. Classes derive from the built-in exception that
fits, so that generic handlers keep working. This module imports nothing of the package.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any


class XpgradError(Exception):
    """Base of all errors that xpgrad raises on its own account."""


def _described(x: object) -> str:
    """The class of an object, and what it looks like."""
    kind = type(x)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__} {x!r:.60}"


class NotRecordedError(XpgradError, RuntimeError):
    """A gradient was asked of an array that no recorded operation has led to.

    Parameters
    ----------
    position : int, optional
        Which of the heads is no Array.
    head : object
        What it is instead.
    """

    def __init__(self, position: int | None = None, head: object = None) -> None:
        what = (
            "this array is not part of a recorded computation"
            if position is None
            else f"head {position} is {_described(head)}, which is no Array"
        )
        super().__init__(
            f"cannot differentiate: {what}. Call attach_grad() on the variables first and compute the array from them "
            "inside `with autograd.record():`."
        )


class GraphFreedError(XpgradError, RuntimeError):
    """A recorded computation was differentiated again after backward had freed it.

    Parameters
    ----------
    failure : str, optional
        What ended that backward part of the way.
    """

    def __init__(self, failure: str | None = None) -> None:
        if failure:
            super().__init__(
                "this recorded computation was freed by an earlier backward, which frees as it goes and which failed "
                f"part of the way: {failure}. No gradient was changed. Pass retain_graph=True to that first backward "
                "to be able to try again, or record the computation anew."
            )
            return
        super().__init__(
            "this recorded computation was freed by an earlier backward. Pass retain_graph=True to that first "
            "backward to differentiate it again, or record the computation anew."
        )


class ScopeError(XpgradError, TypeError):
    """A scope was to decorate a generator function, whose body does not run when it is called."""

    def __init__(self, func: object) -> None:
        name = getattr(func, "__name__", repr(func))
        super().__init__(
            f"a scope cannot decorate {name}, which is a generator function: its body runs later, in the scopes of "
            "whoever iterates. Write `with autograd.record():` around the parts of the body that it is for."
        )


class UnreachableError(XpgradError, ValueError):
    """`xpgrad.autograd.grad` was asked for a variable that the heads do not depend on."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"variable {position} is unreachable from the heads: no recorded operation leads from it to them. "
            "Leave it out of `variables`, or use it inside `with autograd.record():` after attach_grad()."
        )


class NotAVariableError(XpgradError, ValueError):
    """`xpgrad.autograd.grad` was asked for an array that is not part of any recorded computation.

    Parameters
    ----------
    position : int
        Which of the variables it is.
    x : object
        What was given, which may be no Array.
    """

    def __init__(self, position: int, x: object) -> None:
        super().__init__(
            f"variable {position} does not require a gradient. Call attach_grad() on it before recording."
            if hasattr(x, "attach_grad")
            else f"variable {position} is {_described(x)}, which is no Array. Name Arrays on which attach_grad() was "
            "called before recording: one, or a list of them."
        )


class HeadGradientError(XpgradError, ValueError):
    """A head gradient does not fit its head, or an array that is to hold a gradient does not fit its variable."""


class VariableError(XpgradError, TypeError):
    """An array cannot be a variable: it holds no real or complex floating-point numbers."""

    def __init__(self, dtype: object) -> None:
        super().__init__(
            f"an array of dtype {dtype} has no gradient: only floating-point arrays have one. "
            "Convert it first, for example with xp.astype(x, xp.float64)."
        )


class NotAnArrayError(XpgradError, TypeError):
    """Something else than an Array was given where only an Array will do."""

    def __init__(self, what: str, x: object, instead: str) -> None:
        super().__init__(f"{what} should be an Array, but is {_described(x)}. {instead}")


class GradReqError(XpgradError, ValueError):
    """An unknown `grad_req`."""

    def __init__(self, grad_req: object) -> None:
        super().__init__(f"unknown grad_req {grad_req!r}: use 'write', 'add' or 'null'.")


class LeafWriteError(XpgradError, RuntimeError):
    """A variable was written to while recording."""

    def __init__(self) -> None:
        super().__init__(
            "a variable (attach_grad) cannot be changed in place while recording, nor can what shares its content: its "
            "gradient would have no meaning. Update it outside `record()` or inside `with autograd.pause():`, or write "
            "to a copy: x.copy()."
        )


class InPlaceError(XpgradError, TypeError):
    """An in-place operation would change the shape or the kind of dtype of the array it writes to."""

    def __init__(self, have: object, would: object) -> None:
        super().__init__(
            f"an in-place operation cannot turn an array of {have} into one of {would}. Write x = x + y instead of "
            "x += y, or convert the other operand first."
        )


class HistoryLostError(XpgradError, RuntimeError):
    """A conversion would silently drop the history of an array that is being recorded."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} would lose the recorded history of this array, so no gradient could flow through it. Use "
            "x.detach() to drop the history on purpose, or x.asnumpy() for a NumPy copy of the values. Several arrays "
            "become one with their history by xp.stack([...])."
        )


class DLPackHistoryLostError(XpgradError, BufferError):
    """`__dlpack__` was called on an array that is being recorded."""

    def __init__(self) -> None:
        super().__init__(
            "exporting through DLPack would lose the recorded history of this array. Export x.detach() instead."
        )


class NoCounterpartError(XpgradError, TypeError):
    """A function of NumPy's was called with an Array, for which xpgrad has no counterpart."""

    def __init__(self, function: str, instead: str = "the functions of x.__array_namespace__()") -> None:
        super().__init__(
            f"{function} has no counterpart for an Array. Use {instead}; or convert with x.detach().asnumpy() where no "
            "gradient is wanted, or write one with xpgrad.custom_vjp."
        )


class MixedBackendsError(XpgradError, TypeError):
    """Arrays of different backends met in one operation."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"arrays of two backends, {first} and {second}, met in one operation. Convert one of them first, for "
            f"example xpgrad.namespace({first!r}).asarray(x.asnumpy())."
        )


class UnsupportedTypeError(XpgradError, TypeError):
    """A value is neither an array of a known library nor a number."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        super().__init__(
            f"a {kind.__name__} is not an array that xpgrad knows: make it one with xp.asarray(...)."
            if kind in (list, tuple)
            else f"{kind.__module__}.{kind.__qualname__} is not an array that xpgrad knows. Convert it with "
            "xp.asarray(...), or register a backend for it (entry point group 'xpgrad.backends')."
        )


class DtypeError(XpgradError, TypeError):
    """An array was to be made of something else than numbers or booleans."""

    def __init__(self, dtype: object) -> None:
        super().__init__(
            f"an array of dtype {dtype} holds neither numbers nor booleans, so nothing can be computed with it. Give "
            "numbers, nested lists of them, or an array; keep other data in the library's own arrays."
        )


class UnknownNameError(XpgradError, AttributeError):
    """A namespace has no function and no constant of this name."""

    def __init__(self, module: str, name: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__(f"{module} has no attribute {name!r}.")
        self._missing, self._known = name, known

    def __str__(self) -> str:
        # Not before it is read: libraries ask with hasattr for what need not be there.
        near = get_close_matches(self._missing, self._known(), n=4)
        hint = f" The nearest names it has: {', '.join(near)}." if near else ""
        return f"{self.args[0]}{hint} dir() lists what there is; on raw arrays call the library itself."

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)


class MaskedArrayError(XpgradError, TypeError):
    """A masked array of NumPy's was given, the mask of which would be lost."""

    def __init__(self) -> None:
        super().__init__(
            "a numpy.ma.MaskedArray would lose its mask here, and what is masked would count. Give x.filled(0.0), and "
            "leave out what is masked with a weight or xp.where(): numpy.ma.getmaskarray(x) is the mask."
        )


class NotDifferentiableError(XpgradError, NotImplementedError):
    """A recorded array met an input of a function for which no derivative rule exists."""

    def __init__(self, function: str, argument: str) -> None:
        super().__init__(
            f"{function} has no derivative rule for its argument {argument!r}. If no gradient is wanted there, pass "
            f"{argument}.detach(); otherwise write one with xpgrad.custom_vjp."
        )


class UnknownLengthsError(XpgradError, ValueError):
    """An operation, or its derivative, needs lengths of blocks that a lazy library does not know yet."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} needs the lengths of blocks, which are not known yet: call compute_chunk_sizes() on the array "
            "that they belong to, before it is used."
        )


class RuleError(XpgradError, TypeError):
    """A primitive or a rule is registered that cannot be run, or a rule returned no cotangent."""


class UnknownBackendError(XpgradError, LookupError):
    """No backend and no array-API library has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"there is no backend named {name!r}. Known here: {', '.join(known)}. Install the plug-in that provides "
            "it, or give the import name of an array-API library."
        )


class LibraryMissingError(XpgradError, ImportError):
    """A backend is known, but the library it stands on is not installed."""

    def __init__(self, name: str, library: str, install: str) -> None:
        super().__init__(f"backend {name!r} needs the library {library!r}, which is not installed: run `{install}`.")


class FunctionMissingError(XpgradError, AttributeError):
    """A backend's library lacks a function, and xpgrad cannot make it of others."""

    def __init__(self, name: str, function: str, library: str | None = None) -> None:
        super().__init__(
            f"backend {name!r} finds {function} in the library {library!r}, which is not installed: run "
            f"`pip install {library}`."
            if library
            else f"backend {name!r} has no function {function}, nor has xpgrad one made of the standard's. Compute it "
            "on another backend, for example with xpgrad.namespace('numpy').asarray(x.asnumpy())."
        )


class DeviceError(XpgradError, RuntimeError):
    """A backend's library is installed, but the device it needs cannot be used."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(
            f"backend {name!r} is installed, but its device cannot be used: {cause}. Check the driver, or use another "
            "backend, for example xpgrad.set_backend('numpy')."
        )


class BackendConflictError(XpgradError, RuntimeError):
    """Two plug-ins claim the same name or the same array type."""

    def __init__(self, what: str, first: str, second: str) -> None:
        super().__init__(f"{what} is claimed by two backends, {first} and {second}: uninstall one of them.")


class FunctionError(XpgradError, TypeError):
    """A user-defined function (Function, custom_vjp) returned something that does not fit."""


class DifferentiationError(XpgradError, TypeError):
    """A function handed to a transform such as `grad` does not fit it."""


class GraphInputError(XpgradError, TypeError):
    """A graph cannot be run with what it was given."""


class GradientCheckError(XpgradError, AssertionError):
    """`check_grads` found a derivative that disagrees with finite differences."""


class BackendWarning(UserWarning):
    """A backend plug-in could not be loaded; the others are not affected."""


class GradientLostWarning(UserWarning):
    """A recorded array was turned into a Python number, which carries no history."""
