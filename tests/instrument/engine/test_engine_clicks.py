"""Nothing that happens to a sounding note makes a click."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
)
from tests.instrument.engine.music_and_measures import (
    HOP,
    OFF,
    ON,
    RATE,
    SMOOTH_DB,
    Play,
    click_db,
    parameter,
)

HELD: list[tuple[float, Event]] = [(0.1, ON)]
EDGES: dict[str, tuple[list[tuple[float, Event]], float, int]] = {
    "beginning": (HELD, 0.1, 16),
    "release": ([*HELD, (0.7003, OFF)], 0.7003, 16),
    "slur": ([*HELD, (0.7003, OFF), (0.7003, NoteOn(0, 73, 30))], 0.7003, 16),
    "wide slur": ([*HELD, (0.7003, OFF), (0.7003, NoteOn(0, 57, 120))], 0.7003, 16),
    "repeated note": ([*HELD, (0.7003, OFF), (0.7003, ON)], 0.7003, 16),
    "line with a gap": ([*HELD, (0.65, OFF), (0.7003, NoteOn(0, 73, 90))], 0.7003, 16),
    "stealing": ([*HELD, (0.7003, NoteOn(0, 73, 90))], 0.7003, 1),
    "all sound off": ([*HELD, (0.7003, ControlChange(0, 120, 0))], 0.7003, 16),
    "all notes off": ([*HELD, (0.7003, ControlChange(0, 123, 0))], 0.7003, 16),
    "volume": ([*HELD, (0.7003, ControlChange(0, 7, 0))], 0.7003, 16),
    "pan": ([*HELD, (0.7003, ControlChange(0, 10, 0))], 0.7003, 16),
    "expression": ([*HELD, (0.7003, ControlChange(0, 11, 10))], 0.7003, 16),
    "bend": ([*HELD, (0.7003, PitchBend(0, 8191))], 0.7003, 16),
    "bend out of the range": (
        [(0.1, NoteOn(0, 56, 100)), (0.7003, PitchBend(0, -8192))],
        0.7003,
        16,
    ),
    "bend into the range": (
        [(0.0, PitchBend(0, -8192)), (0.1, NoteOn(0, 56, 100)), (0.7003, PitchBend(0, 0))],
        0.7003,
        16,
    ),
    "bend far below": (
        [*((0.0, e) for e in parameter(0, 0, 24)), *HELD, (0.7003, PitchBend(0, -8192))],
        0.7003,
        16,
    ),
    "a knob": ([*HELD, (0.7003, ControlChange(0, 105, 127))], 0.7003, 16),
    "a place": ([*HELD, (0.7003, Latent(0, (1.5,) * 16))], 0.7003, 16),
    "places": ([*HELD, *((0.7003 + k / 60, Latent(0, (k % 2,) * 16)) for k in range(9))], 0.75, 16),
    "vibrato": ([*HELD, (0.7003, ControlChange(0, 1, 127))], 0.7003, 16),
    "pressure": ([*HELD, (0.7003, ChannelPressure(0, 127))], 0.7003, 16),
    "key pressure": ([*HELD, (0.7003, KeyPressure(0, 69, 127))], 0.7003, 16),
    "tuning": ([*HELD, *((0.7003, event) for event in parameter(0, 2, 66))], 0.7003, 16),
    "quick release": ([*HELD, (0.7003, NoteOff(0, 69, 127))], 0.7003, 16),
    "mono line": (
        [(0.0, ControlChange(0, 126, 0)), *HELD, (0.7003, NoteOn(0, 45, 90))],
        0.7003,
        16,
    ),
    "back to a key": (
        [
            (0.0, ControlChange(0, 68, 127)),
            *HELD,
            (0.4, NoteOn(0, 45, 90)),
            (0.7003, NoteOff(0, 45)),
        ],
        0.7003,
        16,
    ),
    "portamento": (
        [(0.0, ControlChange(0, 65, 127)), *HELD, (0.7003, NoteOn(0, 81, 90))],
        0.7003,
        16,
    ),
    "another zone": ([*HELD, *((0.7003, event) for event in parameter(0, 6, 3))], 0.7003, 16),
}


@pytest.mark.parametrize(("events", "seconds", "voices"), EDGES.values(), ids=EDGES.keys())
def test_nothing_clicks(
    play: Play, events: list[tuple[float, Event]], seconds: float, voices: int
) -> None:
    heard = play(events, 1.0, voices=voices)[0]
    for hop in range(3):
        assert click_db(heard, round(seconds * RATE) + hop * HOP) < SMOOTH_DB


def test_the_measure_hears_a_click(play: Play) -> None:
    heard = play(HELD, 1.0)[0]
    quietest = 36_000 + int(np.argmin(np.abs(heard[36_000:36_050])))
    heard[quietest:] = 0.0
    assert click_db(heard, quietest) > SMOOTH_DB + 6.0
