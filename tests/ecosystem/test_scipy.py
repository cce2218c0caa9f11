"""SciPy, unmodified: its functions for arrays of any library differentiate on Arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import M, check_call, each

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import HistoryLostError

pytest.importorskip("scipy.special", reason="SciPy is not installed")
scipy = pytest.importorskip("scipy")

from scipy import differentiate, fft, integrate, interpolate, linalg, ndimage, optimize, signal, spatial, special, stats
from scipy.cluster import hierarchy, vq
from scipy.optimize import elementwise
from scipy.spatial.transform import RigidTransform, Rotation, Slerp

CALLS = """
stats.zscore(l)
stats.gmean(x, axis=0)
stats.hmean(x, axis=1)
stats.pmean(x, 3)
stats.skew(l)
stats.kurtosis(l, bias=False)
stats.moment(l, 3)
stats.variation(x, axis=0)
stats.sem(x, axis=1)
stats.tmean(l)
stats.tvar(l)
stats.tstd(l)
stats.tsem(l)
stats.tmin(l)
stats.tmax(l)
stats.gzscore(l)
stats.gstd(l)
stats.entropy(x)
stats.entropy(x, x[::-1, :], axis=1)
stats.differential_entropy(l)
stats.describe(l)
stats.ttest_1samp(l, 0.9).statistic
stats.ttest_1samp(l, 0.9).pvalue
stats.ttest_ind(l[:20], l[20:])
stats.ttest_rel(l[:20], l[20:])
stats.f_oneway(l[:10], l[10:25], l[25:])
stats.bartlett(l[:10], l[10:25], l[25:])
stats.levene(l[:10], l[10:25], l[25:])
stats.skewtest(l)
stats.kurtosistest(l)
stats.normaltest(l)
stats.jarque_bera(l)
stats.power_divergence(x / np.sum(x, axis=0), lambda_=2)
stats.combine_pvalues(x[0] / 5)
stats.circmean(l)
stats.circvar(l)
stats.circstd(l)
stats.directional_stats(s).mean_direction
stats.iqr(l)
stats.median_abs_deviation(l)
stats.trim_mean(l, 0.1)
stats.quantile(x, 0.4)
stats.boxcox_llf(0.7, l)
stats.spearmanr(l, K).statistic
stats.sigmaclip(l)[0]
signal.hilbert(l)
signal.envelope(l)
signal.resample(l, 30)
signal.freqz(x[0])
signal.gausspulse(l, 2)
signal.vectorstrength(l, 0.7)
signal.normalize(x[0], x[1])
fft.fft(x)
fft.rfft(l)
fft.irfft(l)
fft.fftn(x)
fft.hfft(x)
fft.fftshift(x)
fft.fht(l[:8], 0.1, 0.5)
integrate.trapezoid(x, dx=0.3)
integrate.cumulative_trapezoid(x)
integrate.cumulative_simpson(x)
integrate.romb(l[:9])
integrate.fixed_quad(lambda t: x[0, 0] * t**2, 0.0, 1.0)[0]
integrate.cubature(lambda t: x[0, 0] * t[:, 0]**2, [0.0], [1.0]).estimate
special.erf(x)
special.logsumexp(x, axis=0)
special.softmax(x, axis=1)
special.log_softmax(x)
special.gammaln(x)
special.xlogy(x, x)
special.betainc(1.2, 2.3, x / 5)
special.multigammaln(x + 2, 2)
Rotation.from_rotvec(s).as_matrix()
Rotation.from_quat(x).as_matrix()
Rotation.from_euler("xyz", s).apply(np.ones((3, 3)))
Rotation.from_rotvec(s[0]).inv().as_rotvec()
vq.whiten(x)
differentiate.jacobian(lambda t: t**2, x[0]).df
optimize.rosen(x[0])
optimize.rosen_der(x[0])
optimize.rosen_hess(x[0])
stats.zmap(l, c(l, K))
stats.ttest_ind(l[:20], c(l, K))
stats.ttest_rel(l, c(l, K))
stats.alexandergovern(l[:10], l[10:25], l[25:])
stats.epps_singleton_2samp(l[:20], l[20:])
stats.false_discovery_control(x[0] / 5)
stats.yeojohnson_llf(0.7, l)
stats.kstat(l, 3)
stats.kstatvar(l)
stats.mode(l)
stats.median_abs_deviation(x, axis=1)
stats.chatterjeexi(l, c(l, K))
stats.spearmanrho(l, c(l, K))
stats.pointbiserialr(c(l, np.repeat([0., 1.], 20)), l)
stats.lmoment(l)
signal.convolve(l, c(l, K[:5]), mode="valid", method="fft")
signal.fftconvolve(l, c(l, K[:5]), mode="same")
signal.oaconvolve(l, c(l, K[:5]))
signal.correlate(l, c(l, K[:5]), method="fft")
signal.correlation_lags(5, 3) * l[0]
signal.sosfreqz(c(l, signal.butter(2, 0.3, output="sos")))[1] * l[0]
signal.freqz(x[0], x[1], worN=16)
signal.freqz_zpk(x[0], x[1], 2.0, worN=16)
signal.group_delay((x[0], x[1]), w=16)
signal.bilinear_zpk(x[0], x[1], 2.0, 1.0)
signal.lp2hp_zpk(x[0], x[1], 2.0)
signal.lp2bs_zpk(x[0], x[1], 2.0)
signal.lp2lp(x[0], x[1])
signal.hilbert2(x)
signal.gauss_spline(l, 3)
signal.sweep_poly(l, np.poly1d([1.0, 2.0]))
signal.minimum_phase(x[0])
fft.fft2(x)
fft.ifft2(x)
fft.ifft(x)
fft.rfft2(x)
fft.rfftn(x)
fft.irfftn(x)
fft.hfftn(x)
fft.ihfft(x)
fft.ihfftn(x)
fft.hfft2(x)
fft.ifftshift(x)
fft.ifht(l[:8], 0.1, 0.5)
integrate.cumulative_trapezoid(x, dx=0.3, initial=0)
integrate.trapezoid(x, x=c(x, [0., 1, 2.5, 3]))
integrate.cumulative_simpson(x, dx=0.2, initial=0.0)
integrate.tanhsinh(lambda t, a: a * t**2, c(x, 0.0), c(x, 1.0), args=(x,)).integral
integrate.tanhsinh(lambda t: t**2, c(x, 0.0), x).integral
integrate.nsum(lambda t, a: a / t**2, c(x, 1), c(x, 10), args=(x,)).sum
integrate.lebedev_rule(3)[1] * x[0, 0]
special.rel_entr(x, x[::-1, :])
special.i0(x)
special.entr(x)
special.kl_div(x, x[::-1, :])
special.expit(x)
special.logit(x / 5)
special.digamma(x)
special.polygamma(1, x)
special.gammainc(c(x, 1.3), x)
special.betainc(c(x, 1.2), c(x, 2.3), x / 5)
special.stdtr(c(x, 3.0), x)
special.ndtr(x)
special.j1(x)
special.exp1(x)
special.boxcox(x, c(x, 0.3))
special.sinc(x)
special.lambertw(x)
special.jvp(1, x)
special.erfcinv(x / 3)
linalg.block_diag(x, x)
Rotation.from_rotvec(s).as_quat()
Rotation.from_rotvec(s).as_euler("xyz")
Rotation.from_rotvec(s).magnitude()
Rotation.from_mrp(s).as_matrix()
Rotation.from_rotvec(s).as_mrp()
Rotation.from_davenport(c(s, np.eye(3)), "extrinsic", s).as_matrix()
(Rotation.from_rotvec(s) * Rotation.from_rotvec(s * 0.5)).as_matrix()
Rotation.from_rotvec(s).apply(c(s, M[:, :3]))
Rotation.from_rotvec(s).mean().as_matrix()
Rotation.align_vectors(s, c(s, M[:, :3]))[0].as_matrix()
(Rotation.from_rotvec(s) ** 0.4).as_matrix()
Rotation.from_matrix(Rotation.from_rotvec(s).as_matrix()).as_quat()
RigidTransform.from_translation(s).as_matrix()
vq.whiten(x, check_finite=False)
differentiate.derivative(lambda t, a: a * t**3, c(x, 0.7), args=(x,)).df
differentiate.derivative(lambda t: t**3, x).df
elementwise.find_root(lambda t, a: t**2 - a, (c(x, 0.01), c(x, 5.0)), args=(x,)).x
optimize.rosen_hess_prod(x[0], x[1])
stats.zscore(x, axis=1, ddof=1)
stats.zscore(x, axis=None)
stats.zmap(x[0], x[1])
stats.gzscore(x)
stats.gmean(x, axis=1, weights=c(x, np.ones((3, 4))))
stats.hmean(x, weights=c(x, np.ones((3, 4)) * 2))
stats.pmean(x, -1.5, axis=1)
stats.skew(x, axis=1, bias=False)
stats.skew(x, axis=None)
stats.kurtosis(x, axis=1)
stats.kurtosis(l, fisher=False)
stats.moment(x, c(x, [1, 2, 3]))
stats.moment(l, 4, center=0.5)
stats.variation(x, axis=1, ddof=1)
stats.sem(x, axis=None)
stats.tmean(l, (0.2, 1.7))
stats.tvar(l, (0.2, 1.7))
stats.tstd(l, (0.2, 1.7))
stats.tsem(l, (0.2, 1.7))
stats.tmin(l, 0.3)
stats.tmax(l, 1.7)
stats.gstd(x, axis=1)
stats.entropy(x, axis=1, base=2)
stats.entropy(l)
stats.differential_entropy(l, method="vasicek")
stats.differential_entropy(l, method="van es")
stats.differential_entropy(l, method="ebrahimi")
stats.differential_entropy(l, method="correa")
stats.describe(x, axis=1)
stats.ttest_1samp(x, 0.7, axis=1)
stats.ttest_1samp(l, 0.7, alternative="less")
stats.ttest_1samp(l, 0.7).confidence_interval()
stats.ttest_ind(x, x[::-1] * 2, axis=1)
stats.ttest_ind_from_stats(x[0, 0], x[0, 1], 10, x[0, 2], x[0, 3], 12)
stats.ttest_rel(l[:20], l[20:], alternative="greater")
stats.f_oneway(x, x * 2, x ** 2)
stats.pearsonr(l[:20], l[20:]).statistic
stats.pearsonr(l[:20], l[20:]).pvalue
stats.pearsonr(l[:20], l[20:]).confidence_interval()
stats.spearmanr(l[:20], l[20:]).statistic
stats.bartlett(l[:20], l[20:])
stats.levene(l[:20], l[20:], center="mean")
stats.levene(l[:20], l[20:], center="trimmed")
stats.skewtest(x, axis=None)
stats.kurtosistest(l, alternative="less")
stats.normaltest(x, axis=None)
stats.jarque_bera(x, axis=None)
stats.chisquare(x / np.sum(x, axis=0))
stats.chisquare(x[0] / np.sum(x[0]) , c(x, [0.25] * 4))
stats.power_divergence(x[0] / np.sum(x[0]), lambda_="log-likelihood")
stats.combine_pvalues(x[0] / 5, method="stouffer")
stats.combine_pvalues(x[0] / 5, method="pearson")
stats.combine_pvalues(x[0] / 5, method="mudholkar_george")
stats.combine_pvalues(x[0] / 5, method="tippett")
stats.combine_pvalues(x[0] / 5, method="stouffer", weights=c(x, [1., 2, 3, 4]))
stats.circmean(x, axis=1, high=3.0, low=0.0)
stats.circvar(x, axis=0)
stats.circstd(x, axis=0, normalize=True)
stats.directional_stats(s).mean_resultant_length
stats.directional_stats(s, normalize=False).mean_direction
stats.iqr(x, axis=1, rng=(10, 90))
stats.iqr(x, scale="normal")
stats.median_abs_deviation(x, axis=None, scale="normal")
stats.trim_mean(x, 0.3, axis=1)
stats.quantile(x, c(x, 0.4), axis=1)
stats.quantile(x, c(x, [0.2, 0.6]), axis=None, method="harrell-davis")
stats.quantile(x, 0.4, method="hazen", keepdims=True)
stats.boxcox_llf(0.0, l)
stats.boxcox_llf(0.7, x, axis=1)
stats.yeojohnson_llf(1.3, x - 1)
stats.sigmaclip(l, 1.5, 1.5)
stats.kstat(l, 2)
stats.kstat(l, 4)
stats.kstatvar(l, 1)
stats.lmoment(l, c(l, [1, 2, 3]))
stats.mode(x, axis=1)
stats.mannwhitneyu(l[:20], l[20:]).statistic * l[0]
stats.false_discovery_control(x / 5, axis=1, method="by")
stats.chatterjeexi(l[:20], l[20:]).statistic * l[0]
signal.hilbert(x, axis=0)
signal.envelope(l, (3, 10))
signal.envelope(l, bp_in=(1, None), residual="all")
signal.resample(x, 7, axis=1)
signal.resample(l, 20, window="hann")
signal.convolve(x, c(x, M[:2, :2]), method="fft")
signal.fftconvolve(x, x, mode="full")
signal.fftconvolve(x, c(x, M), axes=1)
signal.oaconvolve(x, c(x, M[:2, :2]), mode="same")
signal.oaconvolve(l, l[:7], mode="valid")
signal.correlate(x, x, method="fft")
signal.gausspulse(l, 2, retquad=True, retenv=True)
signal.freqz(l[:5], 1.0, worN=8)[1]
signal.freqz(x[0], x[1], worN=c(x, [0.1, 0.5]))[1]
signal.freqz(x[0], worN=8, whole=True, fs=2.0)[1]
signal.freqs(x[0], x[1], worN=c(x, [0.1, 0.5]))[1]
signal.freqs_zpk(x[0], x[1], 2.0, worN=c(x, [0.1, 0.5]))[1]
signal.freqz_sos(np.stack([np.stack([x[0, 0], x[0, 1], x[0, 2], x[0, 0] * 0 + 1, x[1, 0], x[1, 1]])]), worN=8)[1]
signal.sosfreqz(np.stack([np.stack([x[0, 0], x[0, 1], x[0, 2], x[0, 0] * 0 + 1, x[1, 0], x[1, 1]])]), worN=8)[1]
signal.group_delay((x[0], x[1]), w=c(x, [0.1, 0.5]))[1]
signal.bilinear_zpk(x[0], x[1], 2.0, 1.5)
signal.lp2lp_zpk(x[0], x[1], 2.0, 1.5)
signal.lp2bp_zpk(x[0, :2], x[1, :3], 2.0, 1.5, 0.3)
signal.lp2hp(x[0], x[1], 1.4)
signal.lp2bp(x[0, :2], x[1, :3], 1.4)
signal.lp2bs(x[0, :2], x[1, :3], 1.4)
signal.zpk2tf(x[0], x[1], 2.0)
signal.tf2zpk(x[0], x[1])
signal.sos2tf(np.stack([np.stack([x[0, 0], x[0, 1], x[0, 2], x[0, 0] * 0 + 1, x[1, 0], x[1, 1]])]))
signal.sos2zpk(np.stack([np.stack([x[0, 0], x[0, 1], x[0, 2], x[0, 0] * 0 + 1, x[1, 0], x[1, 1]])]))
signal.minimum_phase(l[:7], method="homomorphic")
signal.vectorstrength(l, c(l, [0.7, 1.3]))
signal.gauss_spline(x, 2)
signal.argrelmax(l)[0] * l[0]
signal.hilbert2(x, 4)
fft.fft(x, n=6, axis=0, norm="ortho")
fft.ifft(x, norm="forward")
fft.rfft(x, n=3)
fft.irfft(x, n=7)
fft.irfft(x, axis=0)
fft.fft2(x, s=(4, 4))
fft.fftn(x, axes=(0,))
fft.irfftn(x, axes=(1,))
fft.irfft2(x)
fft.ihfft2(x)
fft.ihfft(x, n=3)
fft.hfft(x, n=5)
fft.fftshift(x, axes=1)
fft.fht(l[:8], 0.1, 0.5, offset=0.2, bias=0.3)
fft.ifht(l[:8], 0.1, 0.5, bias=0.3)
fft.next_fast_len(7) * x
linalg.orthogonal_procrustes(s, s.T)[0]
integrate.trapezoid(x, x=c(x, [0.0, 1.0, 2.5, 3.0]), axis=1)
integrate.trapezoid(x[0], x=x[1])
integrate.cumulative_trapezoid(x, x=x ** 2, axis=1)
integrate.cumulative_trapezoid(x, axis=0)
integrate.cumulative_simpson(x, x=c(x, [0.0, 1.0, 2.5, 3.0]))
integrate.romb(l[:9], dx=0.1)
integrate.tanhsinh(lambda t, a: np.exp(-a * t), c(x, 0.0), c(x, np.inf), args=(x,)).integral
integrate.tanhsinh(lambda t: t ** 2, x, x + 1).integral
integrate.tanhsinh(lambda t, a: a * t, c(x, 0.0), c(x, 1.0), args=(x,), log=False, maxlevel=5).integral
integrate.nsum(lambda t, a: a ** t, c(x, 1), c(x, np.inf), args=(x / 4,)).sum
integrate.newton_cotes(3)[0] * x[0]
interpolate.RBFInterpolator(c(x, M[:, :2]), x[:, 0], kernel="gaussian", epsilon=1.0)(c(x, M[:1, :2] + 0.1))
interpolate.lagrange([0., 1, 2, 3], x[0])(0.3)
Rotation.from_quat(x, scalar_first=True).as_quat()
Rotation.from_quat(x).as_rotvec()
Rotation.from_quat(x).as_euler("ZYX", degrees=True)
Rotation.from_quat(x).as_mrp()
Rotation.from_quat(x).as_davenport(c(x, I3), "extrinsic")
Rotation.from_quat(x).inv().as_matrix()
Rotation.from_quat(x).magnitude()
Rotation.from_quat(x).mean().as_quat()
Rotation.from_quat(x).reduce().as_quat()
Rotation.from_quat(x).approx_equal(Rotation.from_quat(x)) * x[:, 0]
Rotation.from_quat(x)[0].as_matrix()
Rotation.from_quat(x).apply(c(x, I3), inverse=True)
(Rotation.from_quat(x) * Rotation.from_quat(x[::-1])).as_rotvec()
(Rotation.from_quat(x) ** 2).as_matrix()
Rotation.concatenate([Rotation.from_quat(x), Rotation.from_quat(x[::-1])]).as_matrix()
Rotation.from_euler("z", x[0, 0]).as_matrix()
Rotation.from_euler("xyz", s, degrees=True).as_matrix()
Rotation.from_davenport(c(s, I3), "intrinsic", s).as_quat()
Rotation.align_vectors(s, c(s, M[:, :3]), weights=c(s, [1., 2, 3]))[0].as_matrix()
Rotation.align_vectors(s, c(s, M[:, :3]))[1]
Rotation.identity() and x
Slerp([0, 1, 2], Rotation.from_quat(x))(0.5).as_matrix()
RigidTransform.from_translation(s[0]).as_matrix()
RigidTransform.from_rotation(Rotation.from_rotvec(s)).as_matrix()
RigidTransform.from_components(s, Rotation.from_rotvec(s)).as_matrix()
RigidTransform.from_components(s, Rotation.from_rotvec(s)).as_exp_coords()
RigidTransform.from_components(s, Rotation.from_rotvec(s)).as_dual_quat()
RigidTransform.from_components(s, Rotation.from_rotvec(s)).inv().as_matrix()
RigidTransform.from_components(s, Rotation.from_rotvec(s)).apply(c(s, I3))
RigidTransform.from_exp_coords(np.concatenate([s, s], axis=1)).as_matrix()
(RigidTransform.from_translation(s) * RigidTransform.from_rotation(Rotation.from_rotvec(s))).as_matrix()
(RigidTransform.from_components(s, Rotation.from_rotvec(s)) ** 0.5).as_matrix()
RigidTransform.from_translation(s).translation
differentiate.derivative(lambda t, a: np.sin(a * t), c(x, 0.7), args=(x,)).df
differentiate.derivative(lambda t: np.exp(t), x, order=4, step_direction=1).df
differentiate.jacobian(lambda t: t ** 3, x[0]).df
elementwise.find_root(lambda t, a: t ** 3 - a, (c(x, 0.001), c(x, 5.0)), args=(x,)).x
elementwise.find_minimum(lambda t, a: (t - a) ** 2 + a, (c(x, -1.0), c(x, 0.2), c(x, 7.0)), args=(x,)).f_x
optimize.rosen(x)
special.logsumexp(x, axis=1, b=c(x, M), keepdims=True)
special.logsumexp(x, return_sign=True)
special.softmax(x, axis=0)
special.log_softmax(x, axis=-1)
special.xlog1py(x, x)
special.multigammaln(x + 3, 3)
special.zeta(2.0, x)
special.polygamma(2, x)
special.beta(x, x)
special.jv(1.5, x)
special.kv(1.5, x)
special.iv(1.5, x)
special.yv(1.5, x)
special.ellipk(x / 5)
special.ellipe(x / 5)
special.hyp2f1(0.5, 1.5, 2.5, x / 5)
special.hyp1f1(0.5, 1.5, x)
special.gammainc(1.5, x)
special.betainc(1.5, 2.5, x / 5)
special.ndtri(x / 5)
special.kl_div(x, x + 1)
special.rel_entr(x, x + 1)
special.huber(1.0, x)
special.pseudo_huber(1.0, x)
special.boxcox(x, 0.5)
special.inv_boxcox(x, 0.5)
special.wrightomega(x)
special.struve(1, x)
special.airy(x)
special.fresnel(x)
special.sici(x)
special.dawsn(x)
special.owens_t(x, 0.5)
special.expn(2, x)
special.round(x) + x
special.cosm1(x)
special.log1p(x)
special.expm1(x)
special.exprel(x)
special.stdtr(3.0, x)
special.chdtr(2.0, x)
special.pdtr(2.0, x)
special.bdtr(2.0, 5, x / 5)
special.eval_legendre(3, x / 5)
special.roots_legendre(3)[0] * s[0]
special.legendre(3)(x)
"""

NAMES: dict[str, Any] = {
    **{module.__name__.rpartition(".")[2]: module for module in (differentiate, fft, integrate, interpolate, linalg)},
    **{module.__name__.rpartition(".")[2]: module for module in (optimize, signal, spatial, special, stats)},
    **{module.__name__.rpartition(".")[2]: module for module in (elementwise, hierarchy, vq)},
    "distance": spatial.distance,
    "I3": np.eye(3),
    "RigidTransform": RigidTransform,
    "Rotation": Rotation,
    "Slerp": Slerp,
}


@pytest.mark.filterwarnings("ignore:`lagrange` is deprecated:DeprecationWarning")  # since SciPy 1.18
@each(CALLS)
def test_calls(call: str) -> None:
    check_call(call, NAMES, same=False)


def test_compiled_code_writes_into_an_array() -> None:
    x, out = xp.asarray(M), xp.zeros((3, 4))
    ndimage.gaussian_filter(x, 1.0, output=out)
    np.testing.assert_array_equal(out.asnumpy(), ndimage.gaussian_filter(M, 1.0))
    ndimage.gaussian_filter(out, 1.0, output=out)
    np.testing.assert_array_equal(out.asnumpy(), ndimage.gaussian_filter(ndimage.gaussian_filter(M, 1.0), 1.0))


def test_compiled_code_does_not_write_what_is_recorded() -> None:
    variable, constant = xp.zeros((3, 4)), xp.ones((3, 4))
    variable.attach_grad()
    with autograd.record():
        loss = xp.sum(variable * constant)
        with pytest.raises(HistoryLostError):
            ndimage.gaussian_filter(xp.asarray(M), 1.0, output=variable)
    for x in (variable, constant):
        with pytest.raises((ValueError, RuntimeError), match=r"read-only|writeable"):
            ndimage.gaussian_filter(xp.asarray(M), 1.0, output=x)
    loss.backward()
    np.testing.assert_array_equal(variable.grad.asnumpy(), 1.0)
