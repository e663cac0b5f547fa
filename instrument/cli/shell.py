"""What a shell gives a program and takes from it: streams, signals and an exit status."""

from __future__ import annotations

import io
import math
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import FrameType

    from _typeshed import ReadableBuffer

ERRORS = "backslashreplace"
"""What is done with the bytes in file names that are no text."""

CLEANING_SECONDS = 2.0
"""A second signal doesn't disturb the clean-up that the first one began, for so long."""


class Words(io.FileIO):
    """Where words go: if nobody reads them, or a disk is full, the work goes on without them.

    Attributes:
        error: Why they went nowhere; None if they were written.
    """

    error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it, or give up; returns how many bytes were taken, which is all."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and self.error is None:
            try:
                written = super().write(left)
            except OSError as error:
                self.error = error
            else:
                if written is None:  # another program made the stream non-blocking
                    select.select([], [self], [])
                left = left[written or 0 :]
        return size


@contextmanager
def streams() -> Iterator[Words | None]:
    """Make stdout and stderr of `Words` and give stdout's; closed ones are there, and take nothing.

    A stream whose descriptor is closed is None to Python, and the next file that is opened gets the
    descriptor: what a library prints would go into it.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout, out = _of_words(sys.stdout, sys.__stdout__)
    sys.stderr, _ = _of_words(sys.stderr, sys.__stderr__)
    try:
        yield out
    finally:
        given = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = before
        for new, old in zip(given, before, strict=True):
            if old is None:
                new.close()
            elif new is not old:
                new.flush()


def _of_words(stream: TextIO | None, original: TextIO | None) -> tuple[TextIO, Words | None]:
    """A stream of words in the place of another, and what is below it; as it is if in doubt."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8", errors=ERRORS), None  # noqa: PTH123
    if not isinstance(stream, io.TextIOWrapper):
        return stream, None
    stream.reconfigure(errors=ERRORS)
    raw = getattr(stream.buffer, "raw", stream.buffer)  # the same if Python buffers nothing
    if stream is not original or not isinstance(raw, io.FileIO):
        return stream, None
    stream.flush()
    words = Words(stream.fileno(), "wb", closefd=False)
    text = io.TextIOWrapper(
        words if raw is stream.buffer else io.BufferedWriter(words),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return text, words


def signals_that_end() -> list[signal.Signals]:
    """Ctrl-C, SIGTERM and SIGHUP; one that is ignored, as by ``nohup``, stays ignored."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) != signal.SIG_IGN]


@contextmanager
def signals() -> Iterator[None]:
    """End by an exception when a signal says so, so that nothing half-written is left.

    Ctrl-C is a KeyboardInterrupt, as ever; SIGTERM and SIGHUP end with the exit status that a shell
    expects, 143 and 129.
    """
    begun = -math.inf

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal begun
        if time.monotonic() - begun < CLEANING_SECONDS:
            return
        begun = time.monotonic()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    if current_thread() is not main_thread():  # where Python allows no handlers
        yield
        return
    before = {number: signal.signal(number, end) for number in signals_that_end()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
