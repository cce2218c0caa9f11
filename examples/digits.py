"""Train a two-layer classifier on 1,797 images of handwritten digits, with any array library.

    python examples/digits.py
    python examples/digits.py --backend array_api_strict --epochs 5

The model is written against ``xp``, the functions of the array API standard, so the same lines train on every backend.
Gradients come from three steps: `attach_grad` names the variables, `record` watches the computation, and `backward`
fills every variable's ``grad``.
"""

import argparse
import sys

try:
    import numpy as np
    from matplotlib.figure import Figure
    from sklearn.datasets import load_digits
    from tqdm import tqdm

    import xpgrad
    from xpgrad import autograd
    from xpgrad.errors import XpgradError
except ModuleNotFoundError as missing:
    sys.exit(f"This example needs {missing.name}: run `pip install xpgrad scikit-learn matplotlib tqdm`.")
except KeyboardInterrupt:
    sys.exit(130)

HIDDEN = 64
BATCH = 32
LEARNING_RATE = 0.2
DROPOUT = 0.2


def load(xp, random):
    """The images and labels to train on, and those held out: every fifth, after shuffling."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype("float32")  # a pixel is a whole number from 0 to 16
    order = random.permutation(len(images))
    held_out, training = order[::5], np.delete(order, np.s_[::5])
    return [(xp.asarray(images[part]), xp.asarray(labels[part])) for part in (training, held_out)]


def initial_parameters(xp, random):
    """Weights and biases of both layers, each with room for its gradient."""
    shapes = [(64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,)]
    parameters = []
    for shape in shapes:
        scale = (2 / shape[0]) ** 0.5 if len(shape) == 2 else 0.0
        parameter = xp.asarray((scale * random.standard_normal(shape)).astype("float32"))
        parameter.attach_grad()
        parameters.append(parameter)
    return parameters


def dropout(xp, x, random):
    """While training, zero a random share of the elements and scale up the rest; otherwise change nothing."""
    if not autograd.is_training():
        return x
    kept = random.random(x.shape) >= DROPOUT
    return x * xp.asarray((kept / (1 - DROPOUT)).astype("float32"))


def classify(xp, parameters, images, random):
    """A score for each of the ten digits, for every image."""
    weights1, biases1, weights2, biases2 = parameters
    hidden = xp.maximum(images @ weights1 + biases1, 0)
    return dropout(xp, hidden, random) @ weights2 + biases2


def cross_entropy(xp, scores, labels):
    """The mean of -log(probability of the right label)."""
    scores = scores - xp.max(scores, axis=1, keepdims=True)  # changes no probability and keeps exp from overflowing
    log_probabilities = scores - xp.log(xp.sum(xp.exp(scores), axis=1, keepdims=True))
    return -xp.mean(xp.take_along_axis(log_probabilities, labels[:, None], axis=1))


def train_epoch(xp, parameters, images, labels, random):
    """Visit every image once, in mini-batches of random order, and return the mean loss."""
    order = random.permutation(images.shape[0])
    total = 0.0
    for start in range(0, len(order), BATCH):
        batch = xp.asarray(order[start : start + BATCH])
        with autograd.record():
            scores = classify(xp, parameters, xp.take(images, batch, axis=0), random)
            loss = cross_entropy(xp, scores, xp.take(labels, batch, axis=0))
        loss.backward()
        for parameter in parameters:
            parameter -= LEARNING_RATE * parameter.grad
        total += loss.item() * batch.shape[0]
    return total / len(order)


def accuracy(xp, parameters, images, labels, random):
    """The share of images that are classified right; outside `record`, dropout is off."""
    guesses = xp.argmax(classify(xp, parameters, images, random), axis=1)
    return xp.count_nonzero(guesses == labels).item() / labels.shape[0]


def train(xp, epochs, seed, losses):
    """Train, report every epoch, and append its mean loss to `losses`."""
    random = np.random.default_rng(seed)
    training, held_out = load(xp, random)
    parameters = initial_parameters(xp, random)
    for epoch in tqdm(range(1, epochs + 1), unit="epoch"):
        losses.append(train_epoch(xp, parameters, *training, random))
        share = accuracy(xp, parameters, *held_out, random)
        tqdm.write(f"epoch {epoch:2d}   loss {losses[-1]:.4f}   held-out accuracy {share:.4f}")


def plot(losses, path):
    """Draw the loss curve into a PNG file."""
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, marker="o", markersize=3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel="mean training loss", title="Handwritten digits", yscale="log")
    figure.savefig(path, dpi=150, bbox_inches="tight")


def count(text):
    """A command-line argument that must be a whole number, zero or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, zero or more, not {text!r}")
    return int(text)


def main():
    parser = argparse.ArgumentParser(description="Train a two-layer classifier on handwritten digits.")
    parser.add_argument("--backend", default=xpgrad.get_backend(), help="the array library (default: %(default)s)")
    parser.add_argument("--epochs", type=count, default=20, help="passes over the images (default: %(default)s)")
    parser.add_argument("--seed", type=count, default=0, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--plot", default="digits.png", metavar="FILE", help="the loss curve (default: %(default)s)")
    args = parser.parse_args()

    losses = []
    try:
        train(xpgrad.namespace(args.backend), args.epochs, args.seed, losses)
        plot(losses, args.plot)
    except (XpgradError, OSError) as error:  # the backend cannot be used here, or the file cannot be written
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.stderr.write(f"\nInterrupted after {len(losses)} epochs, no plot written: choose fewer with --epochs.\n")
        sys.exit(130)
    print(f"The loss curve is in {args.plot}.")


if __name__ == "__main__":
    main()
