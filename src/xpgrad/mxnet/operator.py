"""mx.operator: operators of the user's own, as classes that are registered under a name and called by `nd.Custom`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xpgrad.mxnet.arrays import NDArray, dressed, plain
from xpgrad.mxnet.autograd import Function
from xpgrad.mxnet.base import MXNetError
from xpgrad.mxnet.provide import written
from xpgrad.namespace import active
from xpgrad.scope import is_training

_REGISTERED: dict[str, type[CustomOpProp]] = {}


class CustomOp:
    """What an operator computes."""

    def forward(self, is_train: bool, req: list[str], in_data: list[Any], out_data: list[Any], aux: list[Any]) -> None:
        """Write the results into `out_data`, with `assign`."""
        raise NotImplementedError

    def backward(
        self,
        req: list[str],
        out_grad: list[Any],
        in_data: list[Any],
        out_data: list[Any],
        in_grad: list[Any],
        aux: list[Any],
    ) -> None:
        """Write the gradients by the inputs into `in_grad`, with `assign`."""
        raise NotImplementedError

    def assign(self, dst: NDArray, req: str, src: Any) -> None:
        """Write `src` to `dst`, add it, or do nothing, as `req` says."""
        if req in ("write", "inplace"):
            written(plain(src), dst)
        elif req == "add":
            written(plain(dst + src), dst)


class CustomOpProp:
    """What is to know of an operator: its inputs and outputs, and how to make it."""

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def list_arguments(self) -> list[str]:
        """The names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """The names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """The names of states, which come after the inputs."""
        return []

    def infer_shape(self, in_shape: list[Any]) -> Any:
        """The shapes of inputs, outputs and states; by default that of the first input for every output."""
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list[Any]) -> Any:
        """The dtypes of inputs, outputs and states; by default that of the first input for all."""
        return in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states())

    def create_operator(self, ctx: Any, in_shapes: list[Any], in_dtypes: list[Any]) -> CustomOp:
        """Make the operator."""
        raise NotImplementedError


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """Decorator for a `CustomOpProp` that `nd.Custom` finds under a name."""

    def note(kind: type[CustomOpProp]) -> type[CustomOpProp]:
        _REGISTERED[reg_name] = kind
        return kind

    return note


class _Call(Function):
    """One call of a registered operator."""

    def __init__(self, prop: CustomOpProp, aux: list[Any]) -> None:
        self._prop = prop
        self._aux = aux

    def forward(self, *inputs: Any) -> Any:
        shapes, dtypes = [x.shape for x in inputs], [x.dtype for x in inputs]
        out_shapes, out_types = self._prop.infer_shape(shapes)[1], self._prop.infer_type(dtypes)[1]
        self._operator = self._prop.create_operator(inputs[0].context, shapes, dtypes)
        outputs = [
            dressed(active().zeros(tuple(shape), dtype=dtype), inputs[0]._kind)
            for shape, dtype in zip(out_shapes, out_types, strict=True)
        ]
        self._operator.forward(is_training(), ["write"] * len(outputs), list(inputs), outputs, self._aux)
        self.save_for_backward(*inputs, *outputs)
        return outputs

    def backward(self, *output_grads: Any) -> Any:
        count = len(self.saved_tensors) - len(output_grads)
        inputs, outputs = list(self.saved_tensors[:count]), list(self.saved_tensors[count:])
        grads = [dressed(active().zeros(x.shape, dtype=x.dtype), x._kind) for x in inputs]
        self._operator.backward(["write"] * count, list(output_grads), inputs, outputs, grads, self._aux)
        return grads


def custom(*data: Any, op_type: str, **options: Any) -> Any:
    """Call the operator that is registered under a name; options go to its `CustomOpProp`, as strings.

    Raises
    ------
    MXNetError
        If there is none.
    """
    if op_type not in _REGISTERED:
        raise MXNetError(f"no operator is registered as {op_type!r}: decorate its class with mx.operator.register.")
    make: Any = _REGISTERED[op_type]
    prop = make(**{name: str(value) for name, value in options.items()})
    names = [*prop.list_arguments(), *prop.list_auxiliary_states()]
    arguments = len(prop.list_arguments())
    outputs = _Call(prop, list(data[arguments : len(names)]))(*data[:arguments])
    return outputs[0] if len(outputs) == 1 else outputs
