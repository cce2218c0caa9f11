"""The step that sums of products, `einsum`, are made of: the contraction of two arrays.

Its subscripts are spelled out: "ab,bc->ac". No index occurs twice in one array, and each is in the result or in the
other array. So the rule of a contraction is a contraction again.
"""

from math import prod

from xpgrad.primitive import primitive, required, vjp


def contract(xp, x1, x2, subscripts):
    """A product of matrices, of which there may be many, or of single elements where nothing is summed over."""
    (first, second), out = halves(subscripts)
    size = dict(zip(first, x1.shape, strict=True)) | dict(zip(second, x2.shape, strict=True))
    both = [i for i in out if i in first and i in second]
    rows, columns = [i for i in out if i not in second], [i for i in out if i not in first]
    summed = [i for i in first if i not in out]
    if not summed:
        return spread(xp, x1, first, out) * spread(xp, x2, second, out)
    x1 = xp.permute_dims(x1, tuple(map(first.index, both + rows + summed)))
    x2 = xp.permute_dims(x2, tuple(map(second.index, both + summed + columns)))
    r, s, c = (prod(size[i] for i in part) for part in (rows, summed, columns))
    matrices = tuple(size[i] for i in both)
    product = xp.matmul(xp.reshape(x1, (*matrices, r, s)), xp.reshape(x2, (*matrices, s, c)))
    found = both + rows + columns
    return xp.permute_dims(xp.reshape(product, tuple(size[i] for i in found)), tuple(map(found.index, out)))


def halves(subscripts):
    """The indices of the arrays, and those of the result."""
    arrays, _, out = subscripts.partition("->")
    return arrays.split(","), out


def spread(xp, x, indices, out):
    """An array with its axes where `out` has them, so that it broadcasts."""
    order = [i for i in out if i in indices]
    x = xp.permute_dims(x, tuple(map(indices.index, order)))
    sizes = dict(zip(order, x.shape, strict=True))
    return xp.reshape(x, tuple(sizes.get(i, 1) for i in out))


def contract_first(xp, g, x2, subscripts):
    (first, second), out = halves(subscripts)
    return xp.contract(g, x2, f"{out},{second}->{first}")


def contract_second(xp, g, x1, subscripts):
    (first, second), out = halves(subscripts)
    return xp.contract(g, x1, f"{out},{first}->{second}")


primitive("contract", "x1 x2", bilinear=True, public=False, subscripts=required, implementation=contract)

vjp("contract", x1=contract_first, x2=contract_second)
