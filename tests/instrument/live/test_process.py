"""What a session changes in its process, it gives back."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable

import pytest

from instrument.live.process import (
    NICENESS,
    SWITCH_INTERVAL_SECONDS,
    raise_priority,
    undisturbed,
)


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


@pytest.mark.skipif(sys.platform != "linux", reason="only there it has to be asked for")
@pytest.mark.parametrize(
    ("allowed", "wanted"),
    [
        ({"sched_setscheduler", "setpriority"}, "sched_setscheduler"),
        ({"setpriority"}, "setpriority"),
        (set[str](), None),
    ],
)
def test_the_control_thread_is_real_time_or_else_gets_a_larger_share(
    allowed: set[str], wanted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, tuple[object, ...]] = {}

    def asked(name: str) -> Callable[..., None]:
        def ask(*arguments: object) -> None:
            if name not in allowed:
                raise PermissionError
            given[name] = arguments

        return ask

    for name in ("sched_setscheduler", "setpriority"):
        monkeypatch.setattr(os, name, asked(name))
    raise_priority()
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    thread = threading.get_native_id()
    assert (
        given
        == {
            "sched_setscheduler": {"sched_setscheduler": (0, policy, os.sched_param(1))},
            "setpriority": {"setpriority": (os.PRIO_PROCESS, thread, NICENESS)},
            None: {},
        }[wanted]
    )
