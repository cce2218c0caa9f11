"""SciPy, unmodified: its functions for arrays of any library differentiate on Arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import M, check_call, each

import xpgrad.numpy as xp
from xpgrad import autograd
from xpgrad.errors import HistoryLostError

scipy = pytest.importorskip("scipy", reason="SciPy is not installed")

from scipy import differentiate, fft, integrate, interpolate, linalg, ndimage, optimize, signal, spatial, special, stats  # noqa: E402
from scipy.cluster import hierarchy, vq  # noqa: E402
from scipy.optimize import elementwise  # noqa: E402
from scipy.spatial.transform import RigidTransform, Rotation  # noqa: E402

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
"""

NAMES: dict[str, Any] = {
    **{module.__name__.rpartition(".")[2]: module for module in (differentiate, fft, integrate, interpolate, linalg)},
    **{module.__name__.rpartition(".")[2]: module for module in (optimize, signal, spatial, special, stats)},
    **{module.__name__.rpartition(".")[2]: module for module in (elementwise, hierarchy, vq)},
    "Rotation": Rotation,
    "RigidTransform": RigidTransform,
}


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
