"""The extension `linalg`.

A rule gets g such that the loss changes by ``real(sum(g * dx))``, so where a book has the conjugate transpose of a
gradient, here is the transpose. Conventions, where there is a choice:

- `cholesky`, `eigh` and `eigvalsh` see the Hermitian part of their input, whichever triangle a library reads: their
  gradient is Hermitian.
- The vectors of `eigh`, `eig` and `svd` are determined up to a phase (for real ones a sign), and the columns that
  complete a basis in `svd` and `qr` up to a rotation: a loss must not depend on these.
- Eigenvalues and singular values that differ by rounding errors only count as equal, and 1 / (difference) as 0. First
  derivatives are then right for what weights equal values alike (norms, sums of a function of them) and for what takes
  all vectors of equal values together (projectors, polar factors ``u @ vh``). What is left out is that equal values may
  become different: it is missing in functions of matrices, ``v @ diag(f(w)) @ v^H``, and in second derivatives.
- Norms have the gradient 0 where they are 0, and singular values that are 0 give none; of several largest (or
  smallest) elements each gets an equal share.
- The gradient of `det` is the matrix of cofactors, of any rank; that of `slogdet` where the determinant is 0 is NaN.
- `inv`, `solve`, `pinv`, `qr` and `eig` have gradients where they are differentiable: where the rank is constant, the
  leading columns independent, the eigenvectors a basis.
"""

from math import inf, nan

from xpgrad.plan import device_of, shape_of
from xpgrad.primitive import primitive, required, vjp
from xpgrad.rules.elementwise import conj, ratio, zero
from xpgrad.rules.statistical import extreme, reinsert, times

primitive("linalg.cross", "x1 x2", axis=-1)
primitive("linalg.diagonal", "x", offset=0)
primitive("linalg.trace", "x", offset=0, dtype=None)
primitive("linalg.matrix_norm", "x", keepdims=False, ord="fro")
primitive("linalg.vector_norm", "x", axis=None, keepdims=False, ord=2)
primitive("linalg.inv linalg.det linalg.eigvals linalg.eigvalsh linalg.svdvals", "x")
primitive("linalg.matrix_power", "x", n=required)
primitive("linalg.pinv", "x", rtol=None)
primitive("linalg.solve", "x1 x2")
primitive("linalg.cholesky", "x", upper=False)
primitive("linalg.eig linalg.eigh linalg.slogdet", "x", outputs=2)
primitive("linalg.qr", "x", outputs=2, mode="reduced")
primitive("linalg.svd", "x", outputs=3, full_matrices=True)


def t(xp, x):
    """The transpose of matrices."""
    return xp.matrix_transpose(x)


def h(xp, x):
    """The conjugate transpose of matrices."""
    return conj(xp, xp.matrix_transpose(x))


def skew(xp, x):
    """Twice the skew-Hermitian part of matrices."""
    return x - h(xp, x)


def lower(xp, x):
    """The lower triangle with half of the diagonal."""
    return 0.5 * (xp.tril(x) + xp.tril(x, k=-1))


def on_diagonal(xp, x):
    """Square matrices with x on their diagonals."""
    return xp.where(xp.eye(x.shape[-1], dtype=xp.bool, device=device_of(x)), x[..., None], 0.0)


def rounding(xp, values):
    """How much eigenvalues or singular values may differ by rounding alone."""
    eps = float(xp.finfo(values.dtype).eps)
    return 16 * eps * xp.linalg.vector_norm(values, axis=-1, keepdims=True)


def reciprocal(xp, x, tolerance):
    """1 / x, and 0 where x is no larger than the tolerance."""
    small = xp.abs(x) <= tolerance
    return xp.where(small, 0.0, 1 / xp.where(small, 1.0, x))


def used(xp, x, g, axis):
    """x as a factor of g: what is not finite counts as 0 where g is 0 all along the axis."""
    return xp.where(xp.isfinite(x) | xp.any(g != 0, axis=axis, keepdims=True), x, 0.0)


vjp("linalg.cross", x1=lambda xp, g, x2, axis: xp.linalg.cross(used(xp, x2, g, axis), g, axis=axis),
                    x2=lambda xp, g, x1, axis: xp.linalg.cross(g, used(xp, x1, g, axis), axis=axis))  # fmt: skip


def outer(xp, x1, x2):
    """All products of elements of two vectors; some libraries flatten what is none, and others do not."""
    if not len(shape_of(x1)) == len(shape_of(x2)) == 1:
        raise ValueError(
            f"linalg.outer takes two one-dimensional arrays, not arrays of shapes {shape_of(x1)} and {shape_of(x2)}. "
            "Flatten them first: xp.reshape(x, (-1,))."
        )
    return xp.expand_dims(x1, axis=1) * xp.expand_dims(x2, axis=0)


primitive("linalg.outer", "x1 x2", bilinear=True, implementation=outer)
vjp("linalg.outer", x1=lambda xp, g, x2: xp.sum(g * x2, axis=1),
                    x2=lambda xp, g, x1: xp.sum(g * x1[:, None], axis=0))  # fmt: skip


def inv(xp, g, out):
    """-out^T g out^T."""
    out = t(xp, used(xp, out, g, (-2, -1)))
    return -out @ g @ out


vjp("linalg.inv", x=inv)


def diagonal(xp, g, x_shape, offset):
    """The diagonal of a block in the corner or at the edge of zeros."""
    n = g.shape[-1]
    starts = (min(max(shift, 0), length) for shift, length in zip((-offset, offset), x_shape[-2:], strict=True))
    return xp.scatter(on_diagonal(xp, g), (..., *(slice(i, i + n) for i in starts)), x_shape)


def trace(xp, g, x_shape, offset):
    """The cotangent everywhere on the diagonal."""
    place = xp.eye(*x_shape[-2:], k=offset, dtype=xp.bool, device=device_of(g))
    return xp.where(place, g[..., None, None], 0.0)


vjp("linalg.diagonal", x=diagonal)
vjp("linalg.trace", x=trace)


def solve_right(xp, g, x1, x2_shape):
    """x1^-T g; a vector counts as one column."""
    if len(x2_shape) == 1:
        return xp.linalg.solve(t(xp, x1), g[..., None])[..., 0]
    return xp.linalg.solve(t(xp, x1), g)


def solve_left(xp, g, x1, x2_shape, out):
    """-x1^-T g out^T."""
    r = solve_right(xp, g, x1, x2_shape)
    if len(x2_shape) == 1:
        r, out = r[..., None], out[..., None]
    return -r @ t(xp, used(xp, out, r, -2))


vjp("linalg.solve", x1=solve_left, x2=solve_right)


def matrix_power(xp, g, x, n):
    """The corner of [[x^T, g], [0, x^T]]^n (Higham, Functions of Matrices, 2008, eq. 3.16)."""
    x, k = t(xp, x), x.shape[-1]
    rows = [xp.concat([x, g], axis=-1), xp.concat([xp.zeros_like(x), x], axis=-1)]
    return xp.linalg.matrix_power(xp.concat(rows, axis=-2), n)[..., :k, k:]


def pinv(xp, g, x, out, rtol):
    """For matrices of constant rank (Golub & Pereyra, 1973)."""
    if rtol is not None:
        return truncated_pinv(xp, conj(xp, g), x, rtol)
    gt = t(xp, g)
    left, right = gt - x @ (out @ gt), gt - (gt @ out) @ x
    return conj(xp, left @ out @ h(xp, out) + h(xp, out) @ out @ right) - t(xp, out) @ g @ t(xp, out)


def truncated_pinv(xp, g, x, rtol):
    """Where singular values are left out that are not 0: by the differentials of singular vectors (Townsend, 2016).

    With dP = U^H dx V, the middle of the inverse changes by a dP + b dP^H: a is -1 / (s_i s_j) for two singular values
    that stay; of one that stays, s, and one that is left out, r, a is r / (s (s^2 - r^2)), and b is 1 / (s^2 - r^2).
    """
    if 0 in x.shape:
        return 0 * x
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    v = h(xp, vh)
    rtol = rtol[..., None] if hasattr(rtol, "shape") else rtol
    stays = s > rtol * xp.max(s, axis=-1, keepdims=True)
    inverse = xp.where(stays, 1 / xp.where(stays, s, 1.0), 0.0)
    rest = xp.where(stays, 0.0, s)
    one = xp.astype(stays, s.dtype)
    mixed = stays[..., :, None] != stays[..., None, :]
    larger = one * s
    gap = xp.abs((larger**2 + rest**2)[..., :, None] - (larger**2 + rest**2)[..., None, :])
    b = xp.where(mixed, 1 / xp.where(mixed, gap, 1.0), 0.0)
    a = b * (rest[..., :, None] * inverse[..., None, :] + inverse[..., :, None] * rest[..., None, :])
    a = a - inverse[..., :, None] * inverse[..., None, :]
    middle = vh @ g @ u
    core = a * middle + h(xp, b * middle)
    squares = (inverse * inverse)[..., None, :]
    beside_v = (g @ u - v @ middle) * squares @ h(xp, u)
    beside_u = v * squares @ (vh @ g - middle @ h(xp, u))
    return conj(xp, u @ core @ vh + h(xp, beside_v + beside_u))


vjp("linalg.matrix_power", x=matrix_power)
vjp("linalg.pinv", x=pinv)


def vector_norm(xp, g, x, out, x_shape, axis, keepdims, ord):
    """conj(x) |x|^(ord - 2) / out^(ord - 1)."""
    if ord == 0 or 0 in x_shape:
        return xp.zeros(x_shape, dtype=g.dtype, device=device_of(g))
    g, out = (reinsert(xp, a, x_shape, axis, keepdims) for a in (g, out))
    if ord == 2:
        return times(xp, g, ratio(xp, conj(xp, x), out))
    size, direction = xp.abs(x), conj(xp, xp.sign(x))
    if abs(ord) == inf:
        return times(xp, share(xp, g, size, axis, ord > 0), direction)
    slope = ratio(xp, size, out) ** (ord - 1) if ord >= 1 else (out / xp.where(size == 0, 1.0, size)) ** (1 - ord)
    return times(xp, g, direction * slope)


def share(xp, g, x, axis, largest):
    """The shares of the largest or smallest elements in the cotangent of their value."""
    best = (xp.max if largest else xp.min)(x, axis=axis, keepdims=True)
    return extreme(xp, g, x, best, x.shape, axis, True)


def matrix_norm(xp, g, x, out, x_shape, keepdims, ord):
    """By singular values, or by sums of absolute values of rows or columns."""
    if ord in ("fro", None) or 0 in x_shape:
        return vector_norm(xp, g, x, out, x_shape, (-2, -1), keepdims, 2)
    g = reinsert(xp, g, x_shape, (-2, -1), keepdims)
    if ord == "nuc":
        return svdvals(xp, g[..., 0], x)
    if abs(ord) == 2:
        return svdvals(xp, share(xp, g[..., 0], xp.linalg.svdvals(x), -1, ord > 0), x)
    total = xp.sum(xp.abs(x), axis=-2 if abs(ord) == 1 else -1, keepdims=True)
    return times(xp, share(xp, g, total, (-2, -1), ord > 0), conj(xp, xp.sign(x)))


def svdvals(xp, g, x):
    """conj(u) diag(g) conj(vh), without the vectors of singular values that are 0."""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    g = xp.where(s <= rounding(xp, s), 0.0, g)
    return conj(xp, u) * g[..., None, :] @ conj(xp, vh)


vjp("linalg.vector_norm", x=vector_norm)
vjp("linalg.matrix_norm", x=matrix_norm)
vjp("linalg.svdvals", x=svdvals)


def slogdet(xp, g, x, out):
    """The change of log(det) is tr(x^-1 dx); its real part goes to the logarithm, its imaginary part turns the sign."""
    sign, turned = out[0], g[0] * out[0]
    g = g[1] + 0.5 * (turned - conj(xp, turned))
    singular = sign == 0
    identity = xp.eye(x.shape[-1], dtype=x.dtype, device=device_of(x))
    regular = xp.where(singular[..., None, None], identity, x)
    return times(xp, xp.where(singular & (g != 0), nan, g)[..., None, None], t(xp, xp.linalg.inv(regular)))


vjp("linalg.slogdet", x=slogdet)

#: Cofactors are right to this order of derivative, whatever the rank.
ORDER = 3


def missing(xp, x):
    """What singular matrices lack: left and right, so that x + left @ right is regular and their inner rank minimal.

    Where more than ORDER dimensions are small, but none is 0, nothing is missing.
    """
    u, s, vh = xp.linalg.svd(xp.where(xp.isfinite(x), x, 0.0))
    scale = xp.linalg.vector_norm(s, axis=-1, keepdims=True)
    small = s <= float(xp.finfo(s.dtype).eps) ** 0.5 * scale
    count = xp.sum(xp.astype(small, s.dtype), axis=-1, keepdims=True)
    small = small & ((count <= ORDER) | (xp.linalg.det(x) == 0)[..., None])
    weight = xp.where(small, xp.where(scale == 0, 1.0, scale), 0.0)
    return u * weight[..., None, :], xp.where(small[..., None], vh, 0.0)


primitive("linalg.missing", "x", outputs=2, public=False, implementation=missing)
vjp("linalg.missing", x=lambda xp, g: zero(xp, g[0]))  # any choice gives the same cofactors


def det(xp, g, x):
    """The cofactors, by det(x) = det(m) det(z) with m = x + left @ right and z = 1 - right m^-1 left.

    As large as what is missing, and 0, is z: its determinant and adjugate are polynomials (Faddeev and Le Verrier),
    which have derivatives where x has no inverse. All but a block of `unit` and z is 0.
    """
    left, right = xp.linalg.missing(x)
    m = x + left @ right
    inverse = xp.linalg.inv(m)
    left, unit = inverse @ left, right @ h(xp, right)
    z = unit - right @ left
    size = xp.round(xp.abs(xp.linalg.trace(unit)))
    det_z, adjugate_z, adjugate = xp.astype(size == 0, z.dtype), xp.zeros_like(z), unit
    for k in range(1, ORDER + 1):
        product = z @ adjugate
        coefficient = xp.linalg.trace(product) / k
        det_z = xp.where(size == k, coefficient, det_z)
        adjugate_z = xp.where((size == k)[..., None, None], adjugate, adjugate_z)
        adjugate = coefficient[..., None, None] * unit - product
    adjugate = det_z[..., None, None] * inverse + left @ adjugate_z @ right @ inverse
    return times(xp, g[..., None, None], xp.linalg.det(m)[..., None, None] * t(xp, adjugate))


vjp("linalg.det", x=det)


def cholesky(xp, g, out, upper):
    """The Hermitian part (Murray, Differentiation of the Cholesky decomposition, 2016)."""
    if upper:
        g, out = h(xp, g), h(xp, out)
    r = xp.linalg.solve(t(xp, out), lower(xp, t(xp, out) @ g))
    r = t(xp, xp.linalg.solve(h(xp, out), t(xp, r)))
    return 0.5 * (r + h(xp, r))


vjp("linalg.cholesky", x=cholesky)


def gaps(xp, values):
    """In row i and column j 1 / (values[j] - values[i]), and 0 for equal ones."""
    return reciprocal(xp, values[..., None, :] - values[..., :, None], rounding(xp, values)[..., None])


def eigh(xp, g, out):
    """conj(v) (diag(gw) + …) v^T (Giles, An extended collection of matrix derivative results, 2008)."""
    (w, v), (gw, gv) = out, g
    inner = on_diagonal(xp, gw) + 0.5 * skew(xp, t(xp, v) @ gv) * gaps(xp, w)
    return conj(xp, v) @ inner @ t(xp, v)


def eigvalsh(xp, g, x):
    """conj(v) diag(g) v^T."""
    v = xp.linalg.eigh(x)[1]
    return conj(xp, v) * g[..., None, :] @ t(xp, v)


vjp("linalg.eigh", x=eigh)
vjp("linalg.eigvalsh", x=eigvalsh)


def eig(xp, g, out):
    """For eigenvectors of length 1 (Boeddeker et al., Computation of complex-valued gradients, 2017)."""
    (w, v), (gw, gv) = out, g
    inner = t(xp, v) @ gv
    inner = inner - t(xp, h(xp, v) @ v) * xp.linalg.diagonal(inner)[..., None, :]
    inner = on_diagonal(xp, gw) + inner * gaps(xp, w)
    return xp.linalg.solve(t(xp, v), inner @ t(xp, v))


def eigvals(xp, g, x, out):
    """v^-T diag(g) v^T; the eigenvalues may have another order than those that come with the vectors."""
    if x.shape[-1] == 0:
        return zero(xp, x)
    w, v = xp.linalg.eig(x)
    nearest = xp.argmin(xp.abs(w[..., :, None] - out[..., None, :]), axis=-1)
    g = xp.take_along_axis(g, nearest, axis=-1)
    return xp.linalg.solve(t(xp, v), g[..., None] * t(xp, v))


vjp("linalg.eig", x=eig)
vjp("linalg.eigvals", x=eigvals)


def leading(xp, u, g, k):
    """The cotangent of the first k columns of unitary matrices; the others turn with them and complete the basis."""
    return g[..., :k] - conj(xp, u[..., k:] @ (t(xp, g[..., k:]) @ u[..., :k]))


def svd(xp, g, out):
    """As Wan & Zhang (Automatic differentiation for complex valued SVD, 2019), but by sums and differences of s."""
    (u, s, vh), (gu, gs, gvh) = out, g
    k = s.shape[-1]
    v, gv = h(xp, vh), h(xp, gvh)
    gu, gv = leading(xp, u, gu, k), leading(xp, v, gv, k)
    u, v = u[..., :k], v[..., :k]
    in_u, in_v = t(xp, u) @ gu, t(xp, v) @ gv
    a, b = skew(xp, in_u), skew(xp, in_v)
    tolerance = rounding(xp, s)
    sums = reciprocal(xp, s[..., None, :] + s[..., :, None], tolerance[..., None])
    inverse = reciprocal(xp, s, tolerance)
    inner = on_diagonal(xp, gs) + 0.5 * ((a + b) * gaps(xp, s) + (a - b) * sums)
    r = conj(xp, u) @ inner
    if u.shape[-2] > k:
        r = r + (gu - conj(xp, u) @ in_u) * inverse[..., None, :]
    r = r @ t(xp, v)
    if v.shape[-2] > k:
        r = r + conj(xp, u) * inverse[..., None, :] @ h(xp, gv - conj(xp, v) @ in_v)
    return r


vjp("linalg.svd", x=svd)


def qr(xp, g, out):
    """For R with a real diagonal (Walter & Lehmann, 2010; for wide matrices Roberts & Roberts, 2020)."""
    (q, r), (gq, gr) = out, g
    k = min(q.shape[-2], r.shape[-1])
    gq, q = leading(xp, q, gq, k), q[..., :k]
    wide, g_wide = r[..., :k, k:], gr[..., :k, k:]
    r, gr = r[..., :k, :k], gr[..., :k, :k]
    gq = gq + conj(xp, q @ wide) @ h(xp, g_wide)
    inner = t(xp, q) @ gq - gr @ t(xp, r)
    gq = gq + conj(xp, q) @ (lower(xp, skew(xp, inner)) - inner)
    square = t(xp, xp.linalg.solve(r, t(xp, gq)))
    return xp.concat([square, conj(xp, q) @ g_wide], axis=-1)


vjp("linalg.qr", x=qr)
