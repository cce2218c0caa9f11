"""Logistic regression on data that need not fit into memory, on a cluster of Dask's.

    python examples/dask_logistic.py
    python examples/dask_logistic.py --workers 4 --rows 1e8 --chunks 5e5 --method sgd
    python examples/dask_logistic.py --scheduler tcp://host:8786 --data /shared/folder

Without a folder the data are made up, block by block, whenever they are needed. A folder holds .npy or .parquet files
of rows, which all workers can read: the last column is the label, 0 or 1, and the others are features.

The gradient is computed where the data are: `backward` builds a graph in which every block of rows goes forward and
backward in one task, and only the sums come back. SciPy's L-BFGS, or a line of gradient descent, does the rest here.
"""

import argparse
import signal
import sys
import time
from math import inf
from pathlib import Path

try:
    import dask
    import dask.array as da
    import numpy as np
    from distributed import Client, LocalCluster
    from matplotlib.figure import Figure
    from scipy.optimize import minimize
    from tqdm import tqdm

    import xpgrad.dask as xp
    import xpgrad.numpy as xn
    from xpgrad import autograd
except ModuleNotFoundError as missing:
    sys.exit(f"This example needs {missing.name}: run `pip install 'xpgrad[dask]' distributed scipy matplotlib tqdm`.")
except KeyboardInterrupt:
    sys.exit(130)


class BadInputError(Exception):
    """What the user should be told in one line."""


def made_up(rows, features, size, seed):
    """Rows whose labels follow known weights, made block by block when they are needed."""
    weights = np.random.default_rng(seed).normal(size=features)
    chunks = (*(size for _ in range(rows // size)), *([rows % size] if rows % size else []))

    def make(block_info):
        random = np.random.default_rng((seed, block_info[None]["chunk-location"][0]))
        x = random.normal(size=(block_info[None]["chunk-shape"][0], features))
        labels = random.random(len(x)) < 1 / (1 + np.exp(-x @ weights))
        return np.concatenate([x, labels[:, None]], axis=1)

    return da.map_blocks(make, chunks=(chunks, (features + 1,)), dtype="float64", meta=np.empty((0, 0)))


def read_folder(folder, size):
    """The rows of all files of a folder, in blocks of at most `size` rows."""
    files = sorted(Path(folder).glob("*.npy")) if Path(folder).is_dir() else None
    if files is None:
        raise BadInputError(f"{folder} is not a folder.")
    if files:
        return from_npy(files, size)
    if any(Path(folder).glob("*.parquet")):
        return from_parquet(folder, size)
    raise BadInputError(f"{folder} holds no .npy and no .parquet files.")


def from_npy(files, size):
    """Rows of .npy files; only their headers are read now."""
    pieces, widths = [], set()
    for file in files:
        try:
            shape = np.load(file, mmap_mode="r").shape
        except (ValueError, EOFError) as error:
            raise BadInputError(f"{file} cannot be read: {error}") from error
        if len(shape) != 2:
            raise BadInputError(f"{file} should hold rows of numbers, but has the shape {shape}.")
        widths.add(shape[1])
        pieces += [(str(file.resolve()), start, min(start + size, shape[0])) for start in range(0, shape[0], size)]
    if len(widths) > 1 or not pieces:
        raise BadInputError(f"the files of {files[0].parent} hold {sorted(widths)} columns, and should all be alike.")

    def read(block_info):
        file, start, stop = pieces[block_info[None]["chunk-location"][0]]
        return np.asarray(np.load(file, mmap_mode="r")[start:stop], dtype="float64")

    chunks = (tuple(stop - start for _, start, stop in pieces), tuple(widths))
    return da.map_blocks(read, chunks=chunks, dtype="float64", meta=np.empty((0, 0)))


def from_parquet(folder, size):
    """Rows of .parquet files; their lengths are looked up first."""
    try:
        import dask.dataframe
    except ImportError as missing:
        raise BadInputError("reading .parquet files needs `pip install 'dask[dataframe]' pyarrow`.") from missing
    rows = dask.dataframe.read_parquet(folder).astype("float64").to_dask_array(lengths=True)
    return rows.rechunk((size, -1))


def loss_and_gradient(rows, ridge, weights):
    """The mean of -log(probability of the label) with a ridge, and its gradient; nothing is computed yet."""
    x, labels = xp.asarray(rows[:, :-1]), xp.asarray(rows[:, -1])
    w = xn.asarray(weights)
    w.attach_grad()
    with autograd.record():
        z = x @ w
        loss = xp.mean(xp.logaddexp(z, xp.zeros_like(z)) - labels * z) + ridge / 2 * xn.sum(w * w)
    loss.backward()
    return loss, w.grad


def by_lbfgs(rows, steps, ridge, losses):
    """SciPy's L-BFGS: one pass over all data for each evaluation."""
    with tqdm(total=steps, unit="step") as bar:

        def evaluate(weights):
            value, gradient = dask.compute(*loss_and_gradient(rows, ridge, weights))
            return float(value), gradient

        def after(intermediate_result):
            losses.append(intermediate_result.fun)
            bar.set_postfix(loss=f"{losses[-1]:.5f}", refresh=False)
            bar.update()

        start = np.zeros(rows.shape[1] - 1)
        return minimize(evaluate, start, jac=True, method="L-BFGS-B", callback=after, options={"maxiter": steps}).x


def by_sgd(rows, steps, ridge, losses, rate, batch, seed):
    """Mini-batches of whole blocks, in random order; a step is one pass over all of them."""
    random = np.random.default_rng(seed)
    weights = np.zeros(rows.shape[1] - 1)
    blocks = rows.numblocks[0]
    with tqdm(total=steps * -(-blocks // batch), unit="batch") as bar:
        for _ in range(steps):
            order, values = random.permutation(blocks), []
            for start in range(0, blocks, batch):
                some = rows.blocks[sorted(order[start : start + batch].tolist())]
                value, gradient = dask.compute(*loss_and_gradient(some, ridge, weights))
                weights = weights - rate * gradient
                values.append(float(value))
                bar.set_postfix(loss=f"{values[-1]:.5f}", refresh=False)
                bar.update()
            losses.append(np.mean(values))
    return weights


def share_right(rows, weights):
    """The share of rows whose label is the likelier one."""
    return ((rows[:, :-1] @ weights > 0) == (rows[:, -1] > 0.5)).mean().compute()


def plot(losses, path):
    """Draw the loss curve into a PNG file."""
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, marker="o", markersize=3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="step", ylabel="mean loss", title="Logistic regression")
    figure.savefig(path, dpi=150, bbox_inches="tight", format="png")


def connect(args):
    """A client of the scheduler that was named, or of workers on this machine."""
    if args.scheduler:
        try:
            return Client(args.scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise BadInputError(f"no scheduler answers at {args.scheduler}: {error}") from error
    options = {"n_workers": args.workers, "threads_per_worker": 1, "silence_logs": "CRITICAL"}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process: the workers inherit this
    try:
        return Client(LocalCluster(**options, memory_limit=args.memory, dashboard_address=args.dashboard))
    finally:
        signal.signal(signal.SIGINT, before)


def solve(args, losses):
    """Connect, get the data, and return the weights that were found."""
    rows = (
        read_folder(args.data, args.chunks) if args.data else made_up(args.rows, args.features, args.chunks, args.seed)
    )
    client = connect(args)
    try:
        print(f"Dashboard: {client.dashboard_link}")
        print(f"{rows.shape[0]:,} rows of {rows.shape[1] - 1} features, {rows.nbytes / 1e9:.2f} GB", flush=True)
        if args.persist:
            rows = rows.persist()
        start = time.perf_counter()
        if args.method == "lbfgs":
            weights = by_lbfgs(rows, args.steps, args.ridge, losses)
        else:
            weights = by_sgd(rows, args.steps, args.ridge, losses, args.rate, args.batch, args.seed)
        print(f"loss {losses[-1]:.5f} after {len(losses)} steps and {time.perf_counter() - start:.1f} s", flush=True)
        print(f"right: {share_right(rows, weights):.4f}")
        return weights
    finally:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough: now it is cleaned up
        client.close()
        if client.cluster:
            client.cluster.close()
        signal.signal(signal.SIGINT, before)


def count(text):
    """A command-line argument that must be a whole number, 1 or more; 1e6 is one, too."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 <= number < inf or number != int(number):
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more, not {text!r}")
    return int(number)


def main():
    parser = argparse.ArgumentParser(description="Logistic regression on a cluster of Dask's.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running scheduler: tcp://host:8786")
    where.add_argument("--workers", type=count, default=2, help="processes on this machine (default: %(default)s)")
    parser.add_argument("--memory", default="auto", metavar="LIMIT", help="of each such process, as 2GB")
    parser.add_argument("--dashboard", default=":0", metavar="ADDRESS", help="of such workers (default: any free port)")
    parser.add_argument("--data", metavar="FOLDER", help="files of rows, the label last (default: made-up data)")
    parser.add_argument("--rows", type=count, default=2_000_000, help="of made-up data (default: %(default)s)")
    parser.add_argument("--features", type=count, default=20, help="of made-up data (default: %(default)s)")
    parser.add_argument("--chunks", type=count, default=100_000, help="rows of a block (default: %(default)s)")
    parser.add_argument("--persist", action="store_true", help="keep the data in the memory of the workers")
    parser.add_argument("--method", choices=("lbfgs", "sgd"), default="lbfgs", help="(default: %(default)s)")
    parser.add_argument("--steps", type=count, default=20, help="iterations or epochs at most (default: %(default)s)")
    parser.add_argument("--ridge", type=float, default=1e-4, help="weight of the penalty (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.0, help="of sgd (default: %(default)s)")
    parser.add_argument("--batch", type=count, default=2, help="blocks of a mini-batch of sgd (default: %(default)s)")
    parser.add_argument("--seed", type=count, default=1, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--plot", default="logistic.png", metavar="FILE", help="the loss curve (default: %(default)s)")
    parser.add_argument("--weights", default="logistic.npy", metavar="FILE", help="the result (default: %(default)s)")
    args = parser.parse_args()

    losses = []
    try:
        for path in (args.plot, args.weights):
            if not Path(path).resolve().parent.is_dir():
                raise BadInputError(f"{path} cannot be written: there is no such folder.")
        weights = solve(args, losses)
        np.save(args.weights, weights)
        plot(losses, args.plot)
    except (BadInputError, OSError, ValueError) as error:
        sys.exit(" ".join(str(error).split()))
    except KeyboardInterrupt:
        sys.stderr.write(f"\nInterrupted after {len(losses)} steps, nothing written: choose fewer with --steps.\n")
        sys.exit(130)
    print(f"The weights are in {args.weights}, the loss curve is in {args.plot}.")


if __name__ == "__main__":
    main()
