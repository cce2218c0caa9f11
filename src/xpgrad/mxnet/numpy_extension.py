"""mx.npx: MXNet 2's functions beyond NumPy's: neural networks, indexing, and the switches of the style."""

from __future__ import annotations

from types import ModuleType

from xpgrad.discovery import get_backend, get_named
from xpgrad.mxnet import generator
from xpgrad.mxnet.arrays import ndarray
from xpgrad.mxnet.base import lacking, listing
from xpgrad.mxnet.context import (
    Context,
    Device,
    cpu,
    cpu_pinned,
    current_context,
    current_device,
    gpu,
    num_gpus,
)
from xpgrad.mxnet.control import cond, foreach, while_loop
from xpgrad.mxnet.ops import (
    convolution,
    creation,
    distributions,
    elementwise,
    indexing,
    legacy,
    neural,
    normalization,
    outputs,
    products,
    recurrent,
    regions,
    reshaping,
    sequence,
)
from xpgrad.mxnet.provide import named, provide_all
from xpgrad.mxnet.storage import loader, save, savez
from xpgrad.mxnet.util import (
    is_np_array,
    is_np_default_dtype,
    is_np_shape,
    np_array,
    np_shape,
    reset_np,
    set_np,
    use_np,
    use_np_array,
    use_np_shape,
)

_FUNCTIONS = {
    **elementwise.NEURAL,
    **named(elementwise, "stop_gradient"),
    **named(
        neural,
        "activation leaky_relu gelu hard_sigmoid smooth_l1 softmax log_softmax softmin masked_softmax "
        "masked_log_softmax fully_connected dropout batch_flatten add_n norm=norm_with_axes",
    ),
    **named(
        normalization,
        "batch_norm layer_norm group_norm instance_norm l2_normalization lrn",
    ),
    **named(convolution, "convolution deconvolution pooling upsampling im2col"),
    **named(sequence, "ctc_loss sequence_mask sequence_last sequence_reverse"),
    **named(
        indexing,
        "constraint_check pick one_hot topk gather_nd scatter_nd index_add index_update embedding arange_like "
        "nonzero=argwhere slice=slice_ slice_axis slice_like",
    ),
    **named(reshaping, "reshape reshape_like broadcast_like"),
    **named(legacy, "cast=cast_ shape_array pad slice_channel=split"),
    **named(outputs, "make_loss"),
    **named(recurrent, "rnn"),
    **named(regions, "roi_pooling multibox_prior"),
    **named(products, "batch_dot"),
    **named(creation, "from_numpy"),
}

globals().update(provide_all(_FUNCTIONS, ndarray))

load = loader(ndarray)


seed = generator.seed


def _seed_all(seed: int | None = None) -> None:
    """Start the random numbers anew; by chance, where no number is given."""
    generator.seed(seed)


random = ModuleType("xpgrad.mxnet.numpy_extension.random", "mx.npx.random: random arrays beyond NumPy's.")
vars(random).update(
    provide_all(named(distributions, "bernoulli categorical multinomial=multinomial_n normal_n uniform_n"), ndarray),
    seed=_seed_all,
    __getattr__=lacking("mx.npx.random", vars(random)),
)


def waitall() -> None:
    """Wait until the device has finished everything."""
    get_named(get_backend()).synchronize()


__getattr__ = lacking("mx.npx", globals())
__dir__ = listing(globals())

__all__ = [
    "Context",
    "Device",
    "cond",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "foreach",
    "gpu",
    "is_np_array",
    "is_np_default_dtype",
    "is_np_shape",
    "load",
    "np_array",
    "np_shape",
    "num_gpus",
    "random",
    "reset_np",
    "save",
    "savez",
    "seed",
    "set_np",
    "use_np",
    "use_np_array",
    "use_np_shape",
    "waitall",
    "while_loop",
    *_FUNCTIONS,
]
