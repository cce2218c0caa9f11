"""An inverse problem: sharpen a photograph that is blurred and noisy.

    python examples/deblur.py

The camera is a function, a convolution by the fast Fourier transform. The sharp image is sought that gives the blurred
one when it is put through that function, and that has few edges (total variation: L. I. Rudin, S. Osher and E. Fatemi,
Nonlinear total variation based noise removal algorithms, Physica D 60, 1992). Its 25,600 pixels are the parameters:
SciPy's L-BFGS with our gradients finds them.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize
from sklearn.datasets import load_sample_image

import xpgrad
import xpgrad.numpy as xp

SIZE = 160
WIDTH = 2.0  # of the blur, in pixels
NOISE = 0.01
EDGES = 0.001  # the price of an edge


def photograph():
    """A part of one of scikit-learn's sample images, grey, from 0 to 1."""
    return np.mean(load_sample_image("flower.jpg")[60 : 60 + SIZE, 200 : 200 + SIZE] / 255, axis=2)


def blurred(image):
    """What the camera sees: a convolution with a bell curve, whose Fourier transform is one, too."""
    down, across = xp.fft.fftfreq(SIZE)[:, None], xp.fft.rfftfreq(SIZE)
    bell = xp.exp(-2 * (xp.pi * WIDTH) ** 2 * (down**2 + across**2))
    return xp.fft.irfftn(bell * xp.fft.rfftn(image), s=(SIZE, SIZE), axes=(0, 1))


def loss(image, seen):
    """How far the image is from what was seen, and how many edges it has."""
    down, across = xp.diff(image, axis=0)[:, :-1], xp.diff(image, axis=1)[:-1, :]
    return xp.mean((blurred(image) - seen) ** 2) + EDGES * xp.mean(xp.sqrt(down**2 + across**2 + 1e-6))


def sharpen(seen, steps):
    start, unravel = xpgrad.ravel_tree(seen)
    value_and_grad = xpgrad.value_and_grad(lambda v: loss(unravel(v), seen))
    options = {"maxiter": steps, "ftol": 0, "gtol": 0}
    return unravel(minimize(value_and_grad, start, jac=True, method="L-BFGS-B", options=options).x)


def quality(image, original):
    """The ratio of signal to noise, in decibels."""
    return -10 * np.log10(np.mean((image - original) ** 2))


def plot(images, path):
    figure = Figure(figsize=(6, 2.3))
    for axes, (title, image) in zip(figure.subplots(1, len(images)), images.items(), strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set_title(title, fontsize=9)
        axes.axis("off")
    figure.subplots_adjust(wspace=0.05)
    figure.savefig(path, dpi=90, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description="Sharpen a photograph that is blurred and noisy.")
    parser.add_argument("--steps", type=int, default=100, help="of L-BFGS (default: %(default)s)")
    parser.add_argument("--plot", default="deblur.png", metavar="FILE", help="(default: %(default)s)")
    args = parser.parse_args()
    original = photograph()
    seen = blurred(original).asnumpy() + NOISE * np.random.default_rng(0).normal(size=original.shape)
    sharp = sharpen(seen, args.steps)
    before, after = quality(seen, original), quality(sharp, original)
    print(f"signal to noise: {before:.1f} dB before, {after:.1f} dB after")
    plot({f"seen: {before:.1f} dB": seen, f"sharpened: {after:.1f} dB": sharp, "the original": original}, args.plot)
    print(f"The images are in {args.plot}.")


if __name__ == "__main__":
    main()
