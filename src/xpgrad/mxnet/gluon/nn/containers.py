"""Blocks that are made of others: one after the other, or side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.mxnet import numpy as np
from xpgrad.mxnet import numpy_extension as npx
from xpgrad.mxnet.arrays import dressed, plain
from xpgrad.mxnet.gluon.block import Block, HybridBlock
from xpgrad.mxnet.ops import shapes


class Sequential(Block):
    """Blocks one after the other; what a block returns beside its output goes to the next one, too."""

    def add(self, *blocks: Block) -> None:
        """Append blocks."""
        for block in blocks:
            self.register_child(block)

    def forward(self, x: Any, *args: Any) -> Any:
        """Run all blocks."""
        for block in self._children.values():
            x = block(x, *args)
            args = ()
            if isinstance(x, list | tuple):
                x, *args = x  # type: ignore[assignment]  # a list serves as well
        return (x, *args) if args else x

    def __getitem__(self, key: Any) -> Any:
        found = list(self._children.values())[key]
        if not isinstance(found, list):
            return found
        part = type(self)(prefix=self.prefix)
        part.add(*found)
        return part

    def __len__(self) -> int:
        return len(self._children)


class HybridSequential(Sequential, HybridBlock):
    """The same; MXNet can compile it."""

    def forward(self, x: Any, *args: Any) -> Any:
        """Run all blocks."""
        return Sequential.forward(self, x, *args)


class Concatenate(Sequential):
    """Blocks side by side, whose outputs are joined along an axis."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def forward(self, x: Any, *args: Any) -> Any:
        """Run all blocks on the same input."""
        outputs = [block(x) for block in self._children.values()]
        return dressed(shapes.concatenate(plain(outputs), self.axis), outputs[0]._kind)


class HybridConcatenate(Concatenate, HybridBlock):
    """The same; MXNet can compile it."""

    def forward(self, x: Any, *args: Any) -> Any:
        """Run all blocks on the same input."""
        return Concatenate.forward(self, x, *args)


class Lambda(Block):
    """A function of arrays as a block; or the name of one in `np` or `npx`."""

    def __init__(self, function: str | Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(function, str):
            home = next((module for module in (np, npx) if hasattr(module, function)), None)
            if home is None:
                raise ValueError(f"neither np nor npx has a function {function!r}.")
            function = getattr(home, function)
        self._function: Any = function

    def forward(self, *args: Any) -> Any:
        """Call the function."""
        return self._function(*args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self._function, '__name__', self._function)})"


class HybridLambda(Lambda, HybridBlock):
    """The same; in MXNet 1 the function is given `nd` first, and is given it where it calls its first parameter F."""

    def forward(self, *args: Any) -> Any:
        """Call the function."""
        code = getattr(self._function, "__code__", None)
        if code is not None and code.co_varnames[:1] == ("F",):
            from xpgrad.mxnet import ndarray as nd

            args = (nd, *args)
        return self._function(*args)


class Identity(HybridBlock):
    """The input itself."""

    def forward(self, x: Any, *args: Any) -> Any:
        """Give back the input."""
        return x
