"""What rules make of many cotangents at once, which lie along a first axis of `g`.

Element-wise rules need nothing: they broadcast. All others may be given here; what is not runs row by row.
"""

from xpgrad.primitive import row_vjp
from xpgrad.rules.manipulation import inverse
from xpgrad.rules.statistical import count, reduced


def matmul_first(xp, g, x1_shape, x2):
    """As for one cotangent, but a vector is told by the shapes of the inputs only."""
    if x2.ndim == 1:
        return xp.expand_dims(g, axis=-1) * x2
    if len(x1_shape) == 1 and x2.ndim > 2:
        return xp.squeeze(xp.matmul(x2, xp.expand_dims(g, axis=-1)), axis=-1)
    return xp.matmul(g, xp.matrix_transpose(x2))


def matmul_second(xp, g, x1, x2_shape):
    """As for one cotangent, but a vector is told by the shapes of the inputs only."""
    if x1.ndim == 1:
        if len(x2_shape) == 1:
            return xp.expand_dims(g, axis=-1) * x1
        return xp.expand_dims(x1, axis=-1) * xp.expand_dims(g, axis=-2)
    if len(x2_shape) > 1:
        return xp.matmul(xp.matrix_transpose(x1), g)
    if x1.ndim == 2:
        return xp.matmul(g, x1)
    return xp.squeeze(xp.matmul(xp.matrix_transpose(x1), xp.expand_dims(g, axis=-1)), axis=-1)


row_vjp("matmul product", x1=matmul_first, x2=matmul_second)


def reinsert(xp, g, x_shape, axis, keepdims):
    """Give each row the axes back that a reduction took."""
    lost = reduced(axis, len(x_shape))
    return g if keepdims else xp.reshape(g, (g.shape[0], *(1 if i in lost else n for i, n in enumerate(x_shape))))


row_vjp("sum", x=reinsert)
row_vjp("mean", x=lambda xp, g, x_shape, axis, keepdims: reinsert(
    xp, g if 0 in x_shape else g / count(x_shape, axis), x_shape, axis, keepdims
))  # fmt: skip
row_vjp("broadcast_to", x=lambda g: g)
row_vjp("expand_dims reshape squeeze", x=lambda xp, g, x_shape: xp.reshape(g, (g.shape[0], *x_shape)))
row_vjp("matrix_transpose", x=lambda xp, g: xp.matrix_transpose(g))
row_vjp("permute_dims", x=lambda xp, g, axes: xp.permute_dims(g, (0, *(1 + i for i in inverse(axes)))))


def getitem(xp, g, x_shape, key):
    """Slices of each row; arrays in a key may move axes about."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(hasattr(part, "dtype") or isinstance(part, list) for part in parts):
        return NotImplemented
    return xp.scatter(g, (slice(None), *parts), (g.shape[0], *x_shape))


row_vjp("getitem", x=getitem)
