"""The engine: what is heard when events are pushed and blocks are rendered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.synth import render_block
from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.midi.controllers import CONTROLLERS as MAPPED
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import gain_to_db, midi_to_hz

RATE = 48_000
HOP = 192
ON, OFF = NoteOn(0, 69, 100), NoteOff(0, 69)
EXPRESSIVE, STRAIGHT = 1, 2
Play = Callable[..., Float32]


# --- Measures ----------------------------------------------------------------------------------


def level_db(mono: Float32, window: int = 480) -> Float64:
    """R.m.s. level of windows, [windows]; silence is −200 dB."""
    whole = mono[: len(mono) // window * window].astype(np.float64)
    power = np.mean(whole.reshape(-1, window) ** 2, axis=1)
    return np.asarray(gain_to_db(np.sqrt(power)), np.float64)


def cents(mono: Float32, key: float, sample_rate: int = RATE) -> Float64:
    """Pitch of the fundamental against a key, sample by sample: its phase, demodulated."""
    hz = float(midi_to_hz(key))
    base = mono * np.exp(-2j * np.pi * hz * np.arange(len(mono)) / sample_rate)
    window = np.hanning(4 * round(sample_rate / hz))
    slow = np.convolve(base, window / window.sum(), "same")
    drift_hz = np.gradient(np.unwrap(np.angle(slow))) * sample_rate / (2.0 * np.pi)
    return 1200.0 * np.log2(np.maximum(1.0 + drift_hz / hz, 1e-3))


def click_db(mono: Float32, sample: int) -> float:
    """Peak above 10 kHz in the 15 ms from a sample on, against the peak of the whole."""
    place = np.arange(-48, 49)
    low = 2 * 10_000 / RATE * np.sinc(2 * 10_000 / RATE * place)
    high = ((place == 0) - low) * np.hanning(99)[1:-1]
    around = mono[max(sample - 144, 0) : sample + 720].astype(np.float64)
    heard = np.abs(np.convolve(around, high, "valid")).max()
    return float(gain_to_db(heard / np.abs(mono).max()))


SMOOTH_DB = -50.0
"""The steady noise of the tiny instrument lies at −53; a note cut off gives −35."""


# --- Any block size, any rate ------------------------------------------------------------------

RICH: list[tuple[float, Event]] = [
    (0.0, ControlChange(0, 1, 90)),
    (0.0, NoteOn(0, 67, 90)),
    (0.05, NoteOn(0, 71, 60)),
    (0.0501, NoteOn(1, 62, 110)),
    (0.06, PitchBend(1, 3000)),
    (0.08, ControlChange(0, 64, 127)),
    (0.1, NoteOff(0, 67)),
    (0.11, ProgramChange(0, 1)),
    (0.12, NoteOn(0, 79, 127)),
    (0.12, ControlChange(0, 10, 20)),
    (0.15, ControlChange(0, 64, 0)),
    (0.2, NoteOff(1, 62)),
    (0.22, NoteOn(1, 64, 100)),
    (0.25, ControlChange(0, 123, 0)),
    (0.3, ControlChange(1, 120, 0)),
]


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("blocks", [64, 128, 1000, 4096, (1, 777, 0, 13)])
def test_the_size_of_the_blocks_changes_no_bit(
    play: Play, sample_rate: int, blocks: int | Sequence[int]
) -> None:
    settings = {"sample_rate": sample_rate, "room_gain": 0.2, "voices": 3}
    whole = play(RICH, 0.4, blocks=100_000, **settings)
    assert np.abs(whole).max() > 0.05
    np.testing.assert_array_equal(play(RICH, 0.4, blocks=blocks, **settings), whole)


CHANNELS, KEYS = st.integers(0, 2) | st.integers(0, 15), st.integers(55, 79) | st.integers(0, 127)
VALUES = st.sampled_from([0, 1, 63, 64, 127]) | st.integers(0, 127)
CONTROLLERS = st.sampled_from([*MAPPED, 120, 123, 124, 125]) | st.integers(0, 127)
ANY_EVENT = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS, VALUES),
    st.builds(ControlChange, CHANNELS, CONTROLLERS, VALUES),
    st.builds(PitchBend, CHANNELS, st.integers(-8192, 8191)),
    st.builds(ProgramChange, CHANNELS, st.integers(0, 127)),
    st.builds(ChannelPressure, CHANNELS, VALUES),
    st.builds(KeyPressure, CHANNELS, KEYS, VALUES),
)


def parameter(channel: int, number: int, value: int) -> list[Event]:
    """Set a registered parameter."""
    pairs = ((101, 0), (100, number), (6, value))
    return [ControlChange(channel, controller, data) for controller, data in pairs]


ZONES = st.builds(parameter, st.sampled_from([0, 15]), st.just(6), st.integers(0, 15))
MOMENTS = st.integers(0, 6000) | st.sampled_from([0, HOP, 5 * HOP, 5 * HOP + 1, 6 * HOP - 1])
BURSTS = st.tuples(MOMENTS, st.lists(ANY_EVENT, min_size=1, max_size=6) | ZONES)


@st.composite
def any_music(draw: st.DrawFn) -> list[tuple[int, Event]]:
    """Bursts of events at samples 0…6000."""
    bursts = draw(st.lists(BURSTS, min_size=1, max_size=12))
    return [(sample, event) for sample, events in bursts for event in events]


@settings(max_examples=40)
@given(
    events=any_music(),
    blocks=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    sample_rate=st.sampled_from([44_100, 48_000]),
    voices=st.integers(1, 4),
)
def test_whatever_is_played_the_blocks_change_no_bit(
    play: Play,
    events: list[tuple[int, Event]],
    blocks: list[int],
    sample_rate: int,
    voices: int,
) -> None:
    chosen = {"sample_rate": sample_rate, "voices": voices, "room_gain": 0.1}
    whole = play(events, 0.16, blocks=100_000, **chosen)
    np.testing.assert_array_equal(play(events, 0.16, blocks=blocks, **chosen), whole)
    assert np.all(np.isfinite(whole))
    assert np.abs(whole).max() <= 1.0


@settings(max_examples=25)
@given(events=any_music(), voices=st.integers(1, 4))
def test_whatever_is_played_nothing_hangs(
    tiny: Instrument, events: list[tuple[int, Event]], voices: int
) -> None:
    """With all keys and pedals up and all notes off."""
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=voices))
    for sample, event in events:
        engine.push(event, sample)
        if isinstance(event, NoteOn):
            engine.push(NoteOff(event.channel, event.key), 6001)
    for controller in (64, 66, 123):
        for channel in range(16):
            engine.push(ControlChange(channel, controller, 0), 6001)
    heard = np.zeros((2, 2 * RATE), np.float32)
    engine.render(heard)
    assert (engine.held, engine.voices, engine.silent) == (0, 0, True)
    assert engine.most_voices <= voices
    assert np.all(np.isfinite(heard))
    assert np.abs(heard).max() <= 1.0
    assert lateness(engine) == (0, 0)


# --- Two threads -------------------------------------------------------------------------------


def lateness(engine: Engine) -> tuple[int, int]:
    """How many frames and how many notes came late."""
    state = engine.synth.state
    return int(state.late_frames[0]), int(state.late_notes[0])


def block_of(engine: Engine, samples: int) -> Float32:
    """The next samples, from what the engine was advanced by."""
    block = np.zeros((2, samples), np.float32)
    render_block(engine.synth, block[0], block[1])
    return block


@settings(max_examples=25)
@given(
    events=any_music(),
    ahead=st.integers(1, 9000),
    steps=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8),
    sample_rate=st.sampled_from([44_100, 48_000]),
)
def test_an_engine_that_is_ahead_gives_the_same_bits(
    tiny: Instrument,
    play: Play,
    events: list[tuple[int, Event]],
    ahead: int,
    steps: list[tuple[float, float]],
    sample_rate: int,
) -> None:
    """It gets ahead by any part of what it may, and any part of that is played then."""
    engine = Engine(
        tiny, EngineSettings(sample_rate=sample_rate, voices=3, room_gain=0.1), ahead=ahead
    )
    for sample, event in events:
        engine.push(event, sample)
    blocks = [np.zeros((2, 0), np.float32)]
    for further, played in steps:
        engine.advance(engine.position + max(1, round(further * ahead)))
        blocks.append(block_of(engine, round(played * (engine.reached - engine.position))))
    heard = np.concatenate(blocks, axis=1)
    wanted = play(
        events, heard.shape[1] / sample_rate, sample_rate=sample_rate, voices=3, room_gain=0.1
    )
    np.testing.assert_array_equal(heard, wanted)
    assert lateness(engine) == (0, 0)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    events=any_music(),
    frames=st.integers(2, 60),
    sample_rate=st.sampled_from([44_100, 48_000]),
    size=st.integers(100, 9000),
)
def test_frames_computed_at_once_sound_like_single_ones(
    tiny: Instrument,
    play: Play,
    events: list[tuple[int, Event]],
    frames: int,
    sample_rate: int,
    size: int,
) -> None:
    """The graph rounds otherwise for many frames, which is all the difference: −110 dBFS."""
    engine = Engine(
        tiny,
        EngineSettings(sample_rate=sample_rate, voices=3, room_gain=0.1),
        ahead=8192,
        frames_at_once=frames,
    )
    for sample, event in events:
        engine.push(event, sample)
    heard = np.zeros((2, round(1.2 * sample_rate)), np.float32)
    for first in range(0, heard.shape[1], size):
        engine.render(heard[:, first : first + size])
    wanted = play(events, 1.2, sample_rate=sample_rate, voices=3, room_gain=0.1)
    np.testing.assert_allclose(heard, wanted, atol=3e-6)
    assert lateness(engine) == (0, 0)


def test_two_threads_give_the_same_bits(tiny: Instrument, play: Play) -> None:
    """One pushes and advances, the other plays what is ready, with no lock between them."""
    ahead, block = 1000, 128
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=3, room_gain=0.0), ahead=ahead)
    samples = round(0.4 * RATE) // block * block

    def control() -> None:
        waiting = [(round(seconds * RATE), event) for seconds, event in RICH]
        while engine.reached < samples:
            until = min(engine.position + ahead, samples)
            while waiting and waiting[0][0] < until:
                sample, event = waiting.pop(0)
                engine.push(event, sample)
            engine.advance(until)
            time.sleep(0)

    thread = threading.Thread(target=control)
    thread.start()
    blocks = []
    while engine.position < samples:
        if engine.reached >= engine.position + block:
            blocks.append(block_of(engine, block))
        else:
            time.sleep(0)
    thread.join()
    wanted = play(RICH, samples / RATE, voices=3)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), wanted)
    assert lateness(engine) == (0, 0)


def test_an_engine_that_stops_is_held_and_goes_on_without_a_click(tiny: Instrument) -> None:
    engine = Engine(
        tiny,
        EngineSettings(sample_rate=RATE, room_gain=0.0, preset=tiny.spec.presets[STRAIGHT].name),
    )
    engine.push(ON, 0)
    heard = []
    for stall in (20, 100, 0):
        for _ in range(100):
            engine.advance(engine.position + HOP)
            heard.append(block_of(engine, HOP))
        heard.extend(block_of(engine, HOP) for _ in range(stall))
    mono = np.concatenate(heard, axis=1)[0]
    assert lateness(engine) == (20 - 1 + 100 - 1, 0)
    for boundary in range(20 * HOP, len(mono) - HOP, HOP):
        assert click_db(mono, boundary) < SMOOTH_DB
    assert level_db(mono[100 * HOP : 220 * HOP]).min() > -40.0
    assert level_db(mono[280 * HOP : 320 * HOP]).max() < -150.0
    assert level_db(mono[325 * HOP :]).min() > -40.0


def test_a_note_that_comes_late_begins_at_once_and_is_counted(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, room_gain=0.0), ahead=5 * HOP)
    engine.advance(HOP)
    assert not block_of(engine, 150).any()
    engine.push(ON, 100)  # not yet reached: 192
    engine.push(NoteOn(1, 76, 100), 200)
    engine.advance(HOP + 100)
    heard = block_of(engine, 42)
    assert not heard.any()
    engine.advance(3 * HOP)
    assert block_of(engine, 4).any()
    assert lateness(engine) == (0, 0)
    block_of(engine, 5 * HOP)
    engine.push(NoteOn(2, 60, 100), 3 * HOP + 50)
    engine.advance(engine.position)
    block_of(engine, HOP)
    assert lateness(engine)[1] == 1
    assert engine.voices == 3


# --- Pushing -----------------------------------------------------------------------------------


def test_events_may_come_just_in_time(tiny: Instrument, play: Play) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, room_gain=0.0))
    waiting = [(round(seconds * RATE), event) for seconds, event in RICH]
    blocks = []
    while engine.position < 0.4 * RATE:
        while waiting and waiting[0][0] < engine.position + 128:
            engine.push(waiting[0][1], waiting.pop(0)[0])
        blocks.append(np.zeros((2, 128), np.float32))
        engine.render(blocks[-1])
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), play(RICH, 0.4))


def test_the_seed_decides(play: Play) -> None:
    first = play(RICH, 0.3, seed=3)
    np.testing.assert_array_equal(play(RICH, 0.3, seed=3), first)
    assert np.any(play(RICH, 0.3, seed=4) != first)


def test_another_rate_is_the_same_music(play: Play) -> None:
    events = [(0.1, ON), (0.7, OFF), (0.7, NoteOn(0, 74, 80)), (1.2, NoteOff(0, 74))]
    one, other = (
        level_db(play(events, 1.5, sample_rate=rate)[0], rate // 20) for rate in (44_100, 48_000)
    )
    sounding = other > -60.0
    assert np.abs(one - other)[sounding].max() < 1.0


@pytest.mark.parametrize("sample_rate", [0, -48_000, 8_000, 192_001])
def test_a_rate_that_cannot_be_played_is_refused(tiny: Instrument, sample_rate: int) -> None:
    with pytest.raises(UsageError, match=f"{sample_rate} Hz"):
        Engine(tiny, EngineSettings(sample_rate=sample_rate))


# --- When notes begin --------------------------------------------------------------------------


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("sample", [0, 1, 95, HOP - 1, HOP, HOP + 1, 1000, 44_099])
def test_a_note_begins_at_its_own_sample(play: Play, sample: int, sample_rate: int) -> None:
    heard = play([(sample, ON)], 1.05, sample_rate=sample_rate)
    assert sample <= np.flatnonzero(heard.any(axis=0))[0] <= sample + 4


def test_two_notes_of_one_hop_begin_at_their_own_samples(play: Play) -> None:
    other = NoteOn(1, 76, 100)
    both = play([(1000, ON), (1100, other)], 0.1)
    alone = play([(1000, ON)], 0.1)
    np.testing.assert_array_equal(both[:, :1101], alone[:, :1101])
    assert np.any(both[:, 1101:1110] != alone[:, 1101:1110])


@pytest.mark.parametrize("now", [5000, 26 * HOP, 26 * HOP + 1])
def test_an_event_of_the_past_means_now(tiny: Instrument, now: int) -> None:
    takes = []
    for sample in (now, now - 1, 0, -1):
        engine = Engine(tiny, EngineSettings(sample_rate=RATE))
        first, second = np.zeros((2, now), np.float32), np.zeros((2, 5000), np.float32)
        engine.render(first)
        engine.push(ON, sample)
        engine.render(second)
        assert not first.any()
        assert lateness(engine) == (0, 0)
        takes.append(second)
    for take in takes:
        np.testing.assert_array_equal(take, takes[0])


def test_events_of_one_moment_keep_their_order(play: Play) -> None:
    """Off before on makes a line, on before off leaves two voices for a moment."""
    begun = [(0.0, ON), (0.2, OFF), (0.2, NoteOn(0, 72, 90))]
    swapped = [begun[0], begun[2], begun[1]]
    assert np.any(play(begun, 0.3) != play(swapped, 0.3))


def test_an_empty_block_and_an_event_of_the_far_future_are_not_heard(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE))
    engine.push(ON, 10**12)
    engine.render(np.zeros((2, 0), np.float32))
    assert engine.position == 0
    block = np.ones((2, 500), np.float32)
    engine.render(block)
    assert not block.any()
    assert (engine.position, engine.reached, engine.voices, engine.silent) == (500, 500, 0, False)


def test_a_hundred_thousand_events_are_played(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=2))
    for number in reversed(range(100_000)):
        engine.push(ControlChange(number % 16, 7, number % 128), number // 10)
    engine.push(ON, 10_000)
    block = np.zeros((2, 10_100), np.float32)
    engine.render(block)
    assert block.any()
    assert not engine._events


# --- No clicks ---------------------------------------------------------------------------------

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
    "a knob": ([*HELD, (0.7003, ControlChange(0, 74, 127))], 0.7003, 16),
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


# --- Loudness ----------------------------------------------------------------------------------


def test_harder_is_louder(play: Play) -> None:
    velocities = (1, 16, 32, 48, 64, 80, 96, 112, 127)
    levels = [
        level_db(play([(0.0, NoteOn(0, 69, velocity))], 1.6)[0])[12:].mean()
        for velocity in velocities
    ]
    assert np.diff(levels).min() > 0.5
    assert levels[-1] - levels[0] > 15.0


def steady(play: Play, *events: Event, preset: int = STRAIGHT) -> Float32:
    """A note after events, [2, 1 s], from when it has settled."""
    placed = [(0.0, event) for event in events]
    return play([*placed, (0.0, ON)], 1.5, preset=preset)[:, RATE // 2 :]


@pytest.mark.parametrize("value", [127, 64, 32])
def test_volume_is_a_gain(play: Play, value: int) -> None:
    """Against the default volume of 100."""
    changed = steady(play, ControlChange(0, 7, value))
    expected = steady(play) * np.float32((value / 100) ** 2)
    np.testing.assert_allclose(changed, expected, atol=1e-5)


def test_expression_moves_the_loudness_and_with_it_the_timbre(play: Play) -> None:
    full, half = steady(play), steady(play, ControlChange(0, 11, 64))
    change = level_db(half[0]).mean() - level_db(full[0]).mean()
    assert change == pytest.approx(40 * np.log10(64 / 127), abs=0.5)
    assert np.abs(half / np.abs(half).max() - full / np.abs(full).max()).max() > 1e-3


def test_pan_moves_to_the_sides_with_the_power_kept(play: Play) -> None:
    left = steady(play, ControlChange(0, 10, 0))
    right = steady(play, ControlChange(0, 10, 127))
    middle = steady(play)
    np.testing.assert_array_equal(middle[0], middle[1])
    assert not left[1].any()
    assert np.abs(right[0]).max() < 1e-6
    np.testing.assert_allclose(left[0], right[1], atol=1e-6)
    assert np.mean(left**2) == pytest.approx(np.mean(middle**2), rel=1e-3)


def test_sixty_four_loud_voices_stay_below_full_scale(play: Play) -> None:
    chord: list[tuple[float, Event]] = [
        (0.0, NoteOn(channel, 40 + key, 127)) for channel in range(4) for key in range(0, 48, 3)
    ]
    full = [(0.0, ControlChange(channel, 7, 127)) for channel in range(4)]
    heard = play([*full, *chord], 1.0, voices=64, room_gain=0.18)
    assert np.all(np.isfinite(heard))
    assert 0.5 < np.abs(heard).max() < 1.0


def test_all_sound_off_is_silence_soon_and_all_notes_off_is_a_release(play: Play) -> None:
    at = RATE // 2
    cut = play([(0, ON), (at, ControlChange(0, 120, 0))], 1.0)
    assert not cut[:, at + RATE // 50 :].any()
    ended = play([(0, ON), (at, ControlChange(0, 123, 0))], 1.0)
    released = play([(0, ON), (at, OFF)], 1.0)
    np.testing.assert_array_equal(ended, released)
    assert np.abs(ended[:, at + RATE // 50 : at + RATE // 20]).max() > 0.01


def test_ending_one_channel_leaves_the_other(play: Play) -> None:
    events: list[tuple[float, Event]] = [(0.0, ON), (0.0, NoteOn(1, 60, 100))]
    for controller in (120, 123):
        heard = play([*events, (0.2, ControlChange(0, controller, 0))], 1.5)[0]
        assert level_db(heard)[-20:].min() > -40.0


# --- Pitch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("key", [55, 69, 84, 96])
def test_a_note_is_in_tune(play: Play, key: int, sample_rate: int) -> None:
    heard = play([(0.0, NoteOn(0, key, 90))], 2.4, sample_rate=sample_rate, preset=STRAIGHT)[0]
    deviation = cents(heard, key, sample_rate)[sample_rate // 4 : -sample_rate // 10]
    assert abs(deviation.mean()) < 2.0
    assert np.abs(deviation).max() < 15.0


@pytest.mark.parametrize(
    ("setup", "bend", "expected"),
    [
        ((), 8191, 200.0),
        ((), -4096, -100.0),
        ((12, 0), -8192, -1200.0),
        ((0, 50), 8191, 50.0),
        ((5, 50), 4096, 275.0),
    ],
)
def test_the_pitch_wheel_moves_the_pitch(
    play: Play, setup: tuple[int, ...], bend: int, expected: float
) -> None:
    controllers = (101, 100, 6, 38)
    events: list[Event] = [
        ControlChange(0, controller, value)
        for controller, value in zip(controllers, (0, 0, *setup), strict=False)
    ]
    plain = cents(steady(play, *events)[0], 69)
    bent = cents(steady(play, *events, PitchBend(0, bend))[0], 69 + expected / 100.0)
    assert bent[2000:-2000].mean() == pytest.approx(plain[2000:-2000].mean(), abs=2.0)


def test_the_wheel_deepens_the_vibrato(play: Play) -> None:
    depth = [
        cents(steady(play, ControlChange(0, 1, value), preset=EXPRESSIVE)[0], 69)[2000:-2000].std()
        for value in (0, 64, 127)
    ]
    assert depth[1] == pytest.approx(2.0 * depth[0], rel=0.15)
    assert depth[2] == pytest.approx(3.0 * depth[0], rel=0.15)


# --- Presets and knobs -------------------------------------------------------------------------


def test_a_program_change_chooses_the_preset(tiny: Instrument, play: Play) -> None:
    for preset in range(len(tiny.spec.presets)):
        chosen = play([(0.0, ProgramChange(0, preset)), (0.0, ON)], 0.4)
        np.testing.assert_array_equal(chosen, play([(0.0, ON)], 0.4, preset=preset))
    assert np.any(play([(0.0, ON)], 0.4) != play([(0.0, ON)], 0.4, preset=1))


def test_an_unknown_program_and_another_channels_are_passed_over(play: Play) -> None:
    plain = play([(0.0, ON)], 0.3)
    for event in (ProgramChange(0, 100), ProgramChange(1, 1)):
        np.testing.assert_array_equal(play([(0.0, event), (0.0, ON)], 0.3), plain)


def test_a_knob_turns_the_sound(tiny: Instrument, play: Play) -> None:
    """The first axis, attack time: the higher, the later the note has risen."""
    assert tiny.spec.axes[0].label == "attack time"
    rises = []
    for position in (0.0, 0.5, 1.0):
        levels = level_db(play([(0.0, ON)], 1.0, knobs={0: position})[0], 240)
        rises.append(int(np.argmax(levels > np.median(levels) - 6.0)))
    assert rises[0] < rises[1] < rises[2]
