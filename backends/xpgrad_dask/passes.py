"""In which pass over the data each layer runs: one begins where what has joined blocks goes back to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from xpgrad_dask.members import Member

Passes = dict[str, int]


def soon(order: Sequence[str], dependencies: Mapping[str, Collection[str]], local: Mapping[str, Member]) -> Passes:
    """The first pass that each layer can run in.

    Parameters
    ----------
    order : sequence of str
        The layers, each after those that it needs.
    dependencies : mapping of str to collection of str
        What each needs.
    local : mapping of str to Member
        Those that do not join blocks.
    """
    found: Passes = {}
    for name in order:
        joins = name not in local
        found[name] = max((found[dep] + (joins and dep in local) for dep in dependencies[name]), default=0)
    return found


def late(
    order: Sequence[str],
    users: Mapping[str, Collection[str]],
    local: Mapping[str, Member],
    wanted: Collection[str],
    first: Passes,
) -> Passes:
    """The pass of what reads a layer, if that can wait so long, as a transpose of the data for the last pass can.

    Parameters
    ----------
    order, local
        As for `soon`.
    users : mapping of str to collection of str
        What reads each layer.
    wanted : collection of str
        What is asked for.
    first : dict of str to int
        What `soon` found.
    """
    fixed = {*wanted}
    while True:
        found: Passes = {}
        for name in reversed(order):
            readers = (found[user] - (name in local and user not in local) for user in users[name])
            found[name] = first[name] if name in fixed else min(readers, default=first[name])
        # What waits for a value that is there earlier would only have that kept.
        vain = {
            name
            for name, own in local.items()
            if any(found[item.layer] < found[name] for item in own.inputs if item.layer in local)
        }
        if vain <= fixed:
            return found
        fixed |= vain
