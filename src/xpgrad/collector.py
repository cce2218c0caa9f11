"""Python's garbage collector during long recordings. Importing this module is what it is for."""

from __future__ import annotations

import gc

from xpgrad.scope import is_recording


class _Sparing:
    """Lets the garbage collector visit its oldest generation a hundred times more seldom during recordings.

    A long record is a great many objects without a cycle. Visiting all of them again and again, as the collector does
    when old objects grow in number, would cost as much as the recording itself. The young generations are collected as
    usual. The collector calls this before it visits anything, so short records change nothing; what was set before
    comes back with the first collection after the recording.
    """

    def __init__(self) -> None:
        self._spared = False
        self._usual = self._raised = (0, 0, 0)

    def __call__(self, phase: str, _info: object) -> None:
        if phase != "start" or is_recording() is self._spared:
            return
        self._spared = not self._spared
        if self._spared:
            self._usual = gc.get_threshold()
            self._raised = (*self._usual[:2], 100 * self._usual[2])
            gc.set_threshold(*self._raised)
        elif gc.get_threshold() == self._raised:  # nobody has set it meanwhile
            gc.set_threshold(*self._usual)


gc.callbacks.append(_Sparing())
