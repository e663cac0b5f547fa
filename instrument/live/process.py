"""What a live session changes in its process while it plays, and gives back afterwards."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SWITCH_INTERVAL_SECONDS = 1e-4
"""Another thread of Python's may keep the control thread waiting so long."""

NICENESS = -15


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep Python from making the control thread wait; it is as it was at the end.

    What exists at the beginning stays: the collector needn't look at it, which takes it 0.1 s at
    times. And threads take turns more often.
    """
    interval = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()


def raise_priority() -> None:
    """Let the system run this thread before other programs, as far as that is allowed.

    That is real-time scheduling, as Linux allows it to the users of its audio group, at the lowest
    priority, below the sound's own: a larger share of the processor alone doesn't come at once
    where others compute, and a note waits. What this thread starts is an ordinary one again.
    """
    if sys.platform != "linux":
        return
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    with suppress(PermissionError):
        os.sched_setscheduler(0, policy, os.sched_param(1))
        return
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
