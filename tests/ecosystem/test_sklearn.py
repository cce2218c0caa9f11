"""scikit-learn, unmodified, with its dispatch to arrays of any library."""

from __future__ import annotations

from typing import Any

import pytest
from differences import check_call, each

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn import (  # noqa: E402  # noqa: E402
    covariance,
    decomposition,
    discriminant_analysis,
    kernel_approximation,
    linear_model,
    metrics,
    naive_bayes,
    preprocessing,
)
from sklearn.metrics import pairwise  # noqa: E402
from sklearn.utils import extmath  # noqa: E402

CALLS = """
metrics.mean_squared_error(x, c(x, M + 1), multioutput="raw_values")
metrics.mean_absolute_error(x, c(x, M + 1), multioutput="raw_values")
metrics.mean_squared_log_error(x, c(x, M + 1), multioutput="raw_values")
metrics.root_mean_squared_error(x, c(x, M + 1), multioutput="raw_values")
metrics.r2_score(x, c(x, M[::-1]), multioutput="raw_values")
metrics.explained_variance_score(x, c(x, M[::-1]), multioutput="raw_values")
metrics.mean_absolute_percentage_error(x, c(x, M + 1), multioutput="raw_values")
metrics.mean_pinball_loss(x, c(x, M + 1), multioutput="raw_values")
pairwise.euclidean_distances(x)
pairwise.euclidean_distances(x, c(x, M + 1), squared=True)
pairwise.cosine_similarity(x)
pairwise.cosine_distances(x, c(x, M + 1))
pairwise.linear_kernel(x)
pairwise.polynomial_kernel(x, degree=2)
pairwise.rbf_kernel(x, c(x, M + 1))
pairwise.sigmoid_kernel(x)
pairwise.laplacian_kernel(x, c(x, M + 1))
pairwise.manhattan_distances(x, c(x, M + 1))
pairwise.additive_chi2_kernel(x, c(x, M + 1))
pairwise.chi2_kernel(x, c(x, M + 1))
pairwise.paired_euclidean_distances(x, c(x, M + 1))
pairwise.paired_cosine_distances(x, c(x, M + 1))
pairwise.paired_manhattan_distances(x, c(x, M + 1))
metrics.pairwise_distances(x, metric="euclidean")
metrics.pairwise_distances(x, metric="cosine")
pairwise.pairwise_kernels(x, metric="rbf")
preprocessing.StandardScaler().fit_transform(x)
preprocessing.MinMaxScaler().fit_transform(x)
preprocessing.MaxAbsScaler().fit_transform(x)
preprocessing.Normalizer().fit_transform(x)
preprocessing.normalize(x, norm="l1")
preprocessing.minmax_scale(x)
preprocessing.maxabs_scale(x)
preprocessing.Binarizer(threshold=1.0).fit_transform(x)
preprocessing.KernelCenterer().fit_transform(s)
preprocessing.PolynomialFeatures(2).fit_transform(x)
preprocessing.add_dummy_feature(x)
decomposition.PCA(2, svd_solver="full").fit(x).explained_variance_
decomposition.PCA(2, svd_solver="full").fit(x).mean_
decomposition.PCA(2, svd_solver="full").fit_transform(x)**2
decomposition.PCA(2, svd_solver="covariance_eigh").fit(x).noise_variance_
linear_model.Ridge(1.0, solver="svd").fit(x, c(x, [1.0, 2.0, 0.5])).coef_
linear_model.Ridge(1.0, solver="svd").fit(x, c(x, [1.0, 2.0, 0.5])).intercept_
linear_model.Ridge(1.0, solver="svd").fit(x, c(x, [1.0, 2.0, 0.5])).predict(x)
linear_model.RidgeCV().fit(l[:, None], c(l, K)).coef_
discriminant_analysis.LinearDiscriminantAnalysis().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).coef_
naive_bayes.GaussianNB().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).predict_log_proba(c(l, [[0.3, 0.4]]))
naive_bayes.GaussianNB().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).var_
kernel_approximation.Nystroem(n_components=2, random_state=0).fit_transform(x)**2
covariance.empirical_covariance(x)
extmath.softmax(x)
extmath.row_norms(x)
extmath.safe_sparse_dot(x, x.T)
extmath.fast_logdet(s)
extmath.randomized_svd(x, 2, power_iteration_normalizer="QR", random_state=0)[1]
extmath.density(x) * x
pairwise.pairwise_distances_argmin_min(x, c(x, M + 1))[1]
"""

MODULES = (
    *(covariance, decomposition, discriminant_analysis, extmath, kernel_approximation, linear_model),
    *(metrics, naive_bayes, pairwise, preprocessing),
)
NAMES: dict[str, Any] = {module.__name__.rpartition(".")[2]: module for module in MODULES}


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")  # StandardScaler's 0 / 0, which it masks
@each(CALLS)
def test_calls(call: str) -> None:
    with sklearn.config_context(array_api_dispatch=True):
        check_call(call, NAMES, same=False)
