"""`instrument.bench.live` on a real JACK server: every note is heard, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.bench.live.latency import Latency
from instrument.bench.live.measure import LiveLatency, measure_live
from instrument.errors import UsageError

pytestmark = pytest.mark.live

RATE = 48_000
NOTES = 12
CALM_RUNS = 6
"""A shared computer takes the processor away at times: what needs a calm one is tried again."""

ATTACK = RATE // 1000
"""Samples in which the sound of a note rises above the threshold, at most."""

JITTER = 24
"""Samples by which one note rises later than another, which is no other but for its envelope."""


def heard_whole(latency: Latency, notes: int) -> bool:
    return (latency.notes, latency.lost, latency.missed) == (notes, 0, 0)


def on_time(found: LiveLatency) -> bool:
    """Whether each note of Arco's sounded where it says."""
    spread = found.arco.from_note
    assert spread is not None
    within = found.block <= spread.p1 <= spread.p99 <= found.block + ATTACK
    return within and spread.jitter <= JITTER


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_note_is_heard_one_block_after_it_came(
    make_jack_server: Callable[..., Any], tiny_instrument: Path
) -> None:
    # A shared computer may need more than a shorter block to get a note ready.
    make_jack_server(256).start()
    for _ in range(CALM_RUNS):
        found = measure_live(NOTES, str(tiny_instrument))
        assert (found.sample_rate, found.block) == (RATE, 256)
        assert heard_whole(found.arco, NOTES)
        assert found.own.notes == NOTES
        assert found.own.dropped == found.own.messages_lost == 0
        assert found.own.latency_ms == pytest.approx(1000 * 256 / RATE, abs=0.05)
        if isinstance(found.fluidsynth, str):
            assert "apt install" in found.fluidsynth
        else:
            assert heard_whole(found.fluidsynth, NOTES)
        if on_time(found):
            break
    assert on_time(found), found


def test_without_a_server_it_says_what_to_start(
    live_parts: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(UsageError, match="no JACK server runs; start one"):
        measure_live(1)
    assert capfd.readouterr() == ("", "")


def test_an_instrument_that_cannot_be_played_is_refused_as_arco_refuses_it(
    jack_server: Any,
) -> None:
    with pytest.raises(UsageError, match=r"'arco play' doesn't start: no instrument .*cello"):
        measure_live(1, "cello")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_server_that_goes_away_ends_it(
    make_jack_server: Callable[..., Any], tiny_instrument: Path
) -> None:
    # A server that waits for its clients would wait long for those that it ends before.
    server = make_jack_server(synchronous=False)
    server.start()
    ending = threading.Timer(0.0, server.stop)

    def after_two_seconds(seconds: float) -> None:
        if seconds > 2.0 and not ending.is_alive():
            ending.start()

    with pytest.raises(UsageError, match="the JACK server went away"):
        measure_live(1000, str(tiny_instrument), progress=after_two_seconds)
    ending.join()
