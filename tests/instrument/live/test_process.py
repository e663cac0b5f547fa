"""What a session changes in its process, it gives back."""

from __future__ import annotations

import errno
import gc
import os
import sys

import pytest

from instrument.live.process import SWITCH_INTERVAL_SECONDS, raise_priority, undisturbed


def test_the_collector_and_the_turns_of_threads_are_as_before_at_the_end() -> None:
    interval = sys.getswitchinterval()
    with undisturbed():
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_SECONDS)
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(interval)


def test_they_are_given_back_after_an_error_too() -> None:
    interval = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), undisturbed():
        raise ZeroDivisionError
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == pytest.approx(interval)


@pytest.mark.skipif(sys.platform != "linux", reason="raises no priority there")
def test_a_system_that_knows_no_priorities_is_played_on_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def unknown(*_: object) -> None:
        asked.append("priority")
        raise OSError(errno.ENOSYS, "Function not implemented")

    for name in ("setpriority", "sched_setscheduler"):
        monkeypatch.setattr(os, name, unknown)
    raise_priority()
    assert len(asked) == 2
