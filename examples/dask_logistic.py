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
import asyncio
import logging
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from math import inf
from multiprocessing import resource_tracker
from pathlib import Path

try:
    import dask
    import dask.array as da
    import numpy as np
    from distributed import CancelledError, Client, KilledWorker, LocalCluster, Security
    from distributed.comm import CommClosedError, connect
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


def evaluate(rows, ridge, weights):
    """The loss and its gradient in numbers."""
    loss, gradient = dask.compute(*loss_and_gradient(rows, ridge, weights))
    if not np.isfinite(loss):
        raise BadInputError(f"the loss became {loss}: choose a lower --rate or --ridge, or scale the features.")
    return float(loss), gradient


def by_lbfgs(rows, steps, ridge, losses):
    """SciPy's L-BFGS: one pass over all data for each evaluation."""
    with tqdm(total=steps, unit="step") as bar:

        def after(intermediate_result):
            losses.append(intermediate_result.fun)
            bar.set_postfix(loss=f"{losses[-1]:.5f}", refresh=False)
            bar.update()

        start = np.zeros(rows.shape[1] - 1)
        options = {"method": "L-BFGS-B", "jac": True, "callback": after, "options": {"maxiter": steps}}
        found = minimize(lambda weights: evaluate(rows, ridge, weights), start, **options)
    if not losses:  # where it started is the minimum
        losses.append(found.fun)
    return found.x


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
                value, gradient = evaluate(some, ridge, weights)
                weights = weights - rate * gradient
                values.append(value)
                bar.set_postfix(loss=f"{values[-1]:.5f}", refresh=False)
                bar.update()
            losses.append(np.mean(values))
    return weights


def share_right(rows, weights):
    """The share of rows whose label is the likelier one."""
    return ((rows[:, :-1] @ weights > 0) == (rows[:, -1] > 0.5)).mean().compute()


def solve(args, losses):
    """Connect, get the data, and return the weights that were found."""
    if args.data is None:
        rows = made_up(args.rows, args.features, args.chunks, args.seed)
    else:
        rows = read_folder(args.data, args.chunks)
    with connected(args) as client:
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
    """The rows of all files of a folder, in blocks of about `size`; only headers and footers are read now."""
    if not folder or not Path(folder).is_dir():
        raise BadInputError(f"{folder!r} is not a folder.")
    endings = {file.suffix for file in Path(folder).iterdir()} & {".npy", ".parquet"}
    if len(endings) != 1:
        have = "both" if endings else "no"
        raise BadInputError(f"{folder} holds {have} .npy and .parquet files, and should hold those of one kind.")
    files = sorted(Path(folder).resolve().glob(f"*{endings.pop()}"))
    look, read = (look_at_npy, read_npy) if files[0].suffix == ".npy" else (look_at_parquet, read_parquet)
    parts, lengths, first = [], [], None
    for file in files:
        try:
            columns, found = look(file, size)
        except (OSError, ValueError, EOFError) as error:
            raise BadInputError(f"{file} cannot be read: {error}") from error
        first = first or columns
        if columns != first:
            counts = f"{len(columns)} columns, and {files[0].name} {len(first)}"
            raise BadInputError(f"{file} has {counts}: all files should have the same ones, in the same order.")
        if len(columns) < 2:
            raise BadInputError(f"{file} has no features: the last column is the label, and others should come before.")
        parts += [(file, part) for part, length in found if length]
        lengths += [length for _, length in found if length]
    if not parts:
        raise BadInputError(f"the files of {folder} hold no rows.")

    def make(block_info):
        file, part = parts[block_info[None]["chunk-location"][0]]
        rows = np.asarray(read(file, part), dtype="float64")
        if not np.isfinite(rows).all():
            raise ValueError(f"{file} holds NaN, infinity or missing values: leave out or fill in such rows.")
        if not np.isin(rows[:, -1], (0, 1)).all():
            raise ValueError(f"{file} holds other labels than 0 and 1: the last column should be the label.")
        return rows

    rows = da.map_blocks(make, chunks=(tuple(lengths), (len(first),)), dtype="float64", meta=np.empty((0, 0)))
    return rows if read is read_npy else rows.rechunk((size, -1))


def look_at_npy(file, size):
    """The columns of a file, and its parts, of at most `size` rows, with their lengths."""
    array = np.load(file, mmap_mode="r")
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise BadInputError(f"{file} should hold rows of numbers, but has the shape {array.shape} and {array.dtype}.")
    starts = range(0, len(array), size)
    return [*range(array.shape[1])], [(slice(start, start + size), min(size, len(array) - start)) for start in starts]


def read_npy(file, part):
    return np.load(file, mmap_mode="r")[part]


def look_at_parquet(file, _):
    """The columns of a file, and its parts, which are the groups of rows that it was written in, with their lengths."""
    opened, columns = open_parquet(file)
    for name in columns:
        if not str(kind := opened.schema_arrow.field(name).type).startswith(("int", "uint", "float", "double", "bool")):
            raise BadInputError(f"{file} has a column {name!r} of {kind}, and only numbers are of use.")
    return columns, [(group, opened.metadata.row_group(group).num_rows) for group in range(opened.num_row_groups)]


def read_parquet(file, part):
    opened, columns = open_parquet(file)
    return np.column_stack([column.to_numpy() for column in opened.read_row_group(part, columns).columns])


def open_parquet(file):
    """A file, and the names of its columns without those that pandas took for its index."""
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as missing:
        raise BadInputError("reading .parquet files needs `pip install pyarrow`, on the workers too.") from missing
    opened = ParquetFile(file)
    index = (opened.schema_arrow.pandas_metadata or {}).get("index_columns", [])
    return opened, [name for name in opened.schema_arrow.names if name not in index]


def plot(losses, path):
    """Draw the loss curve into a file."""
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, marker="o", markersize=3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="step", ylabel="mean loss", title="Logistic regression")
    figure.savefig(path, dpi=150, bbox_inches="tight")


@contextmanager
def ctrl_c_later():
    """Hold Ctrl-C back until the end of this; processes that start in here never get it."""
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(True))
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # which lets Ctrl-C in again when it starts
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # this is what processes inherit
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
        if caught:
            signal.raise_signal(signal.SIGINT)


async def reach(address):
    """See that a scheduler answers; `Client` itself would wait for ever where something else listens."""
    await (await connect(address, **Security().get_connection_args("client"))).close()


@contextmanager
def connected(args):
    """A client of the scheduler that was named, or of workers on this machine."""
    opened = ExitStack()
    try:
        if args.scheduler is None:
            with ctrl_c_later():  # it is for this process, not for its workers
                scheduler = opened.enter_context(local_cluster(args))
        else:
            scheduler = args.scheduler
            try:
                asyncio.run(asyncio.wait_for(reach(scheduler), 10))
            except (OSError, ValueError, TypeError) as error:
                reason = str(error) or "nothing came within 10 s"
                message = f"no scheduler answers at {scheduler!r} ({reason}): `dask scheduler` starts one and names it."
                raise BadInputError(message) from error
        client = opened.enter_context(Client(scheduler, timeout=10))
        if not client.nthreads():
            how = f"start some with `dask worker {scheduler}`"
            print(f"Waiting for workers: {how}.", flush=True)
            try:
                client.wait_for_workers(1, timeout=args.wait)
            except TimeoutError as error:
                raise BadInputError(f"no worker came within {args.wait} s: {how}, or --wait longer.") from error
        yield client
    finally:
        with ctrl_c_later():  # once is enough: now it is cleaned up
            opened.close()


def local_cluster(args):
    """Workers on this machine."""
    options = {"n_workers": args.workers, "threads_per_worker": 1, "silence_logs": "CRITICAL"}
    try:
        return LocalCluster(**options, memory_limit=args.memory, dashboard_address=args.dashboard)
    except (OSError, ValueError, RuntimeError) as error:
        options = f"--workers {args.workers} --memory {args.memory} --dashboard {args.dashboard}"
        raise BadInputError(f"no workers could be started with {options}: {error}") from error


def count(text):
    """A command-line argument that must be a whole number, 1 or more; 1e6 is one, too."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 <= number < inf or number != int(number):
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more, not {text!r}")
    return int(number)


def number(text):
    """A command-line argument that must be a number, 0 or more."""
    if not 0 <= float(text) < inf:
        raise argparse.ArgumentTypeError(f"expected a number, 0 or more, not {text!r}")
    return float(text)


def check_outputs(args):
    """Refuse now what could not be written at the end."""
    if Path(args.plot).suffix not in (".png", ".pdf", ".svg"):
        raise BadInputError(f"{args.plot} should end in .png, .pdf or .svg.")
    for path in map(Path, (args.plot, args.weights)):
        new = not path.exists()
        try:
            path.open("ab").close()
        except OSError as error:
            raise BadInputError(f"{path} cannot be written: {error.strerror}.") from error
        if new:
            path.resolve().unlink()


def main():
    parser = argparse.ArgumentParser(description="Logistic regression on a cluster of Dask's.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running scheduler: tcp://host:8786")
    where.add_argument("--workers", type=count, default=2, help="processes on this machine (default: %(default)s)")
    parser.add_argument("--wait", type=count, default=60, metavar="SECONDS", help="for workers (default: %(default)s)")
    parser.add_argument("--memory", default="auto", metavar="LIMIT", help="of each such process, as 2GB")
    parser.add_argument("--dashboard", default=":0", metavar="ADDRESS", help="of such workers (default: any free port)")
    parser.add_argument("--data", metavar="FOLDER", help="files of rows, the label last (default: made-up data)")
    parser.add_argument("--rows", type=count, default=2_000_000, help="of made-up data (default: %(default)s)")
    parser.add_argument("--features", type=count, default=20, help="of made-up data (default: %(default)s)")
    parser.add_argument("--chunks", type=count, default=100_000, help="rows of a block (default: %(default)s)")
    parser.add_argument("--persist", action="store_true", help="keep the data in the memory of the workers")
    parser.add_argument("--method", choices=("lbfgs", "sgd"), default="lbfgs", help="(default: %(default)s)")
    parser.add_argument("--steps", type=count, default=20, help="iterations or epochs at most (default: %(default)s)")
    parser.add_argument("--ridge", type=number, default=1e-4, help="weight of the penalty (default: %(default)s)")
    parser.add_argument("--rate", type=number, default=1.0, help="of sgd (default: %(default)s)")
    parser.add_argument("--batch", type=count, default=2, help="blocks of a mini-batch of sgd (default: %(default)s)")
    parser.add_argument("--seed", type=count, default=1, help="of all random numbers (default: %(default)s)")
    parser.add_argument("--plot", default="logistic.png", metavar="FILE", help="the loss curve (default: %(default)s)")
    parser.add_argument("--weights", default="logistic.npy", metavar="FILE", help="the result (default: %(default)s)")
    args = parser.parse_args()

    for name in ("distributed.client", "asyncio"):  # which would tell with tracebacks what is told in a line below
        logging.getLogger(name).setLevel("CRITICAL")
    losses = []
    try:
        check_outputs(args)
        weights = solve(args, losses)
        with open(args.weights, "wb") as file:  # np.save would add an ending to a name
            np.save(file, weights)
        plot(losses, args.plot)
    except KilledWorker:
        sys.exit("Workers died, most likely out of memory: take fewer rows in --chunks, or give workers more --memory.")
    except (CancelledError, CommClosedError):
        sys.exit("The scheduler is gone, or the way to it: look at its log, and start again.")
    except (BadInputError, OSError, ValueError) as error:
        sys.exit(" ".join(str(error).split()))
    except KeyboardInterrupt:
        sys.stderr.write(f"\nInterrupted after {len(losses)} steps, nothing written: choose fewer with --steps.\n")
        sys.exit(130)
    print(f"The weights are in {args.weights}, the loss curve is in {args.plot}.")


if __name__ == "__main__":
    main()
