"""How soon notes sound among a flood of other messages, as faders and MPE keyboards send them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Int64
from instrument.bench.live.loopback import load_jack, loopback
from instrument.bench.live.measure import ARCO, live_seconds
from instrument.bench.live.programs import (
    OwnCounts,
    arco_command,
    counted,
    running,
    wait_until_ready,
)
from instrument.bench.live.take import Take
from instrument.bench.metrics import Metric, Row, Section
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend
from instrument.midi.messages import encode

MESSAGES_PER_SECOND = (0, 1500, 3000, 6000)

POSITIONS = range(0, 128, 3)


@dataclass(frozen=True)
class Flood:
    """What became of notes among other messages.

    Attributes:
        messages_per_second: That were sent beside the notes.
        lost: Notes without a sound.
        missed: Notes of which the loopback itself missed a period; in no other metric.
        delays: [heard] seconds from a note-on's frame to its first sample.
        own: What Arco said of itself.
        xruns: Of the JACK server, meanwhile.
    """

    messages_per_second: int
    lost: int
    missed: int
    delays: Sequence[float]
    own: OwnCounts
    xruns: int


def measure_floods(notes: int, instrument: str) -> list[Flood]:
    """Play notes through a JACK server that runs, among more and more other messages.

    These are the wheel, pressure, vibrato and expression of the notes' own channel.

    Args:
        notes: For each rate.
        instrument: That Arco plays: its name, or the folder of an exported one.

    Raises:
        UsageError: JACK-Client isn't installed, no JACK server runs, it went away, or Arco didn't
            start or ended.
    """
    jack, found = load_jack(), []
    for rate in MESSAGES_PER_SECOND:
        with ExitStack() as opened:
            loop = opened.enter_context(loopback(jack, (ARCO,)))
            arco = opened.enter_context(running(arco_command(instrument)))
            ready = wait_until_ready(arco)
            loop.connect(ARCO, arco)
            take = Take.empty(loop.programs, notes, loop.sample_rate, loop.block, seed=0)
            if rate:
                take = take.with_flood(ARCO, _moves(), loop.sample_rate / rate)
            loop.play(take, lambda _seconds: None)
            own = counted(arco, ready)
        delays: Int64 = take.delays()
        latency = take.latency(ARCO)
        seconds = (delays / loop.sample_rate).tolist()
        found.append(Flood(rate, latency.lost, latency.missed, seconds, own, loop.xruns))
    return found


def _moves() -> list[bytes]:
    return [
        encode(event)
        for value in POSITIONS
        for event in (
            PitchBend(0, 16 * value),
            ChannelPressure(0, value),
            ControlChange(0, 1, value),
            ControlChange(0, 11, 127 - value // 4),
        )
    ]


def flood_seconds(notes: int) -> float:
    """How long `measure_floods` plays."""
    return len(MESSAGES_PER_SECOND) * live_seconds(notes)


def flood_section(floods: Sequence[Flood]) -> Section:
    """How much later than the quickest one notes sounded, and what had to wait."""
    quickest = min((min(flood.delays) for flood in floods if len(flood.delays)), default=0.0)
    rows = []
    for flood in floods:
        metrics = {}
        if len(flood.delays):
            later = 1000.0 * (np.asarray(flood.delays) - quickest)
            median, p90 = (float(part) for part in np.percentile(later, (50.0, 90.0)))
            metrics = {"median": Metric("ms", (median,)), "p90": Metric("ms", (p90,))}
        metrics |= {
            "postponed": Metric("messages", (float(flood.own.postponed),)),
            "lost": Metric("notes", (float(flood.lost),)),
        }
        rows.append(Row({"messages a second": flood.messages_per_second}, metrics))
    notes = (
        f"Later than the quickest note, which sounded after {1000.0 * quickest:.1f} ms; of the "
        "period in which a note is sent, what is left is in it. Notes that the loopback missed: "
        f"{', '.join(str(flood.missed) for flood in floods)}; late frames: "
        f"{', '.join(str(flood.own.late_frames) for flood in floods)}; gaps of JACK: "
        f"{', '.join(str(flood.xruns) for flood in floods)}.",
    )
    return Section("Live: notes among floods of other messages", tuple(rows), notes)
