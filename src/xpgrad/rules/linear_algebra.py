"""The linear algebra functions of the standard's core."""

from numbers import Integral

from xpgrad.primitive import primitive, vjp
from xpgrad.rules.elementwise import conj
from xpgrad.rules.manipulation import inverse

primitive("matmul", "x1 x2", bilinear=True)
# The same where the last digits need not be those of the library's own matmul: for rules.
primitive("product", "x1 x2", bilinear=True, public=False, implementation=lambda xp, x1, x2: xp.matmul(x1, x2))
primitive("matrix_transpose", "x")
primitive("tensordot", "x1 x2", bilinear=True, axes=2)
primitive("vecdot", "x1 x2", bilinear=True, axis=-1)

vjp("matrix_transpose", x=lambda xp, g: xp.matrix_transpose(g))
vjp("vecdot", x1=lambda xp, g, x2, axis: conj(xp, xp.expand_dims(g, axis=axis) * x2),
              x2=lambda xp, g, x1, axis: xp.expand_dims(g, axis=axis) * conj(xp, x1))  # fmt: skip


def matmul_first(xp, g, x1_shape, x2):
    """g @ x2^T; a vector counts as a row on the left, as a column on the right."""
    if x2.ndim == 1:
        return outer(xp, g, x2)
    if len(x1_shape) == 1:
        return xp.product(x2, g) if g.ndim == 1 else xp.squeeze(xp.product(x2, xp.expand_dims(g, axis=-1)), axis=-1)
    return xp.product(g, xp.matrix_transpose(x2))


def matmul_second(xp, g, x1, x2_shape):
    """x1^T @ g; a vector counts as a row on the left, as a column on the right."""
    if x1.ndim == 1:
        if len(x2_shape) == 1:
            return g * x1
        return outer(xp, x1, g) if g.ndim == 1 else xp.expand_dims(x1, axis=-1) * xp.expand_dims(g, axis=-2)
    if len(x2_shape) == 1:
        x1 = xp.matrix_transpose(x1)
        return xp.product(x1, g) if g.ndim == 1 else xp.squeeze(xp.product(x1, xp.expand_dims(g, axis=-1)), axis=-1)
    return xp.product(xp.matrix_transpose(x1), g)


def outer(xp, x1, x2):
    """All products of numbers of x1 and of a vector; of two vectors as a matrix product: a third of the time."""
    x1 = xp.expand_dims(x1, axis=-1)
    return xp.product(x1, xp.expand_dims(x2, axis=0)) if x1.ndim == 2 else x1 * x2


vjp("matmul product", x1=matmul_first, x2=matmul_second)


def contraction(axes, x1_ndim, x2_ndim):
    """The contracted and the free axes of both arrays of a tensordot."""
    if isinstance(axes, Integral):
        first, second = tuple(range(x1_ndim - axes, x1_ndim)), tuple(range(axes))
    else:
        pairs = zip(axes, (x1_ndim, x2_ndim), strict=True)
        first, second = (tuple(a % n for a in ((part,) if isinstance(part, Integral) else part)) for part, n in pairs)
    free_first = tuple(i for i in range(x1_ndim) if i not in first)
    free_second = tuple(i for i in range(x2_ndim) if i not in second)
    return first, second, free_first, free_second


def tensordot_first(xp, g, x1_shape, x2, axes):
    """Contract g with x2 over what x2 brought in, and put the axes in x1's order."""
    first, second, free_first, free_second = contraction(axes, len(x1_shape), x2.ndim)
    kept = len(free_first)
    r = xp.tensordot(g, x2, axes=(tuple(range(kept, g.ndim)), free_second))
    matching = tuple(first[second.index(a)] for a in sorted(second))
    return xp.permute_dims(r, inverse(free_first + matching))


def tensordot_second(xp, g, x1, x2_shape, axes):
    """Contract x1 with g over what x1 brought in, and put the axes in x2's order."""
    first, second, free_first, free_second = contraction(axes, x1.ndim, len(x2_shape))
    r = xp.tensordot(x1, g, axes=(free_first, tuple(range(len(free_first)))))
    matching = tuple(second[first.index(a)] for a in sorted(first))
    return xp.permute_dims(r, inverse(matching + free_second))


vjp("tensordot", x1=tensordot_first, x2=tensordot_second)
