"""A thread that sleeps until a compiled callback wakes it."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import time
import weakref
from ctypes import CDLL, c_void_p

SELECTABLE = 1024
"""Descriptors that ``select`` knows are lower."""

WOKEN_BYTES = 4096
"""That are read at once: however often it was woken meanwhile, it wakes once."""


class Wakeup:
    """A pipe: a compiled callback writes a byte into it, for which another thread waits.

    It is closed when nobody has it any more, so that no callback writes into another file. On
    Windows, where nothing waits for a pipe for a limited time, nobody is woken.

    Attributes:
        write: The address of C's ``write``, which is called with `pipe`; 0 if nobody is woken.
        pipe: The file descriptor that is written to. It never makes who writes wait.
    """

    def __init__(self) -> None:
        self.write = self.pipe = 0
        if sys.platform == "win32":
            return
        self._woken, self.pipe = os.pipe()
        for end in (self._woken, self.pipe):
            os.set_blocking(end, False)
            # A callback may outlive the interpreter.
            weakref.finalize(self, os.close, end).atexit = False
        if self._woken < SELECTABLE:
            self.write = ctypes.cast(CDLL(None).write, c_void_p).value or 0

    def wait(self, seconds: float) -> None:
        """Sleep until a callback wakes this thread, or for so long."""
        if not self.write:
            time.sleep(seconds)
        elif select.select((self._woken,), (), (), seconds)[0]:
            os.read(self._woken, WOKEN_BYTES)
