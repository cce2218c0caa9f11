"""Rules run once while recording, where a length is not known: what cannot go back says so where it is used.

A lazy library may not know how long its blocks are. Many rules need not know it, others find out only in the walk back,
far from the call that they belong to. Nothing is computed here: what a rule makes of lazy arrays is dropped.
"""

from __future__ import annotations

from math import isnan
from typing import Any

from xpgrad.cotangent import namespace_of, restore
from xpgrad.discovery import SHAPES
from xpgrad.errors import RuleError, UnknownLengthsError
from xpgrad.node import Node


def rehearse(node: Node, out: Any) -> None:
    """Run the rules of a new node, of a lazy library, if a length of its inputs or outputs is not known.

    Parameters
    ----------
    node : Node
        What was recorded, with its form.
    out : array or tuple of array
        The raw output, which stands for its own cotangent: it has the shape and the blocks of one.

    Raises
    ------
    UnknownLengthsError
        If a rule cannot be run.
    """
    plan, form = node.plan, node.form
    outputs = out if isinstance(out, tuple | list) else (out,)
    if form is None or not outputs or outputs[0].__class__ not in SHAPES:
        return
    if plan.primitive.elementwise:  # its rules run block by block, whatever the lengths are
        return
    inputs = [like[0] for like in form.like or () if like is not None]
    if not any(isnan(n) for shape in (*inputs, *(part.shape for part in outputs)) for n in shape):
        return
    g = out if outputs[0] is out else tuple(outputs)
    xp = namespace_of(outputs[0])
    for i, pull, _ in plan.edges:
        try:
            restore(xp, pull(xp, g, node.kept), *form.like[i])  # type: ignore[index]  # a call of any form notes it
        except RuleError:
            raise
        except Exception as error:
            raise UnknownLengthsError(f"the derivative of {plan.primitive.name}") from error
