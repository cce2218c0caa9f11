"""NumPy's own functions on Arrays: the values are NumPy's, and the gradients those of differences."""

from __future__ import annotations

import ast
import operator as op
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from differences import RNG, M, S, check, each, parts

import xpgrad
import xpgrad.numpy as xp
from xpgrad import Array, autograd, protocols
from xpgrad.errors import HistoryLostError, NoCounterpartError
from xpgrad.protocols import constants, ufuncs
from xpgrad.protocols.functions import FUNCTIONS

P = S @ S.T
V = np.asarray([0.35, 1.9, 0.75, 2.6, 1.2])
W = np.asarray([0.4, 1.3, 0.9])
T = RNG.uniform(0.2, 1.0, (2, 3, 4))
Z = M + 1j * M[::-1] / 2
HOLES = np.where(M > 2.0, np.nan, M)
MASK = M < 1.5

#: Calls of a function of `x`, one a line.
CALLS = """
# Reductions.
np.sum(x)
np.sum(x, axis=(0, 1), keepdims=True)
np.sum(x, axis=0, where=MASK, initial=2.0)
np.prod(x, axis=1)
np.prod(x, where=MASK, initial=2.0)
np.max(x, axis=1)
np.max(x, axis=0, where=MASK, initial=0.3)
np.max(x, keepdims=True)
np.min(x, axis=1)
np.min(x, initial=0.0)
np.amax(x, -1)
np.amin(x, -1)
np.ptp(x, axis=0)
np.mean(x, axis=0)
np.mean(x, axis=1, where=MASK)
np.mean(x, dtype=np.float64)
np.var(x, axis=0, ddof=1)
np.var(x, where=MASK)
np.var(x, axis=1, correction=1, keepdims=True)
np.std(x, axis=0, ddof=1)
np.std(x, where=MASK, axis=1)
np.std(x)
np.average(x)
np.average(x, axis=1, weights=[1.0, 2.0, 3.0, 0.5])
np.average(x, axis=0, weights=np.abs(M), returned=True)
np.median(x)
np.median(x, axis=0)
np.median(x, axis=1, keepdims=True)
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, [0.1, 0.45, 0.9], axis=1, method="linear")
np.quantile(x, 0.4, axis=0, method="lower", keepdims=True)
np.quantile(x, 0.4, axis=0, method="lower", keepdims=True)
np.quantile(x, 0.4, axis=0, method="lower", keepdims=True)
np.quantile(x, 0.4, axis=0, method="lower", keepdims=True)
np.quantile(x, 1.0)
np.quantile(x, [[0.0, 0.3], [0.5, 0.7]], axis=(0, 1))
np.percentile(x, 30)
np.percentile(x, [5, 95], axis=0)
np.cumsum(x)
np.cumsum(x, axis=1)
np.cumprod(x)
np.cumprod(x, axis=0)
np.cumulative_sum(x, axis=1, include_initial=True)
np.cumulative_prod(x, axis=1)
# Folds, updates, counts.
np.clip(2, 3, x)
np.linalg.pinv(x, 0.5)
np.linalg.lstsq(s, s, rcond=0.5)[0]
np.linalg.cholesky(s)
np.linalg.cholesky(s, upper=True)
np.unique(x, axis=0)
np.unique(x, axis=1, return_index=True, return_counts=True)
np.polyfit(V[:4], x[0], 1, full=True)
np.polyfit(V[:4], x[0], 1, cov=True)
np.polyfit(V[:4], x.T, 1, cov="unscaled")
np.polydiv(x[0], x[1, :2])
np.polydiv(x[0, :2], x[1])
np.histogram(M, bins=3, weights=x)
np.histogram(M, bins=[0.0, 1.0, 2.0], weights=x, density=True)
np.histogram2d(M[0], M[1], bins=[2, 3], weights=x[0])
np.histogramdd(M.T[:, :2], bins=2, weights=x[0], density=True)
np.histogramdd([M[0], M[1]], bins=2, weights=x[0])
np.cov(x, aweights=[1.0, 2.0, 3.0, 4.0])
np.cov(x, fweights=[1, 2, 3, 4])
np.cov(x, fweights=[1, 2, 3, 4], aweights=[0.4, 0.3, 0.2, 0.1], ddof=0)
np.cov(x[0], x[1], aweights=[1.0, 2.0, 3.0, 4.0])
np.einsum("ij,jk,kl->il", x, x.T, x, optimize=np.einsum_path("ij,jk,kl->il", x, x.T, x)[0])
np.einsum("i,ij", [1.0, 2.0, 3.0], x)
np.pad(x, 1, mode="mean")
np.pad(x, 1, mode="linear_ramp", end_values=2.0)
np.pad(x, 1, mode="empty")[1:-1, 1:-1]
np.add.reduceat(x, [0, 2], axis=1)
np.add.reduceat(x[0], [0, 2, 1])
np.multiply.reduceat(x, [0, 2], axis=1)
np.maximum.reduceat(x[0], [0, 2])
np.logaddexp.reduceat(x[0], [0, 2])
np.subtract.reduce(x, axis=1)
np.divide.reduce(x, axis=1, keepdims=True)
np.power.reduce(x[:, :2], axis=1)
np.hypot.reduce(x, axis=1)
np.hypot.reduce(x, axis=None)
np.logaddexp2.reduce(x, axis=0)
np.subtract.accumulate(x, axis=1)
np.divide.accumulate(x, axis=1)
np.hypot.accumulate(x, axis=1)
updated(x, np.multiply, [0, 1], 2.0)
updated(x, np.multiply, [0, 0], M[1])
updated(x, np.multiply, ([0, 1, 0], [2, 2, 2]), [1.0, 2.0, 3.0])
updated(x, np.divide, [0, 1], 2.0)
updated(x, np.maximum, [0, 0], M[1])
updated(x, np.power, (slice(None), 1), 2.0)
updated(x, np.negative, [0, 2])
updated(x, np.exp, [0])
np.quantile(x, [0.0, 0.1, 0.25, 0.3, 0.75, 1.0], method="inverted_cdf")
np.quantile(x, [0.0, 0.1, 0.25, 0.3, 0.75, 1.0], axis=1, method="averaged_inverted_cdf")
np.quantile(x, [0.0, 0.125, 0.2, 0.375, 0.625, 1.0], axis=1, method="closest_observation")
# Methods of NumPy's arrays.
x.flat[3] * x.flat[::5]
flattened(x)
sum(x.flat) / len(x.flat)
x.var(0)
x.std(1, ddof=1)
x.sum(1, keepdims=True, where=MASK)
x.min(axis=0, initial=0.2)
x.prod(0)
x.mean(1)
x.reshape(4, 3)
x.reshape(-1, 2, order="F")
x[None].squeeze()
x.take([0, 1], axis=1)
x.compress([True, False, True], axis=0)
x.argsort(axis=1) * x
x.view()
(x + 2j * x).view(float)
x.view(complex)
changed(x, "sort")
changed(x, "sort", 0)
changed(x, "fill", 2.0)
changed(x, "put", [0, 5], [2.0, 3.0])
x * (x.itemsize + x.nbytes)
changed(x, "put", [12, -14], [2.0, 3.0], "wrap")
changed(x, "put", [12, -14], [2.0, 3.0], "clip")
np.roots(np.concatenate([x[0], [0.0]]))
np.modf(x)
np.average(x[None], axis=(2, 1), weights=M.T)
np.diff(x, prepend=1j)
np.setdiff1d(x[0, ::-1], [5.0], assume_unique=True)
np.intersect1d(np.concatenate([x[0], [5.0]]), [5.0, 7.0], return_indices=True)
np.geomspace(x[0] + 1j, -2j, 3)
np.geomspace(-x[0], -2.0, 3, axis=1)
np.polyint(x[0], 2, [1.0])
np.polyint(x[0], k=1j)
np.linalg.svd(s, hermitian=True).S
np.linalg.svd(s, compute_uv=False, hermitian=True)
np.linalg.pinv(s, hermitian=True)
# Shapes.
np.reshape(x, (4, 3))
np.reshape(x, -1, order="F")
np.reshape(x, (2, 6), "F")
np.ravel(x)
np.ravel(x, order="F")
np.transpose(x)
np.transpose(x, (1, 0))
np.swapaxes(x, 0, -1)
np.moveaxis(x, 0, 1)
np.rollaxis(x, 1)
np.rollaxis(np.reshape(x, (2, 3, 2)), 0, 3)
np.squeeze(x[:1, :])
np.squeeze(x[:1, :], axis=0)
np.expand_dims(x, 0)
np.expand_dims(x, (0, -1))
np.lib.stride_tricks.sliding_window_view(x, 2, axis=1)
np.lib.stride_tricks.sliding_window_view(x, (2, 3))
np.atleast_1d(x[0, 0])
np.atleast_1d(x, 3.0)
np.atleast_2d(x[0])
np.atleast_2d(x[0, 0])
np.atleast_3d(x)
np.atleast_3d(x[0])
np.concatenate([x, M])
np.concatenate((x, x), axis=None)
np.concatenate([x, x], -1)
np.stack([x, 2 * x], axis=1)
np.vstack([x, x[0]])
np.hstack([x, x])
np.hstack([x[0], x[1]])
np.dstack([x, x])
np.column_stack([x[0], x[1], M[2]])
np.block([[x, np.ones((3, 2))], [np.zeros((2, 4)), 2 * x[:2, :2]]])
np.block([x[0], 1.0])
np.append(x, [1.0, 2.0])
np.append(x, x, axis=1)
np.delete(x, 1, axis=0)
np.delete(x, [0, -1], axis=1)
np.delete(x, slice(0, 5))
np.insert(x, 1, 5.0, axis=1)
np.insert(x, 2, x[:, 0], axis=1)
np.insert(x, [1, 3], [7.0, 8.0])
np.insert(x, -1, 2 * x[0], axis=0)
np.insert(x, [0, 2], x[:, :2], axis=1)
np.split(x, 2, axis=1)
np.split(x, [1, 2])
np.array_split(x, 3, axis=1)
np.vsplit(x, 3)
np.hsplit(x, 2)
np.dsplit(np.reshape(x, (3, 2, 2)), 2)
np.unstack(x, axis=1)
np.tile(x, 2)
np.tile(x, (2, 1, 2))
np.repeat(x, 2)
np.repeat(x, [1, 0, 2], axis=0)
np.roll(x, 2)
np.roll(x, 1, axis=(0, 1))
np.roll(x, (1, -1), axis=(0, 1))
np.rot90(x, 0)
np.rot90(x, 0)
np.rot90(x, 0)
np.rot90(x, 0)
np.flip(x)
np.flip(x, axis=0)
np.fliplr(x)
np.flipud(x)
np.resize(x, (5, 5))
np.resize(x, 3)
np.pad(x, 1)
np.pad(x, ((0, 1), (2, 0)), mode="edge")
np.pad(x, 1, mode="wrap")
np.pad(x, {1: (1, 2)}, constant_values=2.0)
np.tril(x, -1)
np.triu(x)
np.diag(x)
np.diag(x, 1)
np.diag(x[0], -1)
np.diag(x[0], 2)
np.diagflat(x[:2, :2])
np.diagonal(x, 1)
np.diagonal(np.reshape(x, (2, 3, 2)), axis1=0, axis2=2)
np.trace(x)
np.trace(x, offset=-1)
np.broadcast_to(x, (2, 3, 4))
np.broadcast_arrays(x, x[0])
np.meshgrid(x[0], x[1])
np.meshgrid(x[0], x[1], indexing="ij", sparse=True)
np.matrix_transpose(x)
np.astype(x, np.float64)
np.copy(x)
# Selection.
np.where(MASK, x, 0.0)
np.where(x > 1, x, 2 * x)
np.where(MASK, 1.0, x)
np.take(x, [0, 5, -1])
np.take(x, np.asarray([[0, 1], [2, 2]]), axis=1)
np.take(x, 1, axis=0)
np.take(x, [5, -7], axis=1, mode="wrap")
np.take(x, [5, -7], axis=1, mode="clip")
np.take_along_axis(x, np.argsort(M, axis=1), axis=1)
np.compress([True, False, True], x, axis=0)
np.extract(MASK, x)
np.choose(np.asarray([0, 1, 1, 0]), [x[0], x[1]])
np.select([MASK, x > 2.0], [x, x ** 2], default=0.5)
np.piecewise(x, [x < 1, x >= 1], [lambda v: v ** 2, lambda v: np.exp(-v)])
np.piecewise(x, [x < 1], [3.0, lambda v: 2 * v])
np.clip(x, 0.5, 1.5)
np.clip(x, None, np.asarray([1.0, 2, 1, 2]))
np.clip(x, min=0.7)
np.nan_to_num(x)
np.sort(x)
np.sort(x, axis=None)
np.sort(x, axis=0, kind="stable")
np.unique(x)
np.unique(x, return_inverse=True, return_counts=True)
np.sort(np.unique_values(x))
np.union1d(x[0], x[1])
np.intersect1d(np.concatenate([x[0], [5.0]]), [5.0])
np.setdiff1d(x, [5.0])
np.setxor1d(x[0], x[1])
np.round(x, 1)
np.round(x)
np.around(x, -1)
np.fix(x)
np.real(x)
np.imag(x)
np.angle(x)
np.real_if_close(x)
np.trim_zeros(np.concatenate([[0.0], x[0], [0.0]]))
# Products.
np.dot(x, W[:1] * np.ones((4, 2)))
np.dot(x, x[0])
np.dot(2.0, x)
np.dot(M.T, x)
np.inner(x, x)
np.inner(x[0], M[1])
np.vdot(x, M)
np.outer(x, W)
np.tensordot(x, M, axes=([0, 1], [0, 1]))
np.tensordot(x, x, axes=((1,), (1,)))
np.tensordot(x, M.T, 1)
np.kron(x, W)
np.kron(W, x)
np.cross(x[:, :3], W)
np.cross(x, M[:, ::-1], axis=0)
np.einsum("ij,kj->ik", x, M)
np.einsum("ij->", x, optimize=True)
np.einsum(x, [0, 1], [1, 0])
np.convolve(x[0], W[:2], mode="full")
np.convolve(x[0], W[:2], mode="full")
np.convolve(x[0], W[:2], mode="full")
np.convolve(x[0], W[:2], mode="full")
np.convolve(x[0], W[:2], mode="full")
np.convolve(x[0], W[:2], mode="full")
np.convolve(W[:2], x[0], "same")
np.correlate(x[0], W[:2], mode="full")
np.correlate(x[0], W[:2], mode="full")
np.correlate(x[0], W[:2], mode="full")
np.correlate(x[0], W[:2], mode="full")
np.correlate(x[0], W[:2], mode="full")
np.correlate(x[0], W[:2], mode="full")
np.correlate(W[:2], x[0], mode="full")
np.correlate(W[:2], x[0], mode="full")
np.correlate(W[:2], x[0], mode="full")
np.cov(x)
np.cov(x[0], x[1], ddof=0)
np.cov(x, rowvar=False)
np.cov(x[0])
np.corrcoef(x)
np.corrcoef(x[0], M[1])
# Calculus.
np.diff(x)
np.diff(x, n=2, axis=0)
np.diff(x, prepend=0.0, append=x[:, :1])
np.ediff1d(x, to_begin=1.0, to_end=[2.0, 3.0])
np.gradient(x)
np.gradient(x, 0.5, axis=1)
np.gradient(x, [0.0, 1.0, 2.5, 3.0], axis=1, edge_order=2)
np.gradient(x, 2.0, [0.0, 1.0, 2.5, 3.0])
np.gradient(x[0], edge_order=2)
np.gradient(M[0], np.cumsum(x[0]))
np.trapezoid(x)
np.trapezoid(x, dx=0.3, axis=0)
np.trapezoid(x, [0.0, 1.0, 1.5, 4.0])
np.trapezoid(M, np.cumsum(x, axis=1))
np.interp(x, [0.0, 1.0, 2.0], [1.0, 3.0, 2.0])
np.interp([0.3, 1.5, 9.0], [0.0, 1.0, 2.0, 3.0], x[0])
np.interp([0.5, 0.9], np.cumsum(x[0]), [1.0, 2.0, 4.0, 3.0])
np.interp(x, [0.0, 1.0], [1.0, 3.0], left=-1.0, right=7.0)
np.interp(x, [0.1, 0.9, 0.4], [1.0, 3.0, 2.0], period=1.0)
np.interp(0.3, [0.0, 1.0, 2.0, 3.0], x[0])
np.unwrap(3 * x)
np.unwrap(5 * x, axis=0, discont=4.0)
np.unwrap(x, period=1.0)
np.linspace(x[0], x[1], 5)
np.linspace(0.0, x[0, 0], 4, endpoint=False, retstep=True)
np.linspace(x[0], 1.0, 3, axis=-1)
np.logspace(x[0, 0], x[1, 1], 4)
np.logspace(0.0, x[0], 3, base=2.0)
np.geomspace(x[0, 0], x[1, 1], 4)
np.polyval(x[0], 0.7)
np.polyval([1.0, 2.0, 3.0], x)
np.polyval(x[0], x[1])
np.polyder(x[0])
np.polyder(x[0], 2)
np.polyint(x[0])
np.polyint(x[0], 2, [1.0, 2.0])
np.polyadd(x[0], x[1, :2])
np.polysub(x[0], x[1, :2])
np.polymul(x[0], x[1, :2])
np.poly(x[0])
np.sum(np.real(np.roots(x[0])) ** 2)
np.polyfit([0.0, 1.0, 2.0, 4.0], x[0], 2)
np.polyfit(x[0], M[1], 1, w=[1.0, 2.0, 1.0, 0.5])
np.vander(x[0])
np.vander(x[0], 3, increasing=True)
np.sinc(x)
np.i0(x)
np.apply_along_axis(lambda row: row[0] * row, 1, x)
np.apply_along_axis(np.sum, 0, x)
np.apply_over_axes(np.sum, x, [0, 1])
np.bincount(np.asarray([0, 2, 2, 5]), weights=x[0], minlength=7)
# Fourier transforms.
np.fft.fft(x)
np.fft.fft(x, n=6, axis=0, norm="ortho")
np.fft.ifft(x)
np.fft.ifft(x, n=6, axis=0, norm="ortho")
np.fft.rfft(x)
np.fft.rfft(x, n=6, axis=0, norm="ortho")
np.fft.irfft(x)
np.fft.irfft(x, n=6, axis=0, norm="ortho")
np.fft.hfft(x)
np.fft.hfft(x, n=6, axis=0, norm="ortho")
np.fft.ihfft(x)
np.fft.ihfft(x, n=6, axis=0, norm="ortho")
np.fft.fftn(x)
np.fft.fftn(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.ifftn(x)
np.fft.ifftn(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.rfftn(x)
np.fft.rfftn(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.irfftn(x)
np.fft.irfftn(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.fft2(x)
np.fft.fft2(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.ifft2(x)
np.fft.ifft2(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.rfft2(x)
np.fft.rfft2(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.irfft2(x)
np.fft.irfft2(x, s=(2, 6), axes=(0, 1), norm="forward")
np.fft.fftshift(x)
np.fft.fftshift(x, axes=1)
np.fft.ifftshift(x)
# Linear algebra, of `s`, a square matrix.
np.linalg.norm(s)
np.linalg.norm(s, axis=1, keepdims=True)
np.linalg.norm(s, 1)
np.linalg.norm(s, 1)
np.linalg.norm(s, 1)
np.linalg.norm(s, 1)
np.linalg.norm(s, 1)
np.linalg.norm(s, 1)
np.linalg.norm(s[0], 1)
np.linalg.norm(s[0], 1)
np.linalg.norm(s[0], 1)
np.linalg.norm(s, axis=(0, 1), keepdims=True)
np.linalg.vector_norm(s, axis=0, ord=3)
np.linalg.matrix_norm(s, ord="nuc")
np.linalg.inv(s)
np.linalg.pinv(s)
np.linalg.pinv(s[:2])
np.linalg.det(s)
np.linalg.slogdet(s)
np.linalg.solve(s, W)
np.linalg.solve(P, s)
np.linalg.lstsq(np.vstack([s, s[:1]]), np.ones(4), rcond=None)[0]
np.linalg.lstsq(np.vander(V, 3), np.concatenate([s[0], s[1, :2]]), rcond=None)[:2]
np.linalg.cholesky(s @ s.T)
np.linalg.cholesky(s @ s.T, upper=True)
np.linalg.qr(s)
np.linalg.qr(s, mode="r")
np.linalg.svd(s, compute_uv=False)
np.linalg.svd(s, full_matrices=False).S
np.linalg.svdvals(s)
np.linalg.eigh(s).eigenvalues
np.linalg.eigh(s, "U")[0]
np.linalg.eigvalsh(s)
np.linalg.eigvalsh(s, "U")
np.sum(np.real(np.linalg.eig(s)[0]) ** 2)
np.sum(np.real(np.linalg.eigvals(s)) ** 2)
np.linalg.matrix_power(s, 3)
np.linalg.matrix_power(s, -1)
np.linalg.multi_dot([s, S, s, W])
np.linalg.cond(s)
np.linalg.cond(s, 1)
np.linalg.tensorinv(np.reshape(s, (3, 1, 3)), ind=2)
np.linalg.tensorsolve(np.reshape(s, (3, 1, 3)), W[:, None])
np.linalg.trace(s)
np.linalg.diagonal(s)
np.linalg.cross(s, W)
np.linalg.outer(s[0], W)
np.linalg.matmul(s, s)
np.linalg.tensordot(s, S, axes=1)
np.linalg.vecdot(s, S)
np.linalg.matrix_transpose(s)
# Without NaN, of `h`, which has some.
np.nansum(h, axis=1)
np.nansum(h)
np.nanprod(h, axis=1)
np.nanprod(h)
np.nanmean(h, axis=1)
np.nanmean(h)
np.nanvar(h, axis=1)
np.nanvar(h)
np.nanstd(h, axis=1)
np.nanstd(h)
np.nancumsum(h, axis=1)
np.nancumsum(h)
np.nancumprod(h, axis=1)
np.nancumprod(h)
np.nanmedian(h, axis=1)
np.nanmedian(h)
np.nanmax(h, axis=1)
np.nanmin(h, axis=0)
np.nanquantile(h, [0.2, 0.6], axis=1)
np.nanpercentile(h, 70)
"""

INPUTS = {"x": M, "h": HOLES, "s": S}


def updated(x: Any, ufunc: Any, *arguments: Any) -> Any:
    """A copy, after ``ufunc.at``."""
    out = x * 1.0
    ufunc.at(out, *arguments)
    return out


def flattened(x: Any) -> Any:
    """A copy, after writes to all its elements in a row."""
    out = x * 1.0
    out.flat[::5] += 2.0 * x.flat[::5]
    out.flat[[1, 2]] = 3.0
    return out


def changed(x: Any, method: str, *arguments: Any) -> Any:
    """A copy, after a method that changes it."""
    out = x * 1.0
    getattr(out, method)(*arguments)
    return out


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5, which still has it
@each(CALLS)
def test_functions(call: str) -> None:
    if "np.i0" in call:
        pytest.importorskip("scipy.special", reason="SciPy is not installed, which computes it")
    name = next(name for name in INPUTS if re.search(rf"\b{name}\b", call))
    check(eval(f"lambda {name}: {call}", globals()), INPUTS[name])


nan, inf = np.nan, np.inf


def after(write: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    """An array, after a function or a method of it that writes to it."""
    write(x, *arguments, **options)
    return x


#: Calls of which the values, or the error, are NumPy's; `a` makes an array.
VALUES = """
np.multiply(a([1, 4]), 2, out=a([0.0, 0.0]))
np.multiply(a([1, 4]), 2.5, out=a([1, 4]), casting="unsafe")
np.less(a([1.0, 3.0]), 2.0, where=a([True, False]), out=a([0.5, 0.5]))
np.multiply(a([1, 2]), 2, where=a([True, False]), out=a([0.5, 0.5]))
np.add(a([1, 4]), 2, dtype=np.float32)
np.add(a([1.5, 4.5]), 2.0, dtype=int, casting="unsafe")
np.concatenate([a([1.5]), a([2.5])], dtype=int, casting="unsafe")
np.concatenate([a([1.5]), a([2.5])], out=a([0, 0]), casting="unsafe")
np.einsum("i,i", a([1.5, 2.5]), a([1.5, 2.5]), dtype=np.float32, casting="same_kind")
after(np.copyto, a([1, 4]), [2, 3])
after(np.copyto, a([1, 4], np.uint8), 3)
after(np.copyto, a([1, 4]), 0.5, "unsafe")
after(np.copyto, a([1.0, 4.0], np.float32), 0.1, where=[True, False])
after(np.fill_diagonal, a(np.zeros((7, 2))), [1.0, 2.0, 3.0], wrap=True)
after(np.fill_diagonal, a(np.zeros((7, 2))), 1.0)
after(np.fill_diagonal, a(np.zeros((2, 3))), [1.0, 2.0, 3.0])
after(np.fill_diagonal, a(np.zeros((3, 3, 3))), [1.0, 2.0])
after(np.put, a([1.0, 2.0, 3.0]), [4, -5], [8.0, 9.0], mode="wrap")
after(np.put, a([1.0, 2.0, 3.0]), [4, -5], [8.0, 9.0], mode="clip")
after(np.put, a([1.0, 2.0, 3.0]), [0], [])
after(np.nan_to_num, a([1.0, nan, inf]), copy=False, posinf=3.0)
after(lambda x: np.nan_to_num(x).__setitem__(0, 9), a([1, 2]))
after(lambda x: np.block(x).__setitem__(0, 9), a([1, 2]))
after(lambda x: np.meshgrid(x, x, sparse=True)[0].__setitem__(0, 9), a([1, 2]))
after(lambda x: x.flat[:2].__setitem__(0, 9), a([1, 2]))
np.unique(a([1.0, nan, 0.0, nan]))
np.unique(a([1.0, nan, 0.0, nan]), equal_nan=False)
np.unique(a([nan, 1.0, nan, 0.0, nan, 1.0]), return_index=True, return_inverse=True, return_counts=True)
np.unique(a([[nan, 1.0], [1.0, nan]]), return_inverse=True, return_counts=True, equal_nan=False)
np.unique(a([1 + 2j, complex(nan, 1), complex(1, nan)]))
np.union1d(a([1.0, nan]), [nan])
np.setdiff1d(a([1.0, nan, nan]), [1.0])
np.setdiff1d(a([3.0, 1.0, 2.0, 3.0]), [2.0], assume_unique=True)
np.intersect1d(a([3.0, 1.0, 2.0, 3.0]), a([5.0, 3.0, 1.0, 1.0]), return_indices=True)
np.intersect1d(a([3.0, 1.0, 2.0]), a([[5.0, 3.0], [1.0, 4.0]]), True, True)
np.real(np.roots(a([0.0, 1.0, -3.0, 2.0])))
np.sort(np.real(np.roots(a([0.0, 0.0, 1.0, -3.0, 2.0, 0.0, 0.0]))))
np.real(np.roots(a([0.0, 3.0])))
np.real(np.roots(a([0.0, 0.0])))
np.linalg.svd(a([[0.0, 1.0], [3.0, 4.0]]), hermitian=True)[1]
np.linalg.svd(a([[0.0, 1.0], [3.0, 4.0]]), compute_uv=False, hermitian=True)
np.linalg.pinv(a([[0.0, 1.0], [3.0, 4.0]]), hermitian=True)
np.linalg.lstsq(a([[1.0, 0.0], [1.0, 1e-16], [1.0, 0.0]]), a([1.0, 4.0, 2.0]), rcond=-1)[0]
np.choose(a([1, 0]), [a([1, 2]), a([3, 4])], mode="raise")
np.sort_complex(a([2.0, 1.0]))
np.round(a([15, 25]), -1)
np.sum(a([1, 2]), initial=0.5)
np.max(a([1, 2]), initial=2.5)
np.mean(a([1.5, 2.9]), dtype=int)
np.average(a(np.arange(24.0).reshape(2, 3, 4)), axis=(2, 0), weights=np.arange(8.0).reshape(4, 2))
np.diff(a([1, 2]), prepend=0.5)
np.interp(a([1.0, 2.0, 3.0, 2.5]), [1.0, 2.0, 3.0], [1.0, nan, 3.0])
np.linspace(a([-2.5, 1.0]), 5.0, 3, dtype=int)
np.polyfit([0.0, 1.0, 2.0], a([1.0, 2.0, 4.0]), 2, full=True)[1]
np.modf(a([inf, -inf, nan, -1.5]))
np.logical_and.accumulate(a([3.0, 1.0, 0.0, 2.0]))
np.logical_xor.reduce(a([3.0]))
np.logaddexp.reduce(a([[1.0, 2.0], [3.0, 4.0]]), axis=(0, 1), dtype=np.float32)
a([[1.0, 2.0], [3.0, 4.0]]).cumsum(0, None, a([[0.0, 0.0], [0.0, 0.0]]))
a([[1.0, 2.0], [3.0, 4.0]]).dot(a([1.0, 2.0]), out=a([0.0, 0.0]))
"""


@each(VALUES)
def test_values_are_numpys(call: str) -> None:
    found, expected = (eval(call, globals() | {"a": made}) for made in (constant_of, np.asarray))
    for one, other in zip(parts(found), parts(expected), strict=True):
        assert (one.shape, one.dtype) == (np.shape(other), other.dtype)
        np.testing.assert_allclose(one.asnumpy(), other, rtol=1e-6, atol=1e-12)


def constant_of(values: Any, dtype: Any = None) -> Array:
    return xp.asarray(np.asarray(values, dtype))


@each(
    """
np.multiply(a([1, 4]), 2.5, out=a([1, 4]))
np.add(a([1.0, 4.0]), 1j, out=a([1.0, 4.0]))
np.modf(a([1.5]), out=(a([1]), None))
np.clip(a([1.5]), 1.0, 2.0, out=a([1]))
np.round(a([1.5]), 1, out=a([1]))
np.add(a([1, 4]), 0.5, dtype=int)
np.add(a([1.0]), 1.0, dtype=np.float32, casting="safe")
np.concatenate([a([1.5])], dtype=int)
np.concatenate([a([1.5])], out=a([0]))
np.stack([a([1.5])], dtype=int)
np.hstack([a([1.5])], dtype=int)
np.einsum("i,i", a([1.5]), a([1.5]), dtype=int)
np.copyto(a([1, 4]), 0.5)
np.copyto(a([1, 4]), a([0.5, 1.5]), where=[True, False])
np.copyto(a([1.0, 4.0]), 1j)
np.copyto(a([True]), 1)
np.copyto(a([1], np.uint8), a([1]))
np.copyto(a([1.0], np.float32), a([1.0]), casting="safe")
np.copyto(a([1.0], np.float32), a([1.0]), casting="no")
np.fill_diagonal(a([1.0, 2.0]), 1.0)
np.fill_diagonal(a(np.zeros((2, 3, 4))), 1.0)
np.put(a([1.0]), [1], [2.0])
np.take(a([1.0]), [-2])
np.choose(a([0, -1]), [a([1, 2]), a([3, 4])])
np.choose(a([0, 2]), [a([1, 2]), a([3, 4])])
np.percentile(a([1.0, 2.0]), 150)
np.percentile(a([1.0, 2.0]), a([50.0, -1.0]))
np.quantile(a([1.0, 2.0]), -0.5)
np.nanquantile(a([1.0, 2.0]), [0.5, 1.5])
np.quantile(a([1.0, 2.0]), nan)
np.partition(a([1.0, 2.0]), 2)
np.partition(a([[1.0, 2.0]]), [0, -2], axis=0)
a([1.0, 2.0]).partition(2)
np.trim_zeros(a([0.0, 1.0]), axis=1)
np.delete(a([1.0, 2.0]), -3)
np.delete(a([1.0, 2.0]), [True])
np.rot90(a([[1.0]]), axes=(0, 0))
np.rollaxis(a([[1.0]]), 2)
np.lib.stride_tricks.sliding_window_view(a([1.0]), -1)
np.linalg.eigh(a([[1.0]]), "x")
np.cov(a([[[1.0, 2.0]]]))
np.average(a([[1.0, 2.0]]), axis=(0, 1), weights=[[1.0], [2.0]])
np.diff(a([1.0, 2.0]), n=-1)
np.gradient(a([1.0, 2.0, 4.0, 5.0]), edge_order=3)
np.interp(a([1.0]), [1.0, 2.0], [1.0, 2.0, 3.0])
np.interp(a([1.0]), [1.0, 2.0], [1.0, 2.0], period=0)
np.linspace(a([1.0]), 2.0, -1)
np.polyder(a([1.0]), -1)
np.polyint(a([1.0]), -1)
np.polyint(a([1.0]), 3, k=[1.0, 2.0])
np.polyfit([0.0, 1.0], a([1.0, 2.0]), -1)
np.polyfit([0.0, 1.0], a([1.0, 2.0]), 1, cov=True)
np.bincount(a([-1]))
np.bincount(a([1]), minlength=-1)
"""
)
def test_what_numpy_refuses_is_refused(call: str) -> None:
    for made in (constant_of, np.asarray):
        with pytest.raises((TypeError, ValueError, IndexError)):
            eval(call, globals() | {"a": made})


#: Parameters that may be ignored, and why.
IGNORED = {
    "sort": dict.fromkeys(("kind", "stable"), "every sort is stable"),
    "partition": {"kind": "all is sorted"},
    "_sort": dict.fromkeys(("kind", "order", "stable"), "every sort is stable, and no Array has fields"),
    "argsort": dict.fromkeys(("kind", "order", "stable"), "every sort is stable, and no Array has fields"),
    "argpartition": dict.fromkeys(("kth", "kind", "order"), "all is sorted, and no Array has fields"),
    "_partition": dict.fromkeys(("kind", "order"), "all is sorted, and no Array has fields"),
    "unique": {"sorted": "the order may be any if it is False"},
    "intersect1d": {"assume_unique": "a promise that saves NumPy time"},
    "setxor1d": {"assume_unique": "a promise that saves NumPy time"},
    "_fill": {"xp": "every method takes it"},
}


def test_no_parameter_is_ignored_without_a_reason() -> None:
    found: dict[str, set[str]] = {}
    for path in Path(next(iter(protocols.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
                used = {name.id for part in node.body for name in ast.walk(part) if isinstance(name, ast.Name)}
                if names - used:
                    found[node.name] = names - used
    assert found == {name: set(reasons) for name, reasons in IGNORED.items()}


UNARY = (
    "absolute arcsinh arctan cbrt ceil conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs floor log log10 log1p "
    "log2 negative positive rad2deg radians reciprocal rint sign sin sinh sqrt square tan tanh trunc modf frexp"
).split()
OF_SMALL = "arccos arcsin arctanh".split()
BINARY = (
    "add arctan2 copysign divide divmod floor_divide float_power fmax fmin fmod heaviside hypot logaddexp logaddexp2 "
    "maximum minimum multiply nextafter power remainder subtract"
).split()
CONSTANT = (
    "isfinite isinf isnan logical_not signbit equal greater greater_equal less less_equal logical_and logical_or "
    "logical_xor not_equal"
).split()


@pytest.mark.parametrize("name", UNARY)
def test_ufuncs_of_one_array(name: str) -> None:
    check(getattr(np, name), M)


@pytest.mark.parametrize("name", OF_SMALL)
def test_ufuncs_of_small_numbers(name: str) -> None:
    check(getattr(np, name), M / 4)


def test_arccosh() -> None:
    check(np.arccosh, M + 1)


@pytest.mark.parametrize("name", BINARY)
def test_ufuncs_of_two_arrays(name: str) -> None:
    ufunc = getattr(np, name)
    check(ufunc, M, V[:4])
    check(lambda x: ufunc(x, V[:4]), M)
    check(lambda x: ufunc(V[:4], x), M)
    check(lambda x: ufunc(1.7, x), M)


@pytest.mark.parametrize("name", CONSTANT)
def test_ufuncs_without_a_gradient(name: str) -> None:
    ufunc = getattr(np, name)
    arrays = (M, M[::-1])[: ufunc.nin]
    found = ufunc(xp.asarray(arrays[0]), *arrays[1:])
    assert isinstance(found, Array)
    np.testing.assert_array_equal(found.asnumpy(), ufunc(*arrays))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_frexp_is_exact_for_all_numbers(dtype: Any) -> None:
    x = np.arange(-9, 9)
    if dtype is not np.int64:
        facts = np.finfo(dtype)
        powers = np.ldexp(dtype(1), np.arange(facts.minexp - facts.nmant, facts.maxexp))
        near = [np.nextafter(powers, dtype(to)) for to in (-np.inf, np.inf)]
        some = np.random.default_rng(0).normal(size=9) * facts.smallest_normal
        x = np.concatenate([powers, *near, -powers, [0.0, -0.0, np.inf, -np.inf, np.nan, facts.max], some])
    x = x.astype(dtype)
    for found, expected in zip(np.frexp(xp.asarray(x)), np.frexp(x), strict=True):
        np.testing.assert_array_equal(found.asnumpy(), expected, strict=dtype is not np.int64)
    if dtype is np.float64:
        y = xp.asarray([3.0, 0.0, 2.0**1023, 2.0**-1020])
        slope = xpgrad.grad(lambda x: np.frexp(x)[0])(y)
        np.testing.assert_array_equal(slope.asnumpy(), [0.25, 1.0, 2.0**-1024, 2.0**1019])


def test_ufuncs_of_integers() -> None:
    i = np.asarray([5, 3, 12])
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"):
        found = getattr(np, name)(xp.asarray(i), 2)
        np.testing.assert_array_equal(found.asnumpy(), getattr(np, name)(i, 2))
    np.testing.assert_array_equal(np.invert(xp.asarray(i)).asnumpy(), ~i)


def test_ldexp() -> None:
    check(lambda x: np.ldexp(x, np.asarray([1, 2, -1, 0])), M)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.matmul(x, x.T),
        lambda x: np.matvec(x, V[:4]),
        lambda x: np.vecmat(W, x),
        lambda x: np.vecdot(x, M),
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, axis=None, keepdims=True),
        lambda x: np.multiply.reduce(x, axis=1),
        lambda x: np.maximum.reduce(x, axis=1, initial=1.0),
        lambda x: np.minimum.reduce(x),
        lambda x: np.fmax.reduce(x),
        lambda x: np.logaddexp.reduce(x, axis=1),
        lambda x: np.add.accumulate(x),
        lambda x: np.multiply.accumulate(x, axis=1),
        lambda x: np.maximum.accumulate(x, axis=1),
        lambda x: np.minimum.accumulate(x),
        lambda x: np.logaddexp.accumulate(x, axis=1),
        lambda x: np.multiply.outer(x, W),
        lambda x: np.subtract.outer(W, x[0]),
        lambda x: np.add(x, M, where=MASK, out=np.multiply(x, 2.0)),
        lambda x: np.exp(x, dtype=np.float64),
    ],
)
def test_methods_and_options_of_ufuncs(call: Any) -> None:
    check(call, M)


def test_complex_numbers() -> None:
    check(lambda z: np.exp(z) * np.conj(z), Z)
    check(np.abs, Z)
    check(np.angle, Z)
    check(np.real, Z)
    check(lambda z: np.var(z, axis=1), Z)
    check(lambda z: np.std(z), Z)
    check(lambda z: np.vdot(z, Z[::-1]), Z)
    check(lambda z: np.linalg.norm(z), Z)
    check(np.fft.fft, Z)


# Operators.


def test_an_array_of_numpys_on_the_left() -> None:
    for apply in (op.add, op.sub, op.mul, op.truediv, op.pow, op.floordiv, op.mod):
        check(lambda x, apply=apply: apply(V[:4], x), M)
    check(lambda x: M.T @ x, M)
    check(lambda x: np.float64(2.5) * x + np.float32(1.5), M)
    assert type(V[:4] < xp.asarray(M)) is Array
    assert ((V[:4] == xp.asarray(M)).asnumpy() == (V[:4] == M)).all()


def test_a_recorded_array_is_not_added_to_one_of_numpys_in_place() -> None:
    x, total = xp.asarray(W), np.zeros(3)
    x.attach_grad()
    with autograd.record():
        y = 2 * x
        with pytest.raises(HistoryLostError, match="writing into a NumPy array"):
            total += y
        with pytest.raises(HistoryLostError, match="writing into a NumPy array"):
            np.add(y, 1.0, out=total)
        with pytest.raises(HistoryLostError):
            total[...] = y
        with pytest.raises(HistoryLostError, match=r"x.detach\(\).*x.asnumpy\(\)"):
            np.asarray(y)
        with pytest.raises(HistoryLostError):
            np.asarray([y, y])
    total += y  # outside of it, values are what is wanted
    np.testing.assert_array_equal(total, 2 * W)
    np.testing.assert_array_equal(np.asarray(y), 2 * W)


def test_an_array_of_numpys_is_not_written_to_by_another_rule_than_numpys() -> None:
    with pytest.raises(TypeError, match="same_kind"):
        np.multiply(xp.asarray(W), 2.0, out=np.zeros(3, int))
    np.testing.assert_array_equal(np.multiply(xp.asarray(W), 2.0, out=np.zeros(3, int), casting="unsafe"), [0, 2, 1])


def test_results_are_written_where_they_are_wanted() -> None:
    x, out = xp.asarray(W), xp.zeros(3)
    x.attach_grad()
    with autograd.record():
        assert np.multiply(x, x, out=out) is out
        assert np.sum(xp.stack([out, x]), axis=0, out=out) is out
        loss = np.sum(out)
    loss.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * W + 1)
    with pytest.raises(ValueError, match="out has the shape"):
        np.sum(x, axis=0, out=out)


@pytest.mark.parametrize(
    "write",
    [
        lambda a, v: np.copyto(a, v),
        lambda a, v: np.copyto(a, v, where=MASK[0]),
        lambda a, v: np.put(a, [0, 2], v[:2]),
        lambda a, v: np.place(a, MASK[0], v[1:3]),
        lambda a, v: np.putmask(a, MASK[0], v),
        lambda a, v: np.add.at(a, [0, 2, 2], v[:3]),
        lambda a, v: np.subtract.at(a, [1, 1], v[0]),
        lambda a, v: np.put_along_axis(a, np.asarray([3, 0]), v[:2], axis=0),
    ],
)
def test_functions_that_write(write: Any) -> None:
    def call(v: Any) -> Any:
        a = v * 2
        write(a, v)
        return a

    check(call, V[:4])


def test_the_diagonal_is_filled() -> None:
    def call(v: Any) -> Any:
        a = np.outer(v, v)
        np.fill_diagonal(a, 3.0)
        return a

    check(call, V[:4])


def test_an_array_of_numpys_is_not_filled_with_a_recorded_one() -> None:
    with pytest.raises(HistoryLostError):
        np.copyto(np.zeros(3), xp.asarray(W))
    with pytest.raises(NoCounterpartError):
        np.add.at(np.zeros(3), [0], xp.asarray(W[:1]))


# Without a gradient.


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.argmax(x, axis=1),
        lambda x: np.argsort(x),
        lambda x: np.nonzero(x > 1),
        lambda x: np.argwhere(x > 1),
        lambda x: np.searchsorted(np.sort(x[0]), [0.5, 1.0]),
        lambda x: np.digitize(x, [0.5, 1.0, 2.0]),
        lambda x: np.isclose(x, M),
        lambda x: np.allclose(x, M + 1),
        lambda x: np.array_equal(x, M),
        lambda x: np.any(x > 2, axis=0),
        lambda x: np.count_nonzero(x > 1),
        lambda x: np.shape(x),
        lambda x: np.ndim(x),
        lambda x: np.size(x, 1),
        lambda x: np.zeros_like(x),
        lambda x: np.full_like(x, 3.0),
        lambda x: np.result_type(x, np.float32),
        lambda x: np.linalg.matrix_rank(x),
        lambda x: np.iscomplexobj(x),
        lambda x: np.where(x > 1),
        lambda x: np.bincount(x[0] > 1),
    ],
)
def test_functions_without_a_gradient(call: Any) -> None:
    x = xp.asarray(M)
    x.attach_grad()
    with autograd.record():
        found = call(x * 1.0)
    found, expected = (out if isinstance(out, tuple) else (out,) for out in (found, call(M)))
    for a, b in zip(found, expected, strict=True):
        if isinstance(b, np.ndarray | np.generic):
            assert isinstance(a, Array)
            np.testing.assert_array_equal(a.asnumpy(), b)
        else:
            assert (type(a), a) == (type(b), b)


# What is refused.


def recorded() -> Array:
    x = xp.asarray(M)
    x.attach_grad()
    with autograd.record():
        return x * 1.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda y: np.busday_count(y, y), NoCounterpartError),
        (lambda y: np.gcd(y, 2), NoCounterpartError),
        (lambda y: np.subtract.reduce(y, axis=(0, 1)), NoCounterpartError),
        (lambda y: np.hypot.reduce(y, where=MASK), NoCounterpartError),
        (lambda y: np.logaddexp.reduce(y, initial=1.0), NoCounterpartError),
        (lambda y: np.vecdot(y, y, axis=0), NoCounterpartError),
        (lambda y: np.roots(y[0] * np.asarray([0.0, 1.0, 1.0, 1.0])), NoCounterpartError),
        (lambda y: np.lib.stride_tricks.sliding_window_view(y, 2, 0, writeable=True), NoCounterpartError),
        (lambda y: np.spacing(y), NoCounterpartError),
        (lambda y: np.quantile(y, 0.3, method="inverted_cdf", weights=np.ones((3, 4))), NoCounterpartError),
        (lambda y: np.frompyfunc(float, 1, 1)(y), NoCounterpartError),
        (lambda y: np.histogram(y, bins=3), HistoryLostError),
        (lambda y: np.full_like(W, y[0, 0]), HistoryLostError),
        (lambda y: np.array_repr(y), HistoryLostError),
        (lambda y: np.ix_(y[0]), HistoryLostError),
        (lambda y: np.vectorize(lambda v: v * v)(y), HistoryLostError),
        (lambda y: np.random.default_rng(0).normal(y), HistoryLostError),
        (lambda y: np.array([y[0], y[1]]), HistoryLostError),
    ],
)
def test_what_would_lose_the_history_is_refused(call: Any, error: type[Exception]) -> None:
    with autograd.record(), pytest.raises(error, match="detach"):
        call(recorded())


@pytest.mark.parametrize(
    "call",
    [
        lambda y: np.ma.exp(y),
        lambda y: np.ma.add(y, 1.0),
        lambda y: np.ma.add(1.0, y),
        lambda y: np.ma.where(M > 1, y, 0.0),
        lambda y: np.ma.concatenate([y, y]),
        lambda y: np.ma.masked_greater(y, 1.0),
        lambda y: np.ma.zeros((3, 4)).__setitem__(slice(None), y),
    ],
)
def test_masked_arrays_do_not_take_the_values(call: Any) -> None:
    with autograd.record(), pytest.raises(HistoryLostError, match="detach"):
        call(recorded())
    call(xp.asarray(M))


def test_outside_of_record_values_are_enough() -> None:
    y = recorded()
    counts, edges = np.histogram(y, bins=3)
    np.testing.assert_array_equal(counts.asnumpy(), np.histogram(M, bins=3)[0])
    assert edges.shape == (4,)
    assert np.array_repr(y) == np.array_repr(M)


def test_every_function_of_numpys_has_its_place() -> None:
    """Or raises: dates."""
    names = {
        f"{f.__module__}.{f.__name__}".removeprefix("numpy.")
        for module in (np, np.linalg, np.fft, np.lib.stride_tricks)
        for f in vars(module).values()
        if hasattr(f, "_implementation")
    }
    refused = {"busday_count", "busday_offset", "datetime_as_string", "is_busday"}
    assert names == FUNCTIONS.keys() | constants.NAMES | constants.OUTSIDE | refused
    in_place = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
    unordered = {"partition", "sort_complex", "unique_all", "unique_counts", "unique_inverse"}
    called = set(re.findall(r"np\.([\w.]+)", CALLS))
    assert FUNCTIONS.keys() - called == in_place | unordered


@pytest.mark.parametrize("backend", ["array_api_strict", "torch", "dask"])
def test_other_libraries_arrays(backend: str) -> None:
    pytest.importorskip({"dask": "dask.array"}.get(backend, backend), reason=f"{backend} is not installed")
    with xpgrad.use_backend(backend):
        x = xpgrad.asarray(M)
        for call in (
            np.exp,
            np.sum,
            lambda x: np.mean(x, axis=0),
            lambda x: np.concatenate([x, x]),
            np.transpose,
            lambda x: np.sum(x, axis=0, dtype=np.float64),
            lambda x: np.percentile(x, 30),
        ):
            gradient = xpgrad.grad(lambda x, call=call: xpgrad.sum(call(x) ** 2))(x)
            expected = xpgrad.grad(lambda x, call=call: xp.sum(call(x) ** 2))(xp.asarray(M))
            assert type(gradient.data) is type(x.data)
            np.testing.assert_allclose(gradient.asnumpy(), expected.asnumpy())


def _result(f: Any, *operands: Any) -> Any:
    """The dtypes of what a function gives, or None where it refuses."""
    try:
        with np.errstate(all="ignore"):
            out = f(*operands)
    except TypeError:
        return None
    return [np.dtype(part.dtype) for part in (out if isinstance(out, tuple) else (out,))]


_BINARY_UFUNCS = sorted(
    name
    for name in dir(np)
    if isinstance(ufunc := getattr(np, name), np.ufunc)
    and ufunc.nin == 2
    and ufunc.signature is None
    and (name in ufuncs._MADE or name in ufuncs._SAME or name in ufuncs._SPELLED)
)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("name", _BINARY_UFUNCS)
def test_ufuncs_have_numpys_dtypes_beside_pythons_numbers(name: str, dtype: str) -> None:
    ufunc, x = getattr(np, name), np.asarray([1, 2], dtype=dtype)
    for number in (2, 0.5):
        for operands in ((x, number), (number, x)):
            ours = [xpgrad.asarray(a) if a is x else a for a in operands]
            theirs = _result(ufunc, *operands)
            if theirs != [np.dtype(np.float16)]:  # what NumPy's ldexp makes of Python's integers
                assert _result(ufunc, *ours) == theirs, operands


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "complex64"])
@pytest.mark.parametrize(
    "call",
    [
        "np.select([np.real(x) > 0], [x], 0)",
        "np.select([np.real(x) > 0], [x], 0.0)",
        "np.ediff1d(x, to_begin=0)",
        "np.linspace(x[0], 1.0, 3)",
        "np.linspace(0, x, 3)",
        "np.logspace(x[0], 1.0, 3)",
        "np.nanstd(x)",
        "np.nanvar(x)",
        "np.nanmean(x)",
        "np.nansum(x)",
        "np.nanprod(x)",
        "np.nanmax(x)",
        "np.nanmin(x)",
        "np.nancumsum(x)",
        "np.nancumprod(x)",
        "np.linalg.matrix_power(x * np.ones((2, 1), x.dtype), 2)",
        "np.linalg.matrix_power(x * np.eye(2, dtype=x.dtype), -1)",
        "np.fabs(x)",
    ],
)
def test_functions_have_numpys_dtypes(call: str, dtype: str) -> None:
    def run(x: Any) -> Any:
        return _result(lambda x: eval(call, {"np": np, "x": x}), x)  # our own text

    x = np.asarray([1, 2], dtype=dtype)
    assert run(xpgrad.asarray(x)) == run(x)


def test_flat_repeats_what_is_shorter_and_leaves_out_the_rest() -> None:
    for given in ([1.0, 2.0], [7.0], 3.0, np.arange(9.0), [[1.0], [2.0]]):
        expected, x = np.zeros((2, 3)), xp.zeros((2, 3))
        expected.flat = given
        x.flat = given
        assert x.tolist() == expected.tolist()
    expected.flat[1:4] = x.flat[1:4] = [5.0, 6.0]
    assert x.tolist() == expected.tolist()


def test_clip_writes_where_it_is_told() -> None:
    y = xp.asarray([-1.0, 0.5, 2.0])
    assert y.clip(0, 1, out=y) is y
    assert y.tolist() == [0.0, 0.5, 1.0]
    assert y.clip(0.2, 0.7, y).tolist() == y.tolist() == [0.2, 0.5, 0.7]


@pytest.mark.parametrize("backend", ["numpy", "array_api_strict", "dask"])
@pytest.mark.parametrize("choices", [(1.0, 2.0), (1, 2), (1, 2.5), (True, False), (1.0, 2j)], ids=str)
def test_where_of_two_numbers(backend: str, choices: tuple[complex, complex]) -> None:
    condition = [True, False, True]
    found = np.where(xpgrad.namespace(backend).asarray(condition), *choices)
    assert isinstance(found, xpgrad.Array)
    np.testing.assert_array_equal(found.asnumpy(), np.where(condition, *choices), strict=True)
