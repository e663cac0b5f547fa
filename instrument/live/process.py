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

    A share of the processor that comes at once is enough. Where only real-time scheduling is
    allowed, as it is to the users of Linux's audio group, the lowest priority does, below the
    sound's own.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        return
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
