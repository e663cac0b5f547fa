"""JACK tells who is there, what is connected, and that its server died."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from ctypes import CDLL
from typing import Any

import pytest

from instrument.audio import jack
from instrument.audio.jack import IS_INPUT, IS_OUTPUT, Watcher


@pytest.fixture
def watcher(jack_library: CDLL, jack_server: Any) -> Iterator[Watcher]:
    watcher = Watcher.open(jack_library, "Watcher")
    assert watcher is not None
    yield watcher
    watcher.close()


def dies(watcher: Watcher) -> bool:
    until = time.monotonic() + 10.0
    while watcher.alive and time.monotonic() < until:
        time.sleep(0.001)
    return not watcher.alive


@pytest.mark.parametrize("library", ["no-such-library", "a library without JACK"])
def test_no_library_no_jack(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    import _ctypes  # noqa: PLC0415 (a compiled module, as good as any)

    path = _ctypes.__file__ if library == "a library without JACK" else library
    monkeypatch.setattr(jack, "LIBRARIES", {sys.platform: (path,)})
    assert jack.load() is None


@pytest.mark.live
def test_no_server_no_watcher(jack_library: CDLL, make_jack_server: Callable[..., Any]) -> None:
    make_jack_server()
    assert Watcher.open(jack_library, "Watcher") is None


@pytest.mark.live
def test_ports_and_what_they_are_connected_to(
    watcher: Watcher, midi_source: Callable[..., Any]
) -> None:
    midi_source("Keys", "left", "right")
    assert watcher.ports(IS_OUTPUT) == ["Keys:left", "Keys:right"]
    assert watcher.ports(IS_INPUT) == []
    assert watcher.connections("Keys:left") == watcher.connections("Keys:middle") == []


@pytest.mark.live
@pytest.mark.parametrize("death", ["kill", "stop"])
def test_the_death_of_its_server_is_final(
    watcher: Watcher,
    jack_library: CDLL,
    jack_server: Any,
    midi_source: Callable[..., Any],
    death: str,
) -> None:
    midi_source()
    assert watcher.alive
    getattr(jack_server, death)()
    assert dies(watcher)
    assert watcher.ports(IS_OUTPUT) == watcher.connections("Keys:out") == []
    assert not watcher.close()
    jack_server.start()
    assert not watcher.alive
    after = Watcher.open(jack_library, "Watcher")
    assert after is not None
    assert after.alive
    assert after.close()
