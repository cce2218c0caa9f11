"""Arrays in files, in NumPy's formats: .npy for a single array of `npx.save`, .npz otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xpgrad.mxnet.arrays import NDArray, dressed
from xpgrad.mxnet.base import numpys
from xpgrad.mxnet.ops.creation import array

_LIST = "arr_"


def save(file: str | Path, arr: Any) -> None:
    """Write an array, a list of arrays, or a dict of arrays by name.

    Parameters
    ----------
    file : str or Path
        It is overwritten where it exists.
    arr : NDArray, list or dict
        What to write.
    """
    if isinstance(arr, NDArray):
        arr = [arr]
    named = arr if isinstance(arr, dict) else {f"{_LIST}{i}": x for i, x in enumerate(arr)}
    with Path(file).open("wb") as target:
        numpys("savez")(target, **{name: x.asnumpy() for name, x in named.items()})


def savez(file: str | Path, *args: Any, **kwds: Any) -> None:
    """Write arrays by name; those without one are arr_0, arr_1 and so on."""
    save(file, {f"{_LIST}{i}": x for i, x in enumerate(args)} | kwds)


def loader(kind: type[NDArray]) -> Any:
    """The function that reads files into arrays of one kind."""

    def load(file: str | Path) -> Any:
        """Read what `save` wrote: a list or a dict of arrays; a single array from a file of that format."""
        with Path(file).open("rb") as source:
            found = numpys("load")(source)
            if hasattr(found, "dtype"):
                return dressed(array(found, found.dtype), kind)
            arrays = {name: dressed(array(found[name], found[name].dtype), kind) for name in found.files}
        if all(name == f"{_LIST}{i}" for i, name in enumerate(arrays)):
            return list(arrays.values())
        return arrays

    return load
