"""Maximum likelihood with confidence intervals: the O-rings of the space shuttle, before its last flight.

    python examples/o_rings.py

On 23 flights the O-rings of the boosters were damaged or not; the next start was at 31 degrees Fahrenheit. The
likelihood is all there is to write: its gradient and its products with the Hessian drive SciPy's Newton method, the
inverse Hessian is the covariance of the estimates, and the gradient of the prediction carries it on to that (the delta
method). Data: S. R. Dalal, E. B. Fowlkes and B. Hoadley, Risk analysis of the space shuttle, JASA 84 (1989).
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize
from scipy.special import expit, log_expit

import xpgrad

TEMPERATURE = np.asarray([66.0, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58])
DAMAGED = np.asarray([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1], dtype="bool")
MEAN = np.mean(TEMPERATURE)
SURE = 1.96  # standard errors to each side hold the truth in 95 of 100 cases


def score(p, temperature):
    """The logarithm of the odds of damage."""
    return p[0] + p[1] * (temperature - MEAN)


def negative_log_likelihood(p):
    s = score(p, TEMPERATURE)
    return -np.sum(log_expit(np.where(DAMAGED, s, -s)))


def fit():
    """The estimates and their covariance."""
    value_and_grad, product = xpgrad.value_and_grad(negative_log_likelihood), xpgrad.hvp(negative_log_likelihood)
    found = minimize(value_and_grad, np.zeros(2), jac=True, hessp=product, method="Newton-CG", options={"xtol": 1e-10})
    return found.x, np.linalg.inv(xpgrad.hessian(negative_log_likelihood)(found.x))


def predict(p, covariance, temperature):
    """The probability of damage, and the ends of its confidence interval."""
    s = score(p, temperature)
    slopes = xpgrad.jacobian(score)(p, temperature)
    margin = SURE * np.sqrt(np.sum(slopes @ covariance * slopes, axis=-1))
    return expit(s), expit(s - margin), expit(s + margin)


def plot(p, covariance, path):
    figure = Figure(figsize=(6, 3.5))
    axes = figure.subplots()
    temperature = np.linspace(28, 84, 200)
    likely, low, high = predict(p, covariance, temperature)
    axes.fill_between(temperature, low, high, color="tab:blue", alpha=0.2, label="95 % confidence")
    axes.plot(temperature, likely, color="tab:blue", label="maximum likelihood")
    axes.plot(TEMPERATURE, DAMAGED, "o", color="black", alpha=0.5, label="flights")
    axes.axvline(31, color="tab:red", linestyle=":", label="28 January 1986")
    axes.set(xlabel="temperature, °F", ylabel="probability of damage", title="O-rings of the space shuttle")
    axes.legend(loc="lower left")
    figure.savefig(path, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description="Logistic regression with confidence intervals.")
    parser.add_argument("--plot", default="o_rings.png", metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args()
    p, covariance = fit()
    margin = SURE * np.sqrt(covariance[1, 1])
    print(f"log-odds of damage for each degree: {p[1]:.3f}, between {p[1] - margin:.3f} and {p[1] + margin:.3f}")
    likely, low, high = predict(p, covariance, np.asarray(31.0))
    print(f"probability of damage at 31 degrees: {likely:.3f}, between {low:.3f} and {high:.3f}")
    plot(p, covariance, args.plot)
    print(f"The curve is in {args.plot}.")


if __name__ == "__main__":
    main()
