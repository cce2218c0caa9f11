"""Logistic regression by SciPy's L-BFGS with our gradients, held against scikit-learn's coefficients.

    python examples/breast_cancer.py

The loss is written in the array API standard's functions, its parameters are a dict, and `ravel_tree` makes them the
vector that `scipy.optimize.minimize` wants.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import xpgrad
import xpgrad.numpy as xp

PENALTY = 1.0


def loss(parameters, x, y):
    """The negative log-likelihood, and a penalty on the weights but not on the offset, as scikit-learn has it."""
    score = x @ parameters["weights"] + parameters["offset"]
    likelihood = xp.special.log_expit(xp.where(y, score, -score))
    return -xp.sum(likelihood) + PENALTY / 2 * xp.sum(parameters["weights"] ** 2)


def fit(x, y):
    start, unravel = xpgrad.ravel_tree({"weights": np.zeros(x.shape[1]), "offset": np.asarray(0.0)})
    value_and_grad = xpgrad.value_and_grad(lambda v: loss(unravel(v), x, y))
    found = minimize(value_and_grad, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8})
    return unravel(found.x), found


def plot(ours, theirs, names, path):
    figure = Figure(figsize=(6, 5.5))
    axes = figure.subplots()
    order = np.argsort(ours)
    axes.barh(names[order], ours[order], color="tab:blue", alpha=0.5, label="xpgrad and L-BFGS")
    axes.plot(theirs[order], names[order], "k.", label="scikit-learn")
    axes.set(
        xlabel="malignant if negative, benign if positive",
        title="Coefficients of 30 measurements",
        ylim=(-0.8, len(names) - 0.2),
    )
    axes.tick_params(axis="y", labelsize=7)
    axes.legend()
    figure.savefig(path, dpi=90, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description="Logistic regression, compared with scikit-learn's.")
    parser.add_argument("--plot", default="breast_cancer.png", metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args()
    data = load_breast_cancer()
    x, y = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0), data.target
    parameters, found = fit(x, y == 1)
    theirs = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=10_000).fit(x, y)
    difference = np.max(np.abs(parameters["weights"] - theirs.coef_[0]))
    right = np.mean((x @ parameters["weights"] + parameters["offset"] > 0) == (y == 1))
    print(f"{found.nit} steps of L-BFGS, {found.nfev} gradients; {100 * right:.1f} % of {len(y)} tumours told right")
    print(f"largest difference to scikit-learn's coefficients: {difference:.1e}")
    plot(parameters["weights"], theirs.coef_[0], data.feature_names, args.plot)
    print(f"The coefficients are in {args.plot}.")


if __name__ == "__main__":
    main()
