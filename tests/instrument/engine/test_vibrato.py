"""The vibrato that controllers ask for: its extent, rate and delay, in all kinds of notes."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.engine.engine import Engine
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE, hz_to_midi
from tests.instrument.engine.music_and_measures import EXPRESSIVE, HOP, RATE, STRAIGHT

BAND_HZ = (3.5, 8.5)
KEYS = (57, 64, 71, 78, 85, 90)
SENZA = 4
Score = list[tuple[float, Event]]


def pitch(
    tiny: Instrument, events: Score, seconds: float, preset: int = EXPRESSIVE, seed: int = 0
) -> Float64:
    """What the only voice plays, MIDI, at the ends of hops."""
    names = [named.name for named in tiny.spec.presets]
    settings = EngineSettings(sample_rate=RATE, voices=1, preset=names[preset], seed=seed)
    engine = Engine(tiny, settings)
    for at, event in events:
        engine.push(event, round(at * RATE))
    frames, hop = engine.synth.frames, np.zeros((2, HOP), np.float32)
    heard = np.full(round(seconds * FRAME_RATE), np.nan)
    for number in range(len(heard)):
        engine.render(hop)
        row = number % len(frames.voice)
        slots = np.flatnonzero(frames.voice[row])
        if len(slots):
            heard[number] = hz_to_midi(float(frames.f0_hz[row, slots[0]]))
    return heard


def band(midi: Float64) -> Float64:
    """What moves at the rates of vibrato, in cents, without the ends."""
    spectrum = np.fft.rfft(100.0 * (midi - midi.mean()))
    hz = np.fft.rfftfreq(len(midi), 1.0 / FRAME_RATE)
    spectrum[(hz < BAND_HZ[0]) | (hz > BAND_HZ[1])] = 0.0
    return np.asarray(np.fft.irfft(spectrum, len(midi))[40:-40], np.float64)


def extent_cents(midi: Float64) -> float:
    return float(np.sqrt(2.0 * np.mean(np.square(band(midi)))))


@pytest.mark.parametrize("preset", [STRAIGHT, EXPRESSIVE])
@pytest.mark.parametrize("value", [SENZA, 32, 64, 100, 127])
def test_the_wheel_sets_the_extent_whatever_a_note_drew(
    tiny: Instrument, value: int, preset: int
) -> None:
    for seed, key in enumerate(KEYS):
        events: Score = [(0.0, ControlChange(0, 1, value)), (0.0, NoteOn(0, key, 90))]
        found = extent_cents(pitch(tiny, events, 2.0, preset, seed)[100:])
        assert found == pytest.approx(60.0 * value / 127.0, abs=3.0 if value > SENZA else 2.0)


def test_a_wheel_that_rests_leaves_each_note_its_own(tiny: Instrument) -> None:
    plain = pitch(tiny, [(0.0, NoteOn(0, 69, 90))], 1.0)
    told: Score = [(0.0, ControlChange(0, 1, 90)), (0.0, ControlChange(0, 1, 0))]
    np.testing.assert_array_equal(pitch(tiny, [*told, (0.0, NoteOn(0, 69, 90))], 1.0), plain)


@pytest.mark.parametrize(("value", "times"), [(0, 0.5), (64, 1.0), (127, 2.0)])
def test_its_rate_is_set_from_half_to_twice(tiny: Instrument, value: int, times: float) -> None:
    told: Score = [
        (0.0, ControlChange(0, controller, v)) for controller, v in ((1, 127), (76, value))
    ]
    midi = pitch(tiny, [*told, (0.0, NoteOn(0, 69, 90))], 2.5, STRAIGHT)[100:]
    crossings = np.count_nonzero(np.diff(np.sign(midi - np.median(midi))))
    assert crossings / 2.0 / (len(midi) / FRAME_RATE) == pytest.approx(5.7 * times, rel=0.15)


def test_it_begins_later_by_its_delay(tiny: Instrument) -> None:
    told: Score = [(0.0, ControlChange(0, controller, v)) for controller, v in ((1, 127), (78, 96))]
    midi = pitch(tiny, [*told, (0.0, NoteOn(0, 69, 90))], 2.5, STRAIGHT)
    assert np.ptp(midi[80:180]) < 0.1
    assert extent_cents(midi[300:]) == pytest.approx(60.0, abs=3.0)


def test_it_goes_on_through_the_quick_notes_of_a_line(tiny: Instrument) -> None:
    events: Score = [(0.0, ControlChange(0, 1, 127)), (0.0, ControlChange(0, 126, 0))]
    for number in range(10):
        events.append((0.15 * number, NoteOn(0, 69, 90)))
        events.append((0.15 * number + 0.15, NoteOff(0, 69)))
    assert extent_cents(pitch(tiny, events, 1.5, STRAIGHT)[60:]) == pytest.approx(60.0, abs=6.0)


def test_it_goes_on_as_a_long_note_is_continued(tiny: Instrument) -> None:
    events: Score = [(0.0, ControlChange(0, 1, 127)), (0.0, NoteOn(0, 69, 90))]
    midi = pitch(tiny, events, 7.0)
    for first in range(100, 1500, 250):
        assert extent_cents(midi[first : first + 250]) == pytest.approx(60.0, abs=3.0)
    assert np.abs(np.diff(midi[60:])).max() < 0.12


def test_the_wheel_takes_a_note_up_where_its_own_vibrato_is(tiny: Instrument) -> None:
    events: Score = [(0.0, NoteOn(0, 69, 90))]
    events += [(1.0 + 0.002 * value, ControlChange(0, 1, value)) for value in range(1, 128)]
    assert np.abs(np.diff(pitch(tiny, events, 2.0)[60:])).max() < 0.12
