"""Lines, held notes and short ones, as the engine plays them."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.midi.events import Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.music_and_measures import (
    EXPRESSIVE,
    HOP,
    OFF,
    ON,
    RATE,
    STRAIGHT,
    Play,
    cents,
    level_db,
)

# --- Lines -------------------------------------------------------------------------------------


def test_a_slur_goes_on_in_one_voice_without_a_dip(tiny: Instrument, play: Play) -> None:
    events: list[tuple[float, Event]] = [(0.0, ON), (0.6, OFF), (0.6, NoteOn(0, 72, 100))]
    line = play(events, 1.2)[0]
    assert level_db(line, 240)[100:].min() > level_db(line, 240)[60:110].mean() - 8.0
    alone = play(events[:1], 1.2)[0]
    np.testing.assert_array_equal(line[:28_800], alone[:28_800])
    assert np.abs(line[28_800 : 28_800 + HOP] - alone[28_800 : 28_800 + HOP]).max() < 0.1
    engine = Engine(tiny, EngineSettings(sample_rate=RATE))
    for seconds, event in events:
        engine.push(event, round(seconds * RATE))
    engine.render(np.zeros((2, RATE), np.float32))
    assert (engine.voices, engine.most_voices, engine.notes) == (1, 1, 2)


def test_a_slur_reaches_its_pitch(play: Play) -> None:
    line = play([(0.0, ON), (0.6, OFF), (0.6, NoteOn(0, 72, 100))], 1.2, preset=STRAIGHT)[0]
    assert np.abs(cents(line[14_400:28_000], 69)[1000:-1000]).max() < 12.0
    assert np.abs(cents(line[28_800 + 3400 :], 72)[1000:-1000]).max() < 12.0


@pytest.mark.parametrize("ends", [[(0.4, 1), (0.8, 0)], [(0.4, 0), (0.8, 1)]])
def test_of_two_notes_of_one_key_the_one_that_is_meant_ends(
    play: Play, ends: list[tuple[float, int]]
) -> None:
    soft, loud = NoteOn(0, 69, 30, note=0), NoteOn(0, 69, 120, note=1)
    both: list[tuple[float, Event]] = [(0.0, soft), (0.1, loud)]
    heard = play([*both, *((at, NoteOff(0, 69, note=note)) for at, note in ends)], 0.8)[0]
    level = level_db(heard[round(0.65 * RATE) : round(0.78 * RATE)]).mean()
    alone = [
        level_db(play([(0.0, note)], 0.8)[0][round(0.65 * RATE) : round(0.78 * RATE)]).mean()
        for note in (soft, loud)
    ]
    assert alone[1] > alone[0] + 6.0
    assert level == pytest.approx(alone[ends[1][1]], abs=2.0)


# --- Held and short notes ----------------------------------------------------------------------


@pytest.mark.slow
def test_a_held_note_goes_on_without_a_loop(play: Play) -> None:
    heard = play([(0.0, ON)], 20.0, preset=EXPRESSIVE)[0]
    levels = level_db(heard)[50:]
    assert np.abs(levels - np.median(levels)).max() < 8.0
    pitch = cents(heard, 69)[RATE // 2 : -RATE // 10]
    assert np.abs(pitch).max() < 50.0
    assert all(part.std() > 2.0 for part in np.array_split(pitch, 19))
    for curve in (levels, pitch[::480]):
        for lag in range(50, 1200, 3):
            earlier, later = curve[:-lag], curve[lag:]
            overlap = min(len(earlier), 500)
            assert np.corrcoef(earlier[:overlap], later[:overlap])[0, 1] < 0.98


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.2, 1.0])
def test_a_short_note_ends_naturally(play: Play, seconds: float) -> None:
    heard = play([(0.0, ON), (seconds, OFF)], 2.5)[0]
    ending = level_db(heard[round(seconds * RATE) + HOP :], 960)
    audible = ending[ending > -80.0]
    assert np.diff(audible[1:]).max(initial=-1.0) < 1.5
    assert np.diff(audible).min(initial=0.0) > -40.0
    assert len(audible) >= 2
    assert not heard[-4800:].any()
