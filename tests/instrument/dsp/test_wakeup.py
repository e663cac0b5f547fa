"""A thread sleeps until a callback wakes it, and no callback writes where it shouldn't."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from instrument.dsp import wakeup
from instrument.dsp.wakeup import Wakeup

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is woken there")

LONG_SECONDS = 60.0


def waits_seconds(woken: Wakeup, at_most: float) -> float:
    began = time.perf_counter()
    woken.wait(at_most)
    return time.perf_counter() - began


def test_who_is_not_woken_waits_as_long_as_asked() -> None:
    assert waits_seconds(Wakeup(), 0.02) >= 0.02


def test_who_was_woken_meanwhile_does_not_wait_at_all_but_only_once() -> None:
    woken = Wakeup()
    for _ in range(3):
        os.write(woken.pipe, b"\0")
    assert waits_seconds(woken, LONG_SECONDS) < LONG_SECONDS
    assert waits_seconds(woken, 0.02) >= 0.02


def test_its_pipe_is_closed_when_nobody_has_it_any_more() -> None:
    woken = Wakeup()
    pipe = woken.pipe
    os.fstat(pipe)
    del woken
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(pipe)


def test_with_more_files_open_than_can_be_waited_for_it_sleeps(monkeypatch: Any) -> None:
    monkeypatch.setattr(wakeup, "SELECTABLE", 0)
    woken = Wakeup()
    assert woken.write == 0
    assert waits_seconds(woken, 0.02) >= 0.02
