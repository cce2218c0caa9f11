"""Design through an equilibrium: the loads that make a chain hang as an arc of a circle.

    python examples/hanging_chain.py

A chain of springs hangs where its energy is least; Newton's method in SciPy finds that, with our gradient and Hessian.
How the shape moves with the loads comes from the equation that an equilibrium solves, not through the steps of the
solver (`xpgrad.implicit.minimum`). So SciPy's least squares can choose loads and springs until the chain hangs as it
should. Statics knows the answer: the loads are to one another as the bends of the chain that they cause.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import least_squares, minimize

import xpgrad
import xpgrad.numpy as xp
from xpgrad import implicit

LINKS = 16
STIFFNESS = 50.0  # the force that would double the length of a spring; all loads together weigh 1
ANGLES = np.linspace(-1.4, 1.4, LINKS + 1)
ARC = np.stack([np.sin(ANGLES), -np.cos(ANGLES)], axis=1)  # where the joints should be
INNER = np.ravel(ARC[1:-1])  # the others are fixed


def energy(inner, loads, lengths):
    """The energy of the springs and of the loads."""
    places = xp.concat([ARC[:1], xp.reshape(inner, (LINKS - 1, 2)), ARC[-1:]])
    stretch = xp.linalg.vector_norm(xp.diff(places, axis=0), axis=1) / lengths - 1
    return xp.sum(STIFFNESS / 2 * lengths * stretch**2) + xp.sum(loads * places[1:-1, 1])


def solver(loads, lengths):
    """The joints at rest; loads and lengths come as Arrays without history."""
    given = loads.asnumpy(), lengths.asnumpy()
    hessian = xpgrad.hessian(energy)
    options = {"method": "trust-exact", "hess": lambda v, *given: hessian(v, *given), "options": {"gtol": 1e-9}}
    return minimize(xpgrad.value_and_grad(energy), INNER, args=given, jac=True, **options).x


at_rest = implicit.minimum(energy, solver)


def design(p):
    """Loads that weigh 1 together, and lengths of springs: positive, whatever the parameters."""
    return xp.special.softmax(p["loads"]), xp.exp(p["lengths"])


def find():
    """The parameters to start from, and those for which every joint is where it should be."""
    lengths = np.linalg.norm(np.diff(ARC, axis=0), axis=1)
    start, unravel = xpgrad.ravel_tree({"loads": np.zeros(LINKS - 1), "lengths": np.log(lengths)})

    def misses(v):
        return at_rest(*design(unravel(v))) - INNER

    return unravel(start), unravel(least_squares(misses, start, jac=xpgrad.jacobian(misses), xtol=1e-12).x)


def by_statics():
    """The loads, from the balance of forces at every joint: the sideways pull is the same in all links."""
    across, up = np.diff(ARC, axis=0).T
    bends = np.diff(up / across)
    return bends / np.sum(bends)


def plot(designs, path):
    figure = Figure(figsize=(6, 3.2))
    for axes, (title, p) in zip(figure.subplots(1, 2, sharey=True), designs.items(), strict=True):
        loads, lengths = design(p)
        x, y = np.concatenate([ARC[:1], at_rest(loads, lengths).asnumpy().reshape(-1, 2), ARC[-1:]]).T
        axes.plot(*ARC.T, color="0.8", linewidth=8)
        axes.plot(x, y, color="tab:blue")
        axes.scatter(x[1:-1], y[1:-1], s=800 * loads, color="tab:red", zorder=3)
        axes.set(title=title, aspect="equal", xlim=(-1.1, 1.1), ylim=(-1.2, -0.1))
    figure.savefig(path, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description="Find the loads that make a chain hang as an arc.")
    parser.add_argument("--plot", default="hanging_chain.png", metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args()
    start, found = find()
    loads = design(found)[0].asnumpy()
    print("loads, in percent of all:", *np.round(100 * loads, 1))
    print(f"largest difference to statics: {np.max(np.abs(loads - by_statics())):.1e}")
    plot({"equal loads": start, "the loads that were found": found}, args.plot)
    print(f"The chains are in {args.plot}.")


if __name__ == "__main__":
    main()
