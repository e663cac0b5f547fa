"""The compiled callback plays what the engine renders, and keeps books on it."""

from __future__ import annotations

import ctypes
import gc
import weakref
from itertools import cycle

import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

from instrument.arrays import Float32, Float64
from instrument.dsp.callback import (
    CLOCK_SIZE,
    CONTINUE,
    OUTPUT_UNDERFLOW,
    Callback,
    Playback,
)
from instrument.dsp.machine_code import laid_out
from instrument.engine.engine import Engine
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE = 48_000
OTHER_FLAGS = 1 | 2 | 8 | 16
"""PortAudio's other ones: of its input, and of the first blocks."""

PHRASE: list[tuple[int, Event]] = [
    (100, NoteOn(0, 62, 90)),
    (100, NoteOn(0, 69, 70)),
    (5_000, ControlChange(0, 1, 127)),
    (9_001, NoteOff(0, 62)),
    (12_345, NoteOn(1, 81, 110)),
    (20_000, NoteOff(0, 69)),
]
SAMPLES = RATE // 2


class Stream:
    """Calls a callback as PortAudio does: C function, C memory."""

    TYPE = ctypes.CFUNCTYPE(
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
    )

    def __init__(self, playback: Playback) -> None:
        self._callback = Callback(playback)
        self._call = self.TYPE(self._callback.address)

    def play(self, samples: int, seconds: float = 0.0, flags: int = 0) -> Float32:
        """A block, [samples, 2]."""
        out = np.full((samples, 2), np.nan, np.float32)
        times: Float64 = np.array([-1.0, seconds, -2.0])
        status = self._call(
            None, out.ctypes.data, samples, times.ctypes.data, flags, self._callback.user_data
        )
        assert status == CONTINUE
        return out


def engine_with_phrase(tiny: Instrument) -> Engine:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=4, seed=3), ahead=SAMPLES)
    for sample, event in PHRASE:
        engine.push(event, sample)
    return engine


@pytest.fixture
def playback(tiny: Instrument) -> Playback:
    """Of an engine that has played nothing yet, with all of the phrase ready; 1024 on tape."""
    engine = engine_with_phrase(tiny)
    engine.advance(SAMPLES)
    return Playback.empty(engine.synth, 1024)


@pytest.fixture(scope="module")
def rendered(tiny: Instrument) -> Float32:
    """The phrase as the engine renders it, [2, samples]."""
    out = np.zeros((2, SAMPLES), np.float32)
    engine_with_phrase(tiny).render(out)
    return out


@pytest.mark.parametrize("blocks", [[64], [128], [480], [1024], [4096], [1, 37, 500, 191]])
def test_blocks_of_any_size_are_what_the_engine_renders_bit_for_bit(
    playback: Playback, rendered: Float32, blocks: list[int]
) -> None:
    stream, heard, sizes = Stream(playback), [], cycle(blocks)
    while playback.synth.state.position[0] + max(blocks) <= SAMPLES:
        heard.append(stream.play(next(sizes)))
    audio = np.concatenate(heard).T
    assert np.abs(audio).max() > 0.01
    np.testing.assert_array_equal(audio, rendered[:, : audio.shape[1]])
    assert playback.synth.state.late_frames[0] == playback.synth.state.late_notes[0] == 0


def test_each_call_is_written_down_with_its_position_and_time(playback: Playback) -> None:
    stream = Stream(playback)
    calls = CLOCK_SIZE + 10
    for call in range(calls):
        stream.play(100, seconds=7.0 + call)
    assert playback.calls[0] == calls
    assert playback.block[0] == 100
    remembered = {tuple(row) for row in playback.clock.tolist()}
    assert remembered == {(100.0 * call, 7.0 + call) for call in range(10, calls)}
    last = playback.clock[(calls - 1) % CLOCK_SIZE]
    np.testing.assert_array_equal(last, [100.0 * (calls - 1), 7.0 + calls - 1])


def test_only_gaps_in_the_output_are_counted(playback: Playback) -> None:
    stream = Stream(playback)
    for flags in (0, OUTPUT_UNDERFLOW, OTHER_FLAGS, OUTPUT_UNDERFLOW | OTHER_FLAGS):
        stream.play(64, flags=flags)
    assert playback.underflows[0] == 2


def test_the_tape_holds_what_was_played_last(playback: Playback, rendered: Float32) -> None:
    stream = Stream(playback)
    stream.play(300)
    playback.recording[0] = 1
    for samples in (500, 500, 500):
        stream.play(samples)
    assert playback.kept[0] == 1500
    places = np.arange(1500 - 1024, 1500)
    np.testing.assert_array_equal(playback.tape[places % 1024].T, rendered[:, 300 + places])


def test_nothing_is_kept_unless_it_is_recorded(playback: Playback) -> None:
    Stream(playback).play(500)
    assert playback.kept[0] == 0
    assert not playback.tape.any()


def test_a_block_longer_than_the_tape_leaves_its_end_there(
    playback: Playback, rendered: Float32
) -> None:
    playback.recording[0] = 1
    Stream(playback).play(3000)
    places = np.arange(3000 - 1024, 3000)
    np.testing.assert_array_equal(playback.tape[places % 1024].T, rendered[:, places])


def test_what_the_callback_works_on_stays_though_nobody_else_has_it(tiny: Instrument) -> None:
    """PortAudio may call until the stream is closed, whatever Python has collected."""
    playback = Playback.empty(Engine(tiny, EngineSettings(sample_rate=RATE, voices=2)).synth)
    stream = Stream(playback)
    parts = [weakref.ref(part) for part in (playback.clock, playback.synth.state.position)]
    del playback
    gc.collect()
    assert all(part() is not None for part in parts)
    assert not stream.play(512).any()


def test_its_memory_is_as_large_as_numba_takes_it_for(playback: Playback) -> None:
    works_on, context = (playback, 0), cpu_target.target_context
    kind = context.get_value_type(numba.typeof(works_on))  # type: ignore[no-untyped-call]
    assert ctypes.sizeof(laid_out(works_on)) == context.get_abi_sizeof(kind)


def test_arrays_of_other_types_are_refused(playback: Playback) -> None:
    with pytest.raises(TypeError):
        Callback(playback._replace(clock=playback.clock.astype(np.float32)))


def test_python_can_call_it_as_well(playback: Playback, rendered: Float32) -> None:
    out = np.zeros((1000, 2), np.float32)
    assert Callback(playback)(out, 3.0, OUTPUT_UNDERFLOW) == CONTINUE
    np.testing.assert_array_equal(out.T, rendered[:, :1000])
    assert playback.clock[0].tolist() == [0.0, 3.0]
    assert playback.underflows[0] == 1
