"""Trainer: applies an optimiser to parameters after each backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xpgrad.inplace import assign
from xpgrad.mxnet import optimizer as optimizers
from xpgrad.mxnet.arrays import NDArray, plain
from xpgrad.mxnet.gluon.parameter import Parameter
from xpgrad.mxnet.storage import loader, save
from xpgrad.scope import modes


class Trainer:
    """Applies an optimiser to parameters: ``trainer.step(batch_size)`` after ``loss.backward()``.

    Parameters
    ----------
    params : ParameterDict, dict or list
        The parameters to learn; those whose grad_req is "null" stay as they are.
    optimizer : str or Optimizer
        The name of an optimiser, or one that is made already.
    optimizer_params : dict, optional
        What an optimiser is made with: ``{"learning_rate": 0.1}``.
    kvstore, compression_params, update_on_kvstore
        Not used: gradients of several devices are added up here.
    """

    def __init__(
        self,
        params: Mapping[str, Parameter] | Iterable[Parameter],
        optimizer: Any,
        optimizer_params: Mapping[str, Any] | None = None,
        kvstore: Any = "device",
        compression_params: Any = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        listed = list(params.values() if isinstance(params, Mapping) else params)
        for parameter in listed:
            if not isinstance(parameter, Parameter):
                raise ValueError(f"Trainer takes parameters, as a dict or a list, not {type(parameter).__name__}.")
        self._params = list(dict.fromkeys(listed))
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, optimizers.Optimizer):
            if optimizer_params:
                raise ValueError("optimizer_params belong to the name of an optimiser; this one is made already.")
            self._optimizer = optimizer
            self._optimizer.param_dict = by_index
        else:
            self._optimizer = optimizers.create(optimizer, param_dict=by_index, **(optimizer_params or {}))
        self._scale = self._optimizer.rescale_grad
        self._states: dict[tuple[int, int], Any] = {}

    @property
    def optimizer(self) -> Any:
        """The optimiser."""
        return self._optimizer

    @property
    def learning_rate(self) -> float:
        """The current learning rate."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate; a scheduler decides it where there is one."""
        self._optimizer.set_learning_rate(lr)

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Add up the gradients of all devices and update the parameters.

        Parameters
        ----------
        batch_size : float
            What gradients are divided by.
        ignore_stale_grad : bool
            Leave parameters as they are whose gradient no backward pass has written since the last step.

        Raises
        ------
        UserWarning
            If there is such a gradient and it is not to be ignored; then nothing is changed.
        """
        self.allreduce_grads()
        self.update(batch_size, ignore_stale_grad)

    def allreduce_grads(self) -> None:
        """Give all devices the sum of the gradients."""
        for parameter in self._params:
            if parameter.grad_req == "null" or len(parameter._copies) < 2:
                continue
            grads = parameter.list_grad()
            with modes(False, None):
                total = sum((g.as_in_context(grads[0].context) for g in grads[1:]), grads[0])
                for g in grads:
                    assign(g, plain(total.as_in_context(g.context)))

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Update the parameters; the gradients of several devices must have been added up before."""
        self._optimizer.rescale_grad = self._scale / batch_size
        due = [(i, parameter) for i, parameter in enumerate(self._params) if parameter.grad_req != "null"]
        stale = [parameter for _, parameter in due if not all(data._fresh_grad for data in parameter.list_data())]
        if stale and not ignore_stale_grad:
            raise UserWarning(
                f"no backward pass has written the gradient of parameter {stale[0].name!r} since the last step: part "
                "of the network was not used. ignore_stale_grad=True leaves such parameters as they are."
            )
        with modes(False, None):
            for i, parameter in due:
                for device, weight in enumerate(parameter.list_data() if parameter not in stale else ()):
                    self._update(i, device, weight)
                    weight._fresh_grad = False

    def _update(self, index: int, device: int, weight: NDArray) -> None:
        key = (index, device)
        if key not in self._states:
            self._states[key] = self._optimizer.create_state_multi_precision(index, weight)
        self._optimizer._set_current_device(device)
        self._optimizer.update_multi_precision(index, weight, weight.grad, self._states[key])

    def save_states(self, fname: str | Path) -> None:
        """Write the states of the optimiser to a file, in NumPy's format .npz."""
        named = {"num_update": optimizers.numbers([self._optimizer.num_update])}
        for (index, device), state in self._states.items():
            for j, array in enumerate(optimizers.arrays_of(state)):
                named[f"{index}.{device}.{j}"] = array
        save(fname, named)

    def load_states(self, fname: str | Path) -> None:
        """Read what `save_states` wrote."""
        found = loader(NDArray)(fname)
        with modes(False, None):
            for i, parameter in enumerate(self._params):
                for device, weight in enumerate(parameter.list_data() if parameter.grad_req != "null" else ()):
                    state = self._optimizer.create_state_multi_precision(i, weight)
                    for j, array in enumerate(optimizers.arrays_of(state)):
                        if (name := f"{i}.{device}.{j}") in found:
                            assign(array, plain(found[name]))
                    self._states[i, device] = state
        self._optimizer.begin_at(int(found["num_update"].asscalar()))
