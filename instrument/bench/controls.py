"""From a controller to what is synthesised, inside the engine: exact, whatever the machine does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float64
from instrument.bench.metrics import Metric, Row, Section
from instrument.dsp.frames import hop_start
from instrument.engine.engine import Engine
from instrument.engine.performance import Performance
from instrument.midi.events import ChannelPressure, ControlChange, Event, NoteOff, NoteOn, PitchBend
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE, db_to_gain

SAMPLE_RATE = 48_000
ARRIVED = 0.632
"""A control is there when 63 % of its way are behind it."""

FALLEN = db_to_gain(-3.0)
CHANGED_AT, HOPS = 200, 80
"""The change comes in this hop of the note, and is followed for so many."""

PHASES = 16
"""In so many places of the hop."""


class Traces(NamedTuple):
    """Where the synthesiser is in the middle and at the end of hops, [2 · HOPS] each.

    Attributes:
        log_hz: Natural logarithm of the fundamental.
        level: Of all harmonics, with volume and pan.
        vibrato_cents: The extent of the vibrato that a controller asks for.
    """

    log_hz: Float64
    level: Float64
    vibrato_cents: Float64


def traces(
    instrument: Instrument, before: Sequence[Event], change: Event | None, inside: int
) -> Traces:
    """Play a note and change something.

    Args:
        instrument: What plays.
        before: Events before the note.
        change: What happens in the hop of the change; None for nothing.
        inside: At which of its samples.
    """
    engine = Engine(instrument, EngineSettings(sample_rate=SAMPLE_RATE, voices=1, room_gain=0.0))
    for event in (*before, NoteOn(0, 69, 90)):
        engine.push(event, 0)
    first = hop_start(CHANGED_AT, SAMPLE_RATE)
    if change is not None:
        engine.push(change, first + inside)
    frames, state, smoother = engine.synth.frames, engine.synth.state, engine._control.smoother
    reached, bend = np.empty((3, HOPS + 1)), np.empty(HOPS)
    engine.render(np.zeros((2, first), np.float32))
    hop = np.zeros((2, hop_start(1, SAMPLE_RATE)), np.float32)
    slot = int(np.argmax(state.voice))
    for number in range(HOPS + 1):
        # The controls are those of the frame that the next hop ends with.
        vibrato_cents = smoother.values[slot, Performance.VIBRATO_CENTS]
        level = np.sqrt(np.sum(np.square(state.amps[slot], dtype=np.float64)))
        reached[:, number] = state.f0_hz[slot], level * state.gain[slot, 0], vibrato_cents
        if number < HOPS:
            engine.render(hop)
            bend[number] = frames.bend[(CHANGED_AT + number) % len(frames.voice), slot]
    reached[2, 1:] = reached[2, :-1].copy()
    start, end = reached[:, :-1].copy(), reached[:, 1:]
    start[0] *= bend
    f0_hz, level, vibrato_cents = np.stack([(start + end) / 2, end], -1).reshape(3, -1)
    return Traces(np.log(f0_hz), level, vibrato_cents)


def ways(control: str, changed: Traces, before: Traces, after: Traces) -> Float64:
    """How far a control has come, 0…1 in the middle and at the end of hops, [2 · HOPS]."""
    if control == "pitch":
        return (changed.log_hz - before.log_hz) / (after.log_hz - before.log_hz)
    if control == "vibrato":
        return changed.vibrato_cents / after.vibrato_cents
    return (changed.level - before.level) / (after.level - before.level)


def milliseconds(way: Float64, inside: int, arrived: float) -> float:
    """From a sample in the first hop to where a way has come, on straight lines between halves."""
    there = int(np.argmax(way >= arrived))
    part = (arrived - way[there - 1]) / (way[there] - way[there - 1])
    return float(1000.0 * ((there + part) / (2 * FRAME_RATE) - inside / SAMPLE_RATE))


class Case(NamedTuple):
    """A control that is measured.

    Attributes:
        name: Of it.
        control: What it moves: "pitch", "vibrato" or "level".
        start, end: What the channel is told before and then.
    """

    name: str
    control: str
    start: Event
    end: Event


def _turned(controller: int, start: int, end: int) -> tuple[Event, Event]:
    return ControlChange(0, controller, start), ControlChange(0, controller, end)


CASES = (
    Case("bend", "pitch", PitchBend(0, 0), PitchBend(0, 8191)),
    Case("pressure", "level", ChannelPressure(0, 0), ChannelPressure(0, 127)),
    Case("CC 2 up", "level", *_turned(2, 40, 127)),
    Case("CC 2 down", "level", *_turned(2, 127, 40)),
    Case("CC 11 up", "level", *_turned(11, 40, 127)),
    Case("CC 11 down", "level", *_turned(11, 127, 40)),
    Case("CC 7", "level", *_turned(7, 40, 127)),
    Case("CC 1", "vibrato", *_turned(1, 0, 127)),
    Case("knob", "pitch", *_turned(102, 30, 100)),
)


def latencies_ms(instrument: Instrument, case: Case, phases: int = PHASES) -> Float64:
    """From an event to 63 % of what it changes, over the places in a hop, [phases] in ms."""
    before = traces(instrument, [case.start], None, 0)
    after = traces(instrument, [case.end], None, 0)
    found = []
    for inside in _phases(phases):
        changed = traces(instrument, [case.start], case.end, inside)
        found.append(milliseconds(ways(case.control, changed, before, after), inside, ARRIVED))
    return np.array(found)


def note_off_ms(instrument: Instrument, phases: int = PHASES) -> Float64:
    """From a note-off to 3 dB less, over the places in a hop, [phases] in ms."""
    held = traces(instrument, [], None, 0)
    found = []
    for inside in _phases(phases):
        ended = traces(instrument, [], NoteOff(0, 69), inside)
        found.append(milliseconds(1.0 - ended.level / held.level, inside, 1.0 - FALLEN))
    return np.array(found)


def _phases(phases: int) -> list[int]:
    length = hop_start(1, SAMPLE_RATE)
    return [number * length // phases for number in range(phases)]


def measure_controls(
    instrument: Instrument, say: Callable[[str], None] = lambda _sentence: None
) -> Section:
    """How soon each control is heard."""
    rows = []
    for case in CASES:
        say(f"controls: {case.name}")
        rows.append(_row(case.name, latencies_ms(instrument, case)))
    rows.append(_row("note-off, 3 dB", note_off_ms(instrument)))
    return Section(
        "Controls: from an event to 63 % of its way in what is synthesised",
        tuple(rows),
        (f"Over {PHASES} places in a hop of 4 ms; no machine changes these.",),
    )


def _row(name: str, found: Float64) -> Row:
    return Row(
        {"control": name},
        {
            "median": Metric("ms", (float(np.median(found)),)),
            "max": Metric("ms", (float(found.max()),)),
        },
    )
