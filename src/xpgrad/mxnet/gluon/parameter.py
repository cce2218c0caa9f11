"""Parameters: the arrays that a network learns, made when their shape is known."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from xpgrad.array import Array
from xpgrad.mxnet import initializer
from xpgrad.mxnet.arrays import NDArray, current_kind, dressed, plain, refuse_sparse
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.context import Context, context_of, current_context
from xpgrad.mxnet.dtypes import dtype_of
from xpgrad.mxnet.ops.creation import array, zeros
from xpgrad.mxnet.promotion import cast
from xpgrad.mxnet.provide import written
from xpgrad.mxnet.storage import loader, save
from xpgrad.mxnet.util import is_np_shape
from xpgrad.scope import modes

tensor_types = (NDArray,)


class DeferredInitializationError(MXNetError):
    """A parameter is asked for before the first forward pass has said what shape it has."""


def contexts_of(ctx: Any) -> list[Context]:
    """One context or several, as a list; the current one where none is given.

    Raises
    ------
    MXNetError
        If two of them are the same memory.
    """
    found = [current_context()] if ctx is None else [ctx] if isinstance(ctx, Context) else list(ctx)
    for i, context in enumerate(found):
        if any(context.same_device(other) for other in found[:i]):
            raise MXNetError(f"{found} are the same memory here, so one copy serves all: name it once.")
    return found


def shape_is_known(shape: Any) -> bool:
    """Whether all lengths are known; unknown ones are 0 or -1."""
    return shape is not None and all(n > 0 for n in shape)


class Parameter:
    """An array that is learnt, with its gradient, on one device or on several.

    Parameters
    ----------
    name : str
        Its name within its block.
    grad_req : {"write", "add", "null"}
        Whether a backward pass replaces the gradient, adds to it, or leaves it alone.
    shape : int or tuple of int, optional
        Lengths of 0 or -1 are not known yet.
    dtype : optional
        That of its elements.
    lr_mult, wd_mult : float
        What `Trainer` multiplies learning rate and weight decay with.
    init : Initializer or str, optional
        How it begins; by default as the initializer of the whole network says.
    allow_deferred_init : bool
        Whether its shape may be found in the first forward pass.
    differentiable : bool
        Whether it ever has a gradient.
    stype, grad_stype : {"default"}
        MXNet's storage types; sparse arrays are not provided.
    """

    def __init__(
        self,
        name: str = "weight",
        grad_req: str = "write",
        shape: Any = None,
        dtype: Any = "float32",
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: Any = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        refuse_sparse(stype)
        refuse_sparse(grad_stype)
        self.name = name
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.init = init
        self._shape: tuple[int, ...] | None = (
            (shape,) if isinstance(shape, int) else None if shape is None else (*shape,)
        )
        self._dtype = dtype
        self._allow_deferred_init = allow_deferred_init
        self._differentiable = differentiable
        self._copies: list[NDArray] = []
        self._contexts: list[Context] = []
        self._beginning: Any = None  # the initializer or the array to begin with, while the shape is not known
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"{type(self).__name__} (shape={self.shape}, dtype={getattr(self.dtype, 'name', self.dtype)})"

    @property
    def grad_req(self) -> str:
        """Whether a backward pass replaces the gradient, adds to it, or leaves it alone."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req not in ("write", "add", "null"):
            raise ValueError(f"grad_req is 'write', 'add' or 'null', not {req!r}.")
        self._grad_req = req if self._differentiable else "null"
        for copy in self._copies:
            self._attach(copy)

    def _attach(self, copy: NDArray) -> None:
        copy.drop_grad()
        if self._grad_req != "null":
            copy.attach_grad(self._grad_req)

    @property
    def dtype(self) -> Any:
        """That of its elements; to set it converts them."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its shape; unknown lengths are -1 in NumPy's style and 0 in that of MXNet 1."""
        unknown = -1 if is_np_shape() else 0
        return None if self._shape is None else tuple(n if n > 0 else unknown for n in self._shape)

    @shape.setter
    def shape(self, shape: tuple[int, ...]) -> None:
        known = self._shape
        if known is not None and (
            len(known) != len(shape) or any(n > 0 and n != m for n, m in zip(known, shape, strict=True))
        ):
            raise ValueError(f"parameter {self.name!r} has the shape {self.shape}, which {tuple(shape)} does not fit.")
        self._shape = tuple(shape)

    def initialize(
        self,
        init: Any = None,
        ctx: Any = None,
        default_init: Any = None,
        force_reinit: bool = False,
        device: Any = None,
    ) -> None:
        """Make the array; where its shape is not known yet, in the first forward pass.

        Parameters
        ----------
        init : Initializer or str, optional
            Goes before the parameter's own.
        ctx, device : Context or list of Context, optional
            Where to make it: a copy in each.
        default_init : Initializer or str, optional
            For a parameter that has none of its own; `Uniform` by default.
        force_reinit : bool
            Make it anew where there is one.
        """
        if self._copies and not force_reinit:
            warnings.warn(
                f"parameter {self.name!r} is initialized already: force_reinit=True makes it anew.", stacklevel=2
            )
            return
        if not shape_is_known(self._shape) and not self._allow_deferred_init:
            raise ValueError(f"parameter {self.name!r} cannot be made in the shape {self.shape}: give all its lengths.")
        self._copies = []
        self._contexts = contexts_of(device or ctx)
        self._beginning = init or self.init or default_init or initializer.Uniform()
        if shape_is_known(self._shape):
            self.finish()

    def finish(self) -> None:
        """Make what `initialize` had to leave, now that the shape is known."""
        if self._beginning is None:
            return
        if not shape_is_known(self._shape):
            raise DeferredInitializationError(
                f"the shape of parameter {self.name!r} is not known: {self.shape}. Give all its lengths, or give its "
                "block a method infer_shape(*inputs) that sets it."
            )
        with modes(False, None):
            begin = self._beginning
            if not isinstance(begin, NDArray):
                begin = dressed(zeros(self._shape, self._dtype), current_kind())
                initializer.create(self._beginning)._init_weight(self.name, begin)
            self._place(begin)
        self._beginning = None

    def _place(self, value: NDArray) -> None:
        """Copies of an array in all contexts."""
        self._copies = [value.detach().copy().as_in_context(context) for context in self._contexts]
        for copy in self._copies:
            self._attach(copy)

    def _of(self, found: list[Any], ctx: Context | None) -> Any:
        """What belongs to a context."""
        if len(found) == 1 and (ctx is None or ctx.same_device(self._contexts[0])):
            return found[0]
        self._check()
        wanted = current_context() if ctx is None else Context(ctx)
        for context, x in zip(self._contexts, found, strict=True):
            if wanted.same_device(context):
                return x
        raise RuntimeError(f"parameter {self.name!r} is not on {wanted}, only on {self._contexts}.")

    def _check(self) -> None:
        """Raise what stands in the way where the array is not made yet."""
        if self._copies:
            return
        if self._beginning is not None:
            raise DeferredInitializationError(
                f"parameter {self.name!r} is not made yet, because its shape is not known: run one batch through the "
                "network first, or give the number of inputs (in_units, in_channels, …)."
            )
        raise RuntimeError(f"parameter {self.name!r} has not been initialized: call initialize() of its network first.")

    def data(self, ctx: Context | None = None, device: Context | None = None) -> NDArray:
        """The array, in a context.

        Raises
        ------
        DeferredInitializationError
            If its shape is not known yet.
        RuntimeError
            If it was not initialised, or not there.
        """
        return self._of(self._copies, ctx or device)

    def stored(self, x: Array) -> NDArray:
        """The array where another one is."""
        return self._copies[0] if len(self._copies) == 1 else self._of(self._copies, context_of(x.device))

    def beside(self, x: Array) -> Any:
        """The same as a plain Array, to compute with."""
        return plain(self.stored(x))

    def list_data(self) -> list[NDArray]:
        """The array in all contexts."""
        self._check()
        return self._copies

    def grad(self, ctx: Context | None = None, device: Context | None = None) -> NDArray:
        """The gradient, in a context.

        Raises
        ------
        RuntimeError
            If there is none.
        """
        return self._of(self.list_grad(), ctx or device)

    def list_grad(self) -> list[Any]:
        """The gradient in all contexts."""
        self._check()
        if self._grad_req == "null":
            raise RuntimeError(f"parameter {self.name!r} has no gradient, because its grad_req is 'null'.")
        return [copy.grad for copy in self._copies]

    def list_ctx(self) -> list[Context]:
        """The contexts it is, or will be, in."""
        if not self._contexts:
            self._check()
        return self._contexts

    list_device = list_ctx

    def set_data(self, data: Any) -> None:
        """Write to the array, in all contexts."""
        self.shape = data.shape
        if self._beginning is not None:
            self._beginning = data
            self.finish()
            return
        with modes(False, None):
            for copy in self.list_data():
                written(plain(data), copy)

    def load(self, data: NDArray, ctx: Any = None, cast_dtype: bool = False, dtype_source: str = "current") -> None:
        """Take over an array that was read from a file.

        Raises
        ------
        ValueError
            If its shape or dtype does not fit.
        """
        dtype = dtype_of(self._dtype)
        if data.dtype != dtype:
            if not cast_dtype:
                raise ValueError(
                    f"parameter {self.name!r} is of dtype {dtype}, that in the file of {data.dtype}: "
                    "cast_dtype=True converts it."
                )
            if dtype_source == "saved":
                self.cast(data.dtype)
            else:
                data = data.astype(dtype)
        if ctx is not None or not self._contexts:
            self._contexts = contexts_of(ctx)
            self._copies = []
        if self._copies:
            self.set_data(data)
        else:
            self.shape = data.shape
            self._beginning = None
            with modes(False, None):
                self._place(data)

    def reset_ctx(self, ctx: Any = None, device: Any = None) -> None:
        """Move to other contexts."""
        contexts = contexts_of(device or ctx)
        if self._beginning is None:
            self._check()
        self._contexts = contexts
        if self._copies:
            with modes(False, None):
                self._place(self._copies[0])

    reset_device = reset_ctx

    def zero_grad(self) -> None:
        """Set the gradient to zero; does nothing where there is none."""
        for copy in self._copies:
            copy.zero_grad()

    def cast(self, dtype: Any) -> None:
        """Convert to another dtype."""
        self._dtype = dtype
        with modes(False, None):
            self._copies = [dressed(cast(plain(copy), dtype_of(dtype)), copy._kind) for copy in self._copies]
        for copy in self._copies:
            self._attach(copy)


class Constant(Parameter):
    """A parameter that is not learnt: ``Constant(value)``, or ``Constant(name, value)`` as in MXNet 1."""

    def __init__(self, *name_and_value: Any) -> None:
        *names, value = name_and_value
        if not isinstance(value, NDArray):
            value = dressed(array(value), current_kind())
        self.value = value
        super().__init__(
            names[0] if names else "const",
            grad_req="null",
            shape=value.shape,
            dtype=value.dtype,
            init=initializer.Constant(value),
            differentiable=False,
        )


class ParameterDict(dict[str, Parameter]):
    """Parameters by name: a block's own, or those of a whole network.

    The names are those of MXNet 2, such as ``0.weight``; those of MXNet 1, such as ``dense0_weight``, find them, too.

    Parameters
    ----------
    parameters : dict or iterable of pairs
        What it holds.
    prefix : str
        What the names of MXNet 1 begin with.
    aliases : dict, optional
        The names of MXNet 1.
    shared : dict, optional
        Another block's parameters, which are used instead of new ones.
    """

    def __init__(
        self,
        parameters: Any = (),
        prefix: str = "",
        aliases: dict[str, str] | None = None,
        shared: dict[str, Parameter] | None = None,
    ) -> None:
        super().__init__(parameters)
        self.prefix = prefix
        self.aliases = aliases or {}
        self.shared = shared or {}

    def __missing__(self, name: str) -> Parameter:
        short = self.aliases.get(name) or name.removeprefix(self.prefix)
        if short == name or short not in self:
            raise KeyError(f"there is no parameter {name!r}, only {', '.join(self) or 'none at all'}.")
        return self[short]

    def get(self, name: str, *default: Any, **options: Any) -> Any:
        """The parameter of a name, which is made with these options where there is none."""
        if name not in self:
            if default:
                return default[0]
            self[name] = self.shared.get(name, None) or Parameter(name, **options)
        return self[name]

    def get_constant(self, name: str, value: Any = None) -> Parameter:
        """The constant of a name, which is made where there is none."""
        if name not in self:
            self[name] = Constant(name, value)
        return self[name]

    def select(self, pattern: str) -> ParameterDict:
        """Those whose name, of MXNet 2 or 1, a regular expression matches."""
        older = {name: alias for alias, name in self.aliases.items()}
        fits = re.compile(pattern).match
        chosen = {name: p for name, p in self.items() if fits(name) or fits(older.get(name, name))}
        return ParameterDict(chosen, self.prefix, self.aliases)

    def _each(self) -> Iterator[Parameter]:
        """Every parameter once, also where several names share it."""
        return iter(dict.fromkeys(self.values()))

    def initialize(self, init: Any = None, ctx: Any = None, verbose: bool = False, force_reinit: bool = False) -> None:
        """Initialise all."""
        for parameter in self._each():
            parameter.initialize(None, ctx, init, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for parameter in self._each():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all to other contexts."""
        for parameter in self._each():
            parameter.reset_ctx(ctx)

    reset_device = reset_ctx

    def list_ctx(self) -> list[Context]:
        """The contexts that they are in."""
        return list(dict.fromkeys(context for parameter in self._each() for context in parameter.list_ctx()))

    list_device = list_ctx

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all, such as ``grad_req`` or ``wd_mult``."""
        for parameter in self._each():
            setattr(parameter, name, value)

    def save(self, filename: str | Path, strip_prefix: str = "") -> None:
        """Write all to a file, in NumPy's format .npz."""
        save(filename, {name.removeprefix(strip_prefix): p.list_data()[0] for name, p in self.items()})

    def load(
        self,
        filename: str | Path,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Read what `save` wrote."""
        found = {restore_prefix + name: x for name, x in loader(current_kind())(filename).items()}
        self.load_dict(found, ctx, allow_missing, ignore_extra, cast_dtype, dtype_source, str(filename))

    def load_dict(
        self,
        param_dict: dict[str, Any],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        source: str = "the dict",
    ) -> None:
        """Take over arrays by name.

        Raises
        ------
        ValueError
            If there are too few or too many of them, or if one does not fit; then nothing is changed but what comes
            before it.
        """
        given = {name.removeprefix("arg:").removeprefix("aux:"): x for name, x in param_dict.items()}
        shared: dict[Parameter, list[str]] = {}
        for name, parameter in self.items():
            shared.setdefault(parameter, []).append(name)
        missing = [names[0] for names in shared.values() if not any(name in given for name in names)]
        extra = [name for name in given if name not in self and name not in self.aliases]
        if missing and not allow_missing:
            raise ValueError(f"{source} lacks {_some(missing)}; it has {_some(given)}. allow_missing=True lets it.")
        if extra and not ignore_extra:
            raise ValueError(f"{source} has {_some(extra)}, which is no parameter; there are {_some(self)}. "
                             "ignore_extra=True leaves it out.")  # fmt: skip
        for name, value in given.items():
            if name not in extra:
                data = value if isinstance(value, NDArray) else dressed(array(value, value.dtype), current_kind())
                self[name].load(data, ctx, cast_dtype, dtype_source)


def _some(names: Iterable[str], most: int = 7) -> str:
    """The first few of many names."""
    listed = [repr(name) for name in names]
    return ", ".join(listed if len(listed) <= most else [*listed[:most], f"… ({len(listed)} in all)"])
