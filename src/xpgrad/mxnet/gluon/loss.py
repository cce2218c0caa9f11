"""mx.gluon.loss: how far predictions are from labels, one number for each sample."""

from __future__ import annotations

from math import pi
from typing import Any

from xpgrad.mxnet.base import lacking
from xpgrad.mxnet.gluon.block import HybridBlock, computes
from xpgrad.mxnet.ops import neural, primitives
from xpgrad.mxnet.ops.arrays import as_array, namespace
from xpgrad.mxnet.ops.elementwise import softrelu
from xpgrad.mxnet.ops.indexing import pick
from xpgrad.mxnet.ops.sequence import ctc_loss
from xpgrad.mxnet.promotion import cast, in_floating


class Loss(HybridBlock):
    """A loss: the mean of each sample's losses, times a weight.

    Parameters
    ----------
    weight : float, optional
        What all losses are multiplied with.
    batch_axis : int
        The axis of the samples.
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _weighted(self, loss: Any, sample_weight: Any, weight: float = 1.0) -> Any:
        """Losses times the weights of their samples and of all."""
        loss = loss if sample_weight is None else loss * as_array(sample_weight)
        weight *= 1 if self._weight is None else self._weight
        return loss if weight == 1 else loss * weight

    def _mean(self, loss: Any, sample_weight: Any = None, weight: float = 1.0) -> Any:
        """The mean of each sample's losses."""
        loss = self._weighted(loss, sample_weight, weight)
        batch = self._batch_axis % loss.ndim
        axes = tuple(axis for axis in range(loss.ndim) if axis != batch)
        return namespace(loss).mean(loss, axis=axes) if axes else loss


def _like(label: Any, pred: Any) -> Any:
    """A label in the shape and dtype of a prediction."""
    label = cast(as_array(label), pred.dtype)
    return label if label.shape == pred.shape else namespace(pred).reshape(label, pred.shape)


class L2Loss(Loss):
    """Half the square of the difference."""

    def __init__(self, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        difference = _like(label, pred) - pred
        return self._mean(difference * difference, sample_weight, 0.5)


class L1Loss(Loss):
    """The absolute value of the difference."""

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        return self._mean(namespace(pred).abs(_like(label, pred) - pred), sample_weight)


def _logistic(pred: Any, label: Any) -> Any:
    """The cross entropy of sigmoid(pred) with a label between 0 and 1."""
    return primitives.relu(pred) - pred * label + softrelu(-namespace(pred).abs(pred))


class SigmoidBinaryCrossEntropyLoss(Loss):
    """The cross entropy of probabilities, or of what a sigmoid makes probabilities, with labels between 0 and 1.

    Parameters
    ----------
    from_sigmoid : bool
        Whether predictions are probabilities already.
    weight : float, optional
        What all losses are multiplied with.
    batch_axis : int
        The axis of the samples.
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None) -> Any:
        """The loss of each sample; `pos_weight` multiplies what positive labels contribute."""
        label = _like(label, pred)
        xp = namespace(pred)
        if self._from_sigmoid:
            positive = xp.log(pred + 1e-12) * label
            loss = -(
                (positive if pos_weight is None else positive * pos_weight) + xp.log(1 - pred + 1e-12) * (1 - label)
            )
        elif pos_weight is None:
            loss = _logistic(pred, label)
        else:
            log_weight = 1 + (pos_weight - 1) * label
            loss = pred - pred * label + log_weight * (softrelu(-xp.abs(pred)) + primitives.relu(-pred))
        return self._mean(loss, sample_weight)


class SoftmaxCrossEntropyLoss(Loss):
    """The cross entropy of probabilities that a softmax makes, with labels.

    Parameters
    ----------
    axis : int
        That of the classes.
    sparse_label : bool
        Whether labels are the indices of classes; otherwise they are probabilities.
    from_logits : bool
        Whether predictions are logarithms of probabilities already.
    weight : float, optional
        What all losses are multiplied with.
    batch_axis : int
        The axis of the samples.
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        logits = pred if self._from_logits else neural.log_softmax(pred, self._axis)
        if self._sparse_label:
            alone = pred.ndim == 2 and sample_weight is None and self._batch_axis == 0  # no axes are left to average
            loss = -pick(logits, as_array(label), self._axis, keepdims=not alone)
        else:
            loss = -namespace(pred).sum(logits * _like(label, pred), axis=self._axis, keepdims=True)
        return self._mean(loss, sample_weight)


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of distributions.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logarithms of probabilities already.
    axis : int
        That of the classes.
    weight : float, optional
        What all losses are multiplied with.
    batch_axis : int
        The axis of the samples.
    """

    def __init__(
        self, from_logits: bool = True, axis: int = -1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        logits = pred if self._from_logits else neural.log_softmax(pred, self._axis)
        label = cast(as_array(label), pred.dtype)
        return self._mean(label * (namespace(pred).log(label + 1e-12) - logits), sample_weight)


class CTCLoss(Loss):
    """Minus the logarithm of the probability of all alignments of a label (Graves and others, 2006).

    Parameters
    ----------
    layout, label_layout : str
        The order of the axes of predictions ("NTC" or "TNC") and labels ("NT" or "TN"); the last class is the blank.
    weight : float, optional
        What all losses are multiplied with.
    """

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(weight, 0, **kwargs)
        self._orders = (layout, label_layout)

    @computes
    def forward(
        self, pred: Any, label: Any, pred_lengths: Any = None, label_lengths: Any = None, sample_weight: Any = None
    ) -> Any:
        """The loss of each sample."""
        xp = namespace(pred)
        pred = xp.moveaxis(pred, 0, 1) if self._orders[0] == "NTC" else pred
        label = as_array(label) if self._orders[1] == "NT" else xp.matrix_transpose(as_array(label))
        lengths = {"use_data_lengths": pred_lengths is not None, "use_label_lengths": label_lengths is not None}
        return self._weighted(
            ctc_loss(pred, label, pred_lengths, label_lengths, blank_label="last", **lengths), sample_weight
        )


class HuberLoss(Loss):
    """The square of the difference, divided by 2 rho, up to rho, and from there a line."""

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        xp = namespace(pred)
        distance = xp.abs(_like(label, pred) - pred)
        far = distance > self._rho
        return self._mean(
            xp.where(far, distance - 0.5 * self._rho, (0.5 / self._rho) * distance * distance), sample_weight
        )


class HingeLoss(Loss):
    """How much the product of prediction and label, which is 1 or -1, falls short of a margin."""

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        return self._mean(primitives.relu(self._margin - pred * _like(label, pred)), sample_weight)


class SquaredHingeLoss(HingeLoss):
    """The square of `HingeLoss`, element by element."""

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        return self._mean(primitives.relu(self._margin - pred * _like(label, pred)) ** 2, sample_weight)


class LogisticLoss(Loss):
    """log(1 + exp(-pred label)), for labels 1 and -1 ("signed"), or 1 and 0 ("binary")."""

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ValueError(f"label_format is 'signed' or 'binary', not {label_format!r}.")
        self._signed = label_format == "signed"

    @computes
    def forward(self, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        label = _like(label, pred)
        return self._mean(_logistic(pred, (label + 1) / 2 if self._signed else label), sample_weight)


class TripletLoss(Loss):
    """How much less than a margin the negative example is farther away than the positive one."""

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    @computes
    def forward(self, pred: Any, positive: Any, negative: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        difference = (_like(positive, pred) - pred) ** 2 - (_like(negative, pred) - pred) ** 2
        axes = tuple(axis for axis in range(pred.ndim) if axis != self._batch_axis % pred.ndim)
        distance = namespace(pred).sum(difference, axis=axes)
        return self._weighted(primitives.relu(distance + self._margin), sample_weight)


class PoissonNLLLoss(Loss):
    """Minus the logarithm of the probability of a count under a Poisson distribution.

    Parameters
    ----------
    weight : float, optional
        What all losses are multiplied with.
    from_logits : bool
        Whether predictions are logarithms of the means.
    batch_axis : int
        The axis of the samples.
    compute_full : bool
        Whether to add Stirling's formula for the logarithm of the factorial.
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    @computes
    def forward(self, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-8) -> Any:
        """The mean loss of all samples."""
        target = _like(target, pred)
        xp = namespace(pred)
        loss = xp.exp(pred) - target * pred if self._from_logits else pred - target * xp.log(pred + epsilon)
        if self._compute_full:
            counted = xp.where(target > 1, target, 1.0)
            stirling = counted * xp.log(counted) - counted + 0.5 * xp.log(2 * pi * counted)
            loss = loss + xp.where(target > 1, stirling, 0.0)
        return self._mean(loss, sample_weight)


class CosineEmbeddingLoss(Loss):
    """1 less the cosine of the angle between vectors labelled 1; the cosine above a margin of those labelled -1."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    @computes
    def forward(self, input1: Any, input2: Any, label: Any, sample_weight: Any = None) -> Any:
        """The loss of each sample."""
        xp = namespace(input1)
        input2 = _like(input2, input1)
        lengths = xp.linalg.vector_norm(input1, axis=-1) * xp.linalg.vector_norm(input2, axis=-1)
        cosine = xp.reshape(xp.sum(input1 * input2, axis=-1) / xp.maximum(lengths, 1e-12), (-1, 1))
        apart = xp.clip(cosine - self._margin, 0.0, 1.0 - self._margin)
        return self._mean(xp.where(_like(label, cosine) == 1, 1 - cosine, apart), sample_weight)


class SDMLLoss(Loss):
    """The divergence of a softmax of minus the squared distances of two batches, whose rows belong together.

    Smoothed deep metric learning (Bonadiman and others, 2019).
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._smoothing = smoothing_parameter
        self._divergence = KLDivLoss(from_logits=True)

    @computes
    def forward(self, x1: Any, x2: Any) -> Any:
        """The loss of each sample."""
        xp = namespace(x1)
        x1, x2 = in_floating(x1), in_floating(as_array(x2))
        difference = xp.expand_dims(x1, axis=1) - xp.expand_dims(x2, axis=0)
        gold = xp.eye(x1.shape[0], dtype=x1.dtype, device=x1.device)
        labels = gold * (1 - self._smoothing) + (1 - gold) * (self._smoothing / max(x1.shape[0] - 1, 1))
        logits = neural.log_softmax(-xp.sum(difference * difference, axis=2), 1)
        return self._divergence._mean(labels * (xp.log(labels + 1e-12) - logits))


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss
SoftmaxCELoss = SoftmaxCrossEntropyLoss

__getattr__ = lacking("mx.gluon.loss", globals())
