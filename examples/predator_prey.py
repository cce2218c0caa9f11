"""Fit a differential equation to data: hares and lynxes in Canada, 1900 to 1920.

    python examples/predator_prey.py

Lotka and Volterra's equations say how prey and predators grow and shrink. The solver is thirteen lines of array code;
its gradient by the rates and the populations at the start comes out of `value_and_grad`, SciPy's L-BFGS does the fit,
and the Hessian says how sure the rates are. Pelts in thousands, from the Hudson's Bay Company's books (C. G. Hewitt,
The Conservation of the Wild Life of Canada, 1921).
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

import xpgrad
import xpgrad.numpy as xp

HARES = "30 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22 25.4 27.1 40.3 57 76.6 52.3 19.5 11.2 7.6 14.6 16.2 24.7"
LYNXES = "4 6.1 9.8 35.2 59.4 41.7 19 13 8.3 9.1 7.4 8 12.3 19.5 45.7 51.1 29.7 15.8 9.7 10.1 8.6"
PELTS = np.asarray([HARES.split(), LYNXES.split()], dtype="float64").T
YEARS = np.arange(1900, 1921)
STEPS = 10  # of the solver, in a year
RATES = ("hares are born", "a hare is eaten by a lynx", "lynxes die", "a lynx is fed by a hare")


def solve(logs, years):
    """The logarithms of both populations after each step, by the Runge-Kutta method of fourth order."""
    birth, eaten, death, fed = (xp.exp(logs[i]) for i in range(4))
    growth, meeting = xp.stack([birth, -death]), xp.stack([-eaten, fed])

    def slope(state):
        return growth + meeting * xp.flip(xp.exp(state))

    h, states = 1 / STEPS, [logs[4:]]
    for _ in range(years * STEPS):
        state = states[-1]
        k1 = slope(state)
        k2 = slope(state + h / 2 * k1)
        k3 = slope(state + h / 2 * k2)
        k4 = slope(state + h * k3)
        states.append(state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return xp.stack(states)


def misfit(logs):
    """The sum of squares of the errors, in logarithms: counts are off by so many percent, not by so many animals."""
    return xp.sum((solve(logs, len(YEARS) - 1)[::STEPS, :] - np.log(PELTS)) ** 2)


def fit():
    """The logarithms of rates and first populations, and their standard errors."""
    start = np.log([0.5, 0.02, 0.5, 0.02, *PELTS[0]])
    found = minimize(xpgrad.value_and_grad(misfit), start, jac=True, method="L-BFGS-B")
    variance = found.fun / (PELTS.size - start.size)
    return found.x, np.sqrt(np.diag(2 * variance * np.linalg.inv(xpgrad.hessian(misfit)(found.x))))


def plot(logs, path):
    figure = Figure(figsize=(6, 3.5))
    axes = figure.subplots()
    curves = xp.exp(solve(xp.asarray(logs), 25))
    for i, (name, colour) in enumerate([("hares", "tab:green"), ("lynxes", "tab:red")]):
        axes.plot(1900 + xp.arange(curves.shape[0]) / STEPS, curves[:, i], color=colour, label=name)
        axes.plot(YEARS, PELTS[:, i], "o", color=colour, markersize=4)
    axes.axvspan(1920, 1925, color="0.93")
    axes.set(xlabel="year", ylabel="thousands of pelts", title="Lotka and Volterra's equations, fitted", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description="Fit Lotka and Volterra's equations to hares and lynxes.")
    parser.add_argument("--plot", default="predator_prey.png", metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args()
    logs, errors = fit()
    for name, rate, error in zip(RATES, np.exp(logs), errors, strict=False):
        print(f"{name}: {rate:.4f} a year, give or take {100 * error:.0f} %")
    plot(logs, args.plot)
    print(f"The populations are in {args.plot}.")


if __name__ == "__main__":
    main()
