"""Graphs run within limits: of time, which Ctrl-C ends too, and of memory."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from instrument.errors import InstrumentError
from instrument.model.runtime import Stop, within_time
from instrument.model.spec import read_spec
from tests.instrument.model.graph_maker import endless_loop

SOON_SECONDS = 3.0


@pytest.fixture
def loop(tiny_instrument: Path) -> onnxruntime.InferenceSession:
    """A graph that never ends, as no instrument may have one."""
    graph = endless_loop(read_spec(tiny_instrument)).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_for_ever(loop: onnxruntime.InferenceSession, stop: Stop) -> object:
    inputs = {
        tensor.name: np.ones([s if isinstance(s, int) else 2 for s in tensor.shape], np.float32)
        for tensor in loop.get_inputs()
    }
    return loop.run(None, inputs, run_options=stop)


def ended() -> bool:
    """Whether no thread is left behind."""
    loading = [thread for thread in threading.enumerate() if thread.name == "arco-load"]
    for thread in loading:
        thread.join(SOON_SECONDS)
    return not any(thread.is_alive() for thread in loading)


def test_what_is_done_in_time_gives_its_result() -> None:
    assert within_time(lambda _stop: 7, "seven") == 7


def test_what_fails_fails_here() -> None:
    def fail(_stop: Stop) -> None:
        raise InstrumentError("no")

    with pytest.raises(InstrumentError, match="no"):
        within_time(fail, "nothing")


def test_what_takes_too_long_is_stopped(loop: onnxruntime.InferenceSession) -> None:
    began = time.perf_counter()
    with pytest.raises(InstrumentError, match=r"inst: .* more than 0\.2 s"):
        within_time(lambda stop: run_for_ever(loop, stop), "inst", seconds=0.2)
    assert time.perf_counter() - began < SOON_SECONDS
    assert ended()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are other there")
def test_ctrl_c_stops_it(loop: onnxruntime.InferenceSession) -> None:
    began = time.perf_counter()
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        within_time(lambda stop: run_for_ever(loop, stop), "inst", seconds=60.0)
    assert time.perf_counter() - began < SOON_SECONDS
    timer.join()
    assert ended()
