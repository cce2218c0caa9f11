"""Blocks: what networks are made of. A block holds parameters and other blocks, and computes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from xpgrad.mxnet import initializer
from xpgrad.mxnet import ndarray as nd
from xpgrad.mxnet.arrays import dressed, kind_of, plain
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.gluon.parameter import DeferredInitializationError, Parameter, ParameterDict
from xpgrad.mxnet.storage import save

#: What the names of MXNet 1 begin with inside `Block.name_scope`, and how many blocks of each kind have one already.
_SCOPE: ContextVar[tuple[str, dict[str, int]]] = ContextVar("xpgrad_mxnet_name_scope", default=("", {}))


class HookHandle:
    """What undoes the registration of a hook."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks = hooks
        hooks[id(self)] = hook

    def detach(self) -> None:
        """Remove the hook."""
        self._hooks.pop(id(self), None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.detach()


class Block:
    """A part of a network, or a whole one: a subclass makes its layers in ``__init__`` and uses them in ``forward``.

    Parameters
    ----------
    prefix : str, optional
        What the names of its parameters begin with in MXNet 1.
    params : ParameterDict, optional
        Parameters of another block to share.
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        scope, counts = _SCOPE.get()
        if prefix is None:
            kind = self._alias()
            counts[kind] = counts.get(kind, -1) + 1
            prefix = f"{kind}{counts[kind]}_"
        self._children: dict[str, Block] = {}
        self._reg_params = ParameterDict(prefix=scope + prefix, shared=params)
        self._names: dict[str, int] = {}
        self._forward_hooks: dict[int, Any] = {}
        self._forward_pre_hooks: dict[int, Any] = {}

    def _alias(self) -> str:
        """What the name of such a block begins with in MXNet 1."""
        return type(self).__name__.lower()

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with in MXNet 1."""
        return self._reg_params.prefix

    @property
    def name(self) -> str:
        """Its name in MXNet 1."""
        return self.prefix.removesuffix("_")

    @contextmanager
    def name_scope(self) -> Iterator[None]:
        """Scope in which the names of new blocks begin with the name of this one, as in MXNet 1."""
        token = _SCOPE.set((self.prefix, self._names))
        try:
            yield
        finally:
            _SCOPE.reset(token)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            value = self._reg_params.shared.get(name, value)
            for key in [key for key, known in self._reg_params.items() if known is value and key == value.name]:
                del self._reg_params[key]  # `params.get` has noted it under its own name
            self._reg_params[name] = value
        elif isinstance(value, Block):
            self.register_child(value, name)
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        lines = [f"  ({name}): {_indented(repr(child))}" for name, child in self._children.items()]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the hooks, and `forward` between them."""
        for hook in (*self._forward_pre_hooks.values(),):
            hook(self, args)
        out = self._run(*args, **kwargs)
        for hook in (*self._forward_hooks.values(),):
            hook(self, args, out)
        return out

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any) -> Any:
        """What the block computes; for subclasses to define."""
        raise NotImplementedError(f"{type(self).__name__} has no forward().")

    @property
    def params(self) -> ParameterDict:
        """Its own parameters, without those of the blocks inside."""
        return self._reg_params

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """All parameters, its own and those of the blocks inside.

        Parameters
        ----------
        select : str, optional
            A regular expression; only parameters whose name it matches.
        """
        found = ParameterDict(prefix=self.prefix)
        self._collect("", found)
        return found if select is None else found.select(select)

    def _collect(self, path: str, found: ParameterDict) -> None:
        for name, parameter in self._reg_params.items():
            found[path + name] = parameter
            found.aliases.setdefault(self.prefix + parameter.name, path + name)
        for name, child in self._children.items():
            child._collect(f"{path}{name}.", found)

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make a block part of this one; a block that is assigned to an attribute is so already."""
        self._children[str(len(self._children)) if name is None else name] = block

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs, output)`` after every forward pass."""
        return HookHandle(self._forward_hooks, hook)

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(block, inputs)`` before every forward pass."""
        return HookHandle(self._forward_pre_hooks, hook)

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call a function with every block inside, and with this one."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def initialize(
        self, init: Any = None, ctx: Any = None, verbose: bool = False, force_reinit: bool = False, device: Any = None
    ) -> None:
        """Initialise all parameters.

        Parameters
        ----------
        init : Initializer or str, optional
            For parameters that have none of their own; `Uniform` by default.
        ctx, device : Context or list of Context, optional
            Where to make them: a copy in each.
        verbose : bool
            Not used.
        force_reinit : bool
            Initialise those again that are already.
        """
        self.collect_params().initialize(initializer.create(init), device or ctx, verbose, force_reinit)

    def share_parameters(self, shared: dict[str, Parameter]) -> Block:
        """Use another block's parameters, by name, in place of its own."""
        for name, parameter in shared.items():
            *path, last = name.split(".")
            block: Block | None = self
            for part in path:
                block = None if block is None else block._children.get(part)
            if block is not None and last in block._reg_params:
                object.__setattr__(block, last, parameter)
                block._reg_params[last] = parameter
        return self

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Do nothing: MXNet compiles its graph here, and computes the same."""

    def cast(self, dtype: Any) -> None:
        """Convert all parameters to another dtype."""
        for child in self._children.values():
            child.cast(dtype)
        for parameter in self._reg_params.values():
            parameter.cast(dtype)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        self.collect_params().zero_grad()

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters, such as ``grad_req``."""
        self.collect_params().setattr(name, value)

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other contexts."""
        self.collect_params().reset_ctx(ctx)

    reset_device = reset_ctx

    def save_parameters(self, filename: str | Path, deduplicate: bool = False) -> None:
        """Write all parameters to a file, in NumPy's format .npz whatever its name ends with.

        Parameters
        ----------
        filename : str or path
            It is overwritten where it exists.
        deduplicate : bool
            Write a parameter that has several names once only.
        """
        named: dict[str, Parameter] = self.collect_params()
        if deduplicate:
            named = {name: p for p, name in {p: name for name, p in reversed(named.items())}.items()}
        save(filename, {name: p.list_data()[0] for name, p in named.items()})

    def load_parameters(
        self,
        filename: str | Path,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        device: Any = None,
    ) -> None:
        """Read what `save_parameters` wrote.

        Parameters
        ----------
        filename : str or path
            The file.
        ctx, device : Context or list of Context, optional
            Where the parameters shall be; by default where they are.
        allow_missing, ignore_extra : bool
            Whether the file may have fewer or more arrays than there are parameters.
        cast_dtype : bool
            Whether to convert dtypes that differ: to those of the parameters, or those of the file, as `dtype_source`
            ("current" or "saved") says.
        dtype_source : str
            See `cast_dtype`.
        """
        self.collect_params().load(filename, device or ctx, allow_missing, ignore_extra, "", cast_dtype, dtype_source)

    def load_dict(self, param_dict: dict[str, Any], ctx: Any = None, **options: Any) -> None:
        """Take over arrays by name; options are those of `load_parameters`."""
        self.collect_params().load_dict(param_dict, options.pop("device", None) or ctx, **options)

    save_params, load_params = save_parameters, load_parameters

    def summary(self, *inputs: Any) -> None:
        """Print the layers, the shapes of what they give, and how many parameters they have."""
        rows: list[tuple[str, str, int]] = []

        def note(block: Block, _: Any, out: Any) -> None:
            first = out[0] if isinstance(out, list | tuple) else out
            count = sum(p.data().size or 0 for p in block.params.values())
            rows.append((type(block).__name__, str(first.shape), count))

        handles: list[HookHandle] = []
        self.apply(lambda block: handles.append(block.register_forward_hook(note)))
        try:
            self(*inputs)
        finally:
            for handle in handles:
                handle.detach()
        total = sum(count for _, _, count in rows)
        print(*(f"{kind:<24}{shape:<24}{count:>12}" for kind, shape, count in rows), sep="\n")  # noqa: T201  # its task
        print(f"{'all parameters':<48}{total:>12}")  # noqa: T201  # as above


class HybridBlock(Block):
    """A block that MXNet can compile; here it computes like any other.

    It defines ``forward(self, x, …)``, as in MXNet 2, or ``hybrid_forward(self, F, x, …, **parameters)``, as in MXNet
    1, where F is `nd`, which has the functions of NumPy's style in ``F.np`` and ``F.npx``. The shapes of its own
    parameters are found in the first forward pass where it defines ``infer_shape(self, x, …)``.
    """

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.forward(*args, **kwargs)
        except DeferredInitializationError:
            if not any(parameter._beginning is not None for parameter in self._reg_params.values()):
                raise
        self.infer_shape(*args, **kwargs)
        for parameter in self._reg_params.values():
            parameter.finish()
        return self.forward(*args, **kwargs)

    def forward(self, x: Any, *args: Any) -> Any:
        """Call ``hybrid_forward`` with `nd` and the block's own parameters."""
        named = {name: parameter.data(x.ctx) for name, parameter in self._reg_params.items()}
        return self.hybrid_forward(nd, x, *args, **named)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes, in MXNet 1; for subclasses to define."""
        raise NotImplementedError(f"{type(self).__name__} has neither forward() nor hybrid_forward().")

    def infer_shape(self, *args: Any) -> None:
        """Set the shapes of the block's own parameters from its inputs; for subclasses to define."""

    def export(self, path: str, epoch: int = 0, remove_amp_cast: bool = True) -> None:
        """Raise, because there are no symbols to write."""
        raise MXNetError("export() needs MXNet's symbols, which are not provided: save_parameters() writes the arrays.")

    def optimize_for(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute as usual: there is nothing to compile for."""
        return self(x)


def computes(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is written for plain Arrays, for arrays of MXNet's classes: its result is of that of the first."""

    @wraps(method)
    def call(self: Any, x: Any, *others: Any, **options: Any) -> Any:
        if options:
            options = {name: plain(value) for name, value in options.items()}
        return dressed(method(self, plain(x), *map(plain, others), **options), kind_of(x))

    return call


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
