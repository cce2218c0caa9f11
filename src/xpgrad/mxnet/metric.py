"""mx.metric: figures that describe how good predictions are, summed up over batches."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, nan, sqrt
from typing import Any

from xpgrad.mxnet.arrays import NDArray
from xpgrad.mxnet.base import lacking, listed, registry
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.indexing import pick, topk
from xpgrad.mxnet.promotion import cast

register, _create = registry("metric")


def create(metric: Any, *args: Any, **kwargs: Any) -> Any:
    """A metric from its name, from a function of label and prediction, or from a list of both."""
    if isinstance(metric, list):
        return CompositeEvalMetric([create(one, *args, **kwargs) for one in metric])
    if callable(metric) and not isinstance(metric, type):
        return CustomMetric(metric, *args, **kwargs)
    return _create(metric, *args, **kwargs)


def check_label_shapes(labels: Any, preds: Any, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """Labels and predictions, with `wrap` as lists.

    Raises
    ------
    ValueError
        If there are not as many of one as of the other, or with `shape` if their shapes differ.
    """
    if (shape and labels.shape != preds.shape) or (not shape and len(labels) != len(preds)):
        raise ValueError("labels and predictions must match: they have different lengths or shapes.")
    return (listed(labels), listed(preds)) if wrap else (labels, preds)


class EvalMetric:
    """The mean of a figure over all samples since `reset`; a subclass defines ``update(labels, preds)``.

    Parameters
    ----------
    name : str
        Its name.
    output_names, label_names : list of str, optional
        What `update_dict` takes of its dicts; everything by default.
    """

    def __init__(self, name: str, output_names: Any = None, label_names: Any = None, **kwargs: Any) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._kwargs = kwargs
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.num_inst = 0
        self.sum_metric = 0.0

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account: labels and predictions, arrays or lists of arrays."""
        labels, preds = check_label_shapes(listed(labels), listed(preds))
        for label, pred in zip(labels, preds, strict=True):
            total, count = self._of(as_array(_detached(label)), as_array(_detached(pred)))
            self.sum_metric += float(total)
            self.num_inst += count

    def _of(self, label: Any, pred: Any) -> tuple[Any, int]:
        """The sum of the figure over the samples of a batch, and how many they are."""
        raise NotImplementedError(f"{type(self).__name__} has no update().")

    def update_dict(self, label: dict[str, Any], pred: dict[str, Any]) -> None:
        """The same, with arrays by name."""
        chosen = [
            list(found.values()) if names is None else [found[name] for name in names]
            for found, names in ((label, self.label_names), (pred, self.output_names))
        ]
        self.update(*chosen)

    def get(self) -> tuple[Any, Any]:
        """The name, and the figure; NaN where nothing was seen yet."""
        return self.name, self.sum_metric / self.num_inst if self.num_inst else nan

    def get_name_value(self) -> list[tuple[str, float]]:
        """Names and figures in pairs."""
        name, value = self.get()
        return list(zip(listed(name), listed(value), strict=True))

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return self._kwargs | {
            "metric": type(self).__name__,
            "name": self.name,
            "output_names": self.output_names,
            "label_names": self.label_names,
        }

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, NDArray) else x


@register("composite")
class CompositeEvalMetric(EvalMetric):
    """Several metrics at once."""

    def __init__(self, metrics: Any = None, name: str = "composite", **kwargs: Any) -> None:
        self.metrics = [create(metric) for metric in metrics or ()]
        super().__init__(name, **kwargs)

    def add(self, metric: Any) -> None:
        """Append a metric."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """One of them."""
        return self.metrics[index]

    def reset(self) -> None:
        """Begin all anew."""
        super().reset()
        for metric in self.metrics:
            metric.reset()

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account in all."""
        for metric in self.metrics:
            metric.update(labels, preds)

    def get(self) -> tuple[Any, Any]:
        """All names, and all figures."""
        pairs = [pair for metric in self.metrics for pair in metric.get_name_value()]
        return [name for name, _ in pairs], [value for _, value in pairs]


@register("acc")
class Accuracy(EvalMetric):
    """The share of samples whose largest prediction is that of their label."""

    def __init__(self, axis: int = 1, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.axis = axis

    def _of(self, label: Any, pred: Any) -> tuple[Any, int]:
        xp = namespace(pred)
        if pred.shape != label.shape:
            pred = xp.argmax(pred, axis=self.axis)
        chosen, label = (cast(xp.reshape(x, (-1,)), xp.int64) for x in (pred, label))
        check_label_shapes(label, chosen, shape=True)
        return xp.sum(cast(chosen == label, xp.int64)), label.size


@register("top_k_accuracy", "top_k_acc")
class TopKAccuracy(EvalMetric):
    """The share of samples whose label is among those of the k largest predictions."""

    def __init__(self, top_k: int = 1, name: str = "top_k_accuracy", **kwargs: Any) -> None:
        super().__init__(f"{name}_{top_k}", **kwargs)
        if top_k < 2:
            raise ValueError("top_k must be at least 2: Accuracy serves for 1.")
        self.top_k = top_k

    def _of(self, label: Any, pred: Any) -> tuple[Any, int]:
        xp = namespace(pred)
        best = cast(topk(pred, k=min(self.top_k, pred.shape[1])), xp.int64)
        found = xp.any(best == xp.reshape(cast(label, xp.int64), (-1, 1)), axis=1)
        return xp.sum(cast(found, xp.int64)), label.size


@register
class MAE(EvalMetric):
    """The mean absolute difference."""

    def __init__(self, name: str = "mae", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def _size(self, difference: Any) -> Any:
        return namespace(difference).abs(difference)

    def _of(self, label: Any, pred: Any) -> tuple[Any, int]:
        xp = namespace(pred)
        size = self._size(
            xp.reshape(cast(label, pred.dtype), (label.shape[0], -1)) - xp.reshape(pred, (pred.shape[0], -1))
        )
        return xp.sum(xp.mean(size, axis=1)), label.shape[0]


@register
class MSE(MAE):
    """The mean squared difference."""

    def __init__(self, name: str = "mse", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def _size(self, difference: Any) -> Any:
        return difference * difference


@register
class RMSE(MSE):
    """The root of the mean squared difference."""

    def __init__(self, name: str = "rmse", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def get(self) -> tuple[Any, Any]:
        """The name, and the figure."""
        name, value = super().get()
        return name, sqrt(value)


@register("ce")
class CrossEntropy(EvalMetric):
    """The mean of minus the logarithm of the probability of the label.

    Parameters
    ----------
    eps : float
        Added to probabilities.
    ignore_label : int, optional
        Samples of this label do not count.
    axis : int
        That of the classes.
    from_logits : bool
        Whether a softmax makes predictions probabilities first.
    name : str
        Its name.
    """

    def __init__(
        self,
        eps: float = 1e-12,
        ignore_label: int | None = None,
        axis: int = -1,
        from_logits: bool = False,
        name: str = "cross-entropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.eps = eps
        self.ignore_label = ignore_label
        self.axis = axis
        self.from_logits = from_logits

    def _of(self, label: Any, pred: Any) -> tuple[Any, int]:
        xp = namespace(pred)
        pred = xp.softmax(pred, axis=self.axis) if self.from_logits else pred
        label = xp.reshape(label, tuple(n for i, n in enumerate(pred.shape) if i != self.axis % pred.ndim))
        losses = -xp.log(pick(pred, label, self.axis) + self.eps)
        if self.ignore_label is None:
            return xp.sum(losses), label.size
        counts = label != self.ignore_label
        return xp.sum(xp.where(counts, losses, 0.0)), int(xp.sum(cast(counts, xp.int64)))


@register
class Perplexity(CrossEntropy):
    """The exponential of `CrossEntropy`."""

    def __init__(self, eps: float = 1e-12, ignore_label: int | None = None, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(eps, ignore_label, axis, **({"name": "perplexity"} | kwargs))

    def get(self) -> tuple[Any, Any]:
        """The name, and the figure."""
        name, value = super().get()
        return name, exp(value)


@register("nll_loss", "nll-loss")
class NegativeLogLikelihood(CrossEntropy):
    """`CrossEntropy` under another name."""

    def __init__(self, eps: float = 1e-12, name: str = "nll-loss", **kwargs: Any) -> None:
        super().__init__(eps, name=name, **kwargs)


@register
class F1(EvalMetric):
    """The harmonic mean of precision and recall, of two classes.

    Parameters
    ----------
    name : str
        Its name.
    threshold : float
        From what prediction on the class is 1, where there is one prediction for each sample.
    """

    def __init__(self, name: str = "f1", threshold: float = 0.5, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.threshold = threshold

    def reset(self) -> None:
        """Begin anew."""
        super().reset()
        self._right = self._chosen = self._true = 0.0

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account."""
        for label, pred in zip(listed(labels), listed(preds), strict=True):
            label, pred = as_array(_detached(label)), as_array(_detached(pred))
            xp = namespace(pred)
            if pred.shape != label.shape and pred.shape[-1] == 2:
                pred = xp.reshape(pred, (-1, 2))[:, 1]
            chosen = cast(xp.reshape(pred, (-1,)) > self.threshold, xp.float64)
            true = cast(xp.reshape(label, (-1,)) == 1, xp.float64)
            self._right += float(xp.sum(chosen * true))
            self._chosen += float(xp.sum(chosen))
            self._true += float(xp.sum(true))
            self.num_inst += label.size

    def get(self) -> tuple[Any, Any]:
        """The name, and the figure."""
        both = self._chosen + self._true
        return self.name, (2 * self._right / both if both else 0.0) if self.num_inst else nan


@register("pearsonr")
class PearsonCorrelation(EvalMetric):
    """The correlation of labels and predictions."""

    def __init__(self, name: str = "pearsonr", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def reset(self) -> None:
        """Begin anew."""
        super().reset()
        self._sums = [0.0] * 5

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account."""
        for label, pred in zip(listed(labels), listed(preds), strict=True):
            check_label_shapes(label, pred, shape=True)
            x, y = (cast(as_array(_detached(a)), namespace(as_array(a)).float64) for a in (label, pred))
            xp = namespace(x)
            self._sums = [s + float(xp.sum(a)) for s, a in zip(self._sums, (x, y, x * x, y * y, x * y), strict=True)]
            self.num_inst += x.size or 0

    def get(self) -> tuple[Any, Any]:
        """The name, and the figure."""
        if not self.num_inst:
            return self.name, nan
        x, y, xx, yy, xy = (s / self.num_inst for s in self._sums)
        return self.name, (xy - x * y) / sqrt((xx - x * x) * (yy - y * y))


@register
class Loss(EvalMetric):
    """The mean of predictions that are losses; labels are not looked at."""

    def __init__(self, name: str = "loss", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account."""
        for pred in map(as_array, map(_detached, listed(preds))):
            self.sum_metric += float(namespace(pred).sum(pred))
            self.num_inst += pred.size or 0


class CustomMetric(EvalMetric):
    """The mean over batches of a function of label and prediction, which are NumPy's arrays.

    Parameters
    ----------
    feval : callable
        Gives a number, or a sum and how many samples it is of.
    name : str, optional
        Its name; that of the function by default.
    allow_extra_outputs : bool
        Whether there may be more predictions than labels.
    """

    def __init__(
        self, feval: Callable[..., Any], name: str | None = None, allow_extra_outputs: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(name or f"custom({getattr(feval, '__name__', feval)})", **kwargs)
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch into account."""
        labels, preds = listed(labels), listed(preds)
        if not self._allow_extra_outputs:
            check_label_shapes(labels, preds)
        for label, pred in zip(labels, preds, strict=False):
            found = self._feval(label.asnumpy(), pred.asnumpy())
            total, count = found if isinstance(found, tuple) else (found, 1)
            self.sum_metric += total
            self.num_inst += count


def np(numpy_feval: Callable[..., Any], name: str | None = None, allow_extra_outputs: bool = False) -> CustomMetric:
    """The metric of a function of NumPy's arrays."""
    return CustomMetric(numpy_feval, name or getattr(numpy_feval, "__name__", None), allow_extra_outputs)


__getattr__ = lacking("mx.metric", globals())
