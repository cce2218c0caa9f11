"""scikit-learn, unmodified, with its dispatch to arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import check_call, each

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn import (
    covariance,
    decomposition,
    discriminant_analysis,
    kernel_approximation,
    linear_model,
    metrics,
    model_selection,
    naive_bayes,
    neighbors,
    preprocessing,
    random_projection,
)
from sklearn.metrics import pairwise
from sklearn.utils import extmath

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
metrics.r2_score(c(x, M[::-1]), x, multioutput="raw_values")
metrics.d2_absolute_error_score(x, c(x, M+1), multioutput="raw_values")
metrics.d2_pinball_score(x, c(x, M+1), multioutput="raw_values")
metrics.accuracy_score(c(x, [0, 1, 0]), c(x, [0, 1, 1])) * x
metrics.root_mean_squared_error(c(x, M + 1), x, multioutput="raw_values")
metrics.mean_pinball_loss(c(x, M + 1), x, alpha=0.3, multioutput="raw_values")
metrics.mean_squared_error(x, c(x, M + 1), sample_weight=c(x, Y), multioutput="raw_values")
metrics.explained_variance_score(c(x, M[::-1]), x, multioutput="raw_values")
metrics.mean_absolute_percentage_error(c(x, M + 1), x, multioutput="raw_values")
metrics.confusion_matrix(c(x, [0, 1, 0]), c(x, [0, 1, 1])) * x[:2, :2]
pairwise.euclidean_distances(x, c(x, M + 1))
pairwise.nan_euclidean_distances(x, c(x, M + 1))
pairwise.manhattan_distances(x)
pairwise.cosine_similarity(x, c(x, M + 1))
pairwise.polynomial_kernel(x, c(x, M + 1))
pairwise.sigmoid_kernel(x, c(x, M + 1))
pairwise.rbf_kernel(x, gamma=0.3)
pairwise.laplacian_kernel(x)
pairwise.chi2_kernel(x)
pairwise.additive_chi2_kernel(x)
pairwise.linear_kernel(x, c(x, M + 1))
pairwise.paired_distances(x, c(x, M + 1))
pairwise.distance_metrics()["euclidean"](x, c(x, M + 1))
metrics.pairwise_distances(x, c(x, M + 1), metric="manhattan")
metrics.pairwise_distances(x, c(x, M + 1), metric="l2")
pairwise.pairwise_kernels(x, metric="polynomial")
pairwise.pairwise_kernels(x, metric="cosine")
pairwise.pairwise_distances_argmin(x, c(x, M + 1)) * x[:, 0]
preprocessing.StandardScaler(with_std=False).fit_transform(x)
preprocessing.StandardScaler().fit(c(x, M + 1)).transform(x)
preprocessing.StandardScaler().fit(x).inverse_transform(c(x, M))
preprocessing.StandardScaler().fit(x, sample_weight=c(x, Y)).mean_
preprocessing.StandardScaler().fit(x).var_
preprocessing.MinMaxScaler((0, 2)).fit(c(x, M * 2)).transform(x)
preprocessing.MinMaxScaler().fit(x).inverse_transform(c(x, M))
preprocessing.MinMaxScaler(clip=True).fit(c(x, M * 0.9)).transform(x)
preprocessing.MaxAbsScaler().fit(x).inverse_transform(c(x, M))
preprocessing.normalize(x, norm="max")
preprocessing.normalize(x, axis=0)
preprocessing.Normalizer("l2").fit_transform(x)
preprocessing.binarize(x) * x
preprocessing.PolynomialFeatures(2, interaction_only=True).fit_transform(x)
preprocessing.PolynomialFeatures(3, include_bias=False).fit_transform(x)
preprocessing.QuantileTransformer(n_quantiles=3).fit_transform(x)
preprocessing.FunctionTransformer(np.log1p).fit_transform(x)
preprocessing.FunctionTransformer(lambda a: a ** 2).fit_transform(x)
preprocessing.LabelEncoder().fit_transform(c(x, [1, 2, 1])) * x[:, 0]
preprocessing.LabelBinarizer().fit_transform(c(x, [1, 2, 1])) * x[:, :1]
preprocessing.OneHotEncoder(sparse_output=False).fit_transform(c(x, [[1], [2], [1]])) * x[:, :2]
decomposition.PCA(2, svd_solver="full").fit(x).singular_values_
decomposition.PCA(2, svd_solver="full").fit(x).explained_variance_ratio_
decomposition.PCA(2, svd_solver="full").fit(x).components_ ** 2
decomposition.PCA(2, svd_solver="full", whiten=True).fit_transform(x) ** 2
decomposition.PCA(2, svd_solver="covariance_eigh").fit_transform(x) ** 2
decomposition.PCA(2, svd_solver="full").fit(x).get_covariance()
decomposition.PCA(2, svd_solver="full").fit(c(x, M[::-1] ** 2)).transform(x)
decomposition.PCA(2, svd_solver="full").fit(x).inverse_transform(c(x, M[:, :2]))
decomposition.PCA(2).fit(x).explained_variance_
linear_model.Ridge(1.0, solver="svd").fit(x, c(x, Y)).coef_
linear_model.Ridge(1.0, solver="svd", fit_intercept=False).fit(x, c(x, Y)).coef_
linear_model.Ridge(1.0, solver="svd").fit(c(x, M), x[:, 0]).coef_
linear_model.Ridge(1.0, solver="svd").fit(c(x, M), x).coef_
linear_model.Ridge(1.0, solver="svd").fit(x, c(x, Y), sample_weight=c(x, Y)).coef_
linear_model.RidgeCV(alphas=(0.1, 1.0)).fit(x, c(x, Y)).coef_
linear_model.RidgeClassifier(solver="svd").fit(x, c(x, [0, 1, 0])).coef_
linear_model.Ridge(1.0, solver="svd").fit(c(x, M), c(x, Y)).predict(x)
discriminant_analysis.LinearDiscriminantAnalysis().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).intercept_
discriminant_analysis.LinearDiscriminantAnalysis().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).means_
naive_bayes.GaussianNB().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).theta_
naive_bayes.GaussianNB().fit(np.reshape(l, (20, 2)), c(l, [0, 1] * 10)).predict_proba(c(l, [[0.3, 0.4]]))
covariance.ledoit_wolf(x)[0]
covariance.shrunk_covariance(covariance.empirical_covariance(x))
covariance.empirical_covariance(x, assume_centered=True)
extmath.randomized_svd(x, 2, power_iteration_normalizer="none", random_state=0)[1]
extmath.squared_norm(x)
extmath.row_norms(x, squared=True)
extmath.make_nonnegative(x)
kernel_approximation.Nystroem(kernel="rbf", n_components=2, random_state=0).fit(c(x, M)).transform(x)
kernel_approximation.AdditiveChi2Sampler().fit_transform(x)
random_projection.GaussianRandomProjection(2, random_state=0).fit_transform(x)
neighbors.KNeighborsRegressor(1).fit(x, c(x, Y)).predict(c(x, M))
model_selection.train_test_split(x, random_state=0, test_size=1)[0]
model_selection.cross_val_predict(linear_model.Ridge(solver="svd"), x, c(x, Y), cv=3)
"""

MODULES = (
    *(covariance, decomposition, discriminant_analysis, extmath, kernel_approximation, linear_model),
    *(metrics, model_selection, naive_bayes, neighbors, pairwise, preprocessing, random_projection),
)
NAMES: dict[str, Any] = {
    **{module.__name__.rpartition(".")[2]: module for module in MODULES},
    "Y": np.asarray([1.0, 2.0, 0.5]),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide")  # StandardScaler's 0 / 0, which it masks
@each(CALLS)
def test_calls(call: str) -> None:
    with sklearn.config_context(array_api_dispatch=True):
        check_call(call, NAMES, same=False)
