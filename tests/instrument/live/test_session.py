"""A session's tape, and the settings that it begins with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.engine.smoothing import AXIS_CONTROLLERS, CHANNELS
from instrument.errors import UnknownName, UsageError
from instrument.live.session import LiveSettings, Tape, _beginning
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, ProgramChange
from instrument.midi.file import read_score
from instrument.midi.take import TakeWriter
from instrument.model.graphs import Instrument
from instrument.model.latent import knob_settings

RATE = 48_000
TAPE = 64


class Recorder:
    """A tape, what plays onto it, and what is written from it."""

    def __init__(self) -> None:
        self.playback = Playback.empty(cast("Any", None), TAPE)
        self.written: list[Float32] = []
        self.tape = Tape(self.playback, self.written.append)

    def play(self, samples: int) -> None:
        """Play samples that are their own numbers, on the left, and their negatives."""
        kept = self.playback.kept
        for _ in range(samples if self.playback.recording[0] else 0):
            self.playback.tape[kept[0] % TAPE] = kept[0], -kept[0]
            kept[0] += 1

    @property
    def numbers(self) -> list[int]:
        """Those of the samples that were written."""
        audio = np.concatenate([np.zeros((2, 0), np.float32), *self.written], axis=1)
        np.testing.assert_array_equal(audio[0], -audio[1])
        return [int(number) for number in audio[0]]


# --- The tape ------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, TAPE), max_size=20))
def test_the_tape_gives_every_sample_once_and_in_order(lengths: list[int]) -> None:
    recorder = Recorder()
    for samples in lengths:
        recorder.play(samples)
        recorder.tape.drain()
    assert recorder.numbers == list(range(sum(lengths)))
    assert recorder.tape.lost == 0


@given(st.lists(st.integers(0, 3 * TAPE), max_size=20))
def test_what_was_overwritten_is_counted_and_the_rest_is_kept(lengths: list[int]) -> None:
    recorder, played = Recorder(), 0
    wanted: list[int] = []
    for samples in lengths:
        recorder.play(samples)
        recorder.tape.drain()
        played += samples
        wanted += range(played - min(samples, TAPE), played)
    assert recorder.numbers == wanted
    assert recorder.tape.lost == sum(lengths) - len(wanted)


def test_without_a_recording_there_is_no_tape() -> None:
    recorder = Recorder()
    tape = Tape(recorder.playback, None)
    assert recorder.playback.recording[0] == 0
    tape.drain()


def test_a_tape_that_is_stopped_stays_so() -> None:
    recorder = Recorder()
    recorder.play(10)
    recorder.tape.drain()
    recorder.tape.stop()
    recorder.play(10)
    recorder.tape.drain()
    assert recorder.playback.recording[0] == 0
    assert recorder.numbers == list(range(10))


# --- The beginning -------------------------------------------------------------------------------


def beginning(instrument: Instrument, **settings: Any) -> list[Event]:
    return list(_beginning(instrument, LiveSettings(**settings)))


def test_by_default_nothing_is_set(tiny: Instrument) -> None:
    assert beginning(tiny) == []


def test_settings_are_for_every_channel(tiny: Instrument) -> None:
    preset, axis = tiny.spec.presets[2].name, tiny.spec.axes[3].name
    assert beginning(tiny, preset=preset, knobs={axis: 0.5}, mono=True) == [
        *(ProgramChange(channel, 2) for channel in range(CHANNELS)),
        *(ControlChange(channel, AXIS_CONTROLLERS[3], 64) for channel in range(CHANNELS)),
        *(ControlChange(channel, 126, 1) for channel in range(CHANNELS)),
    ]


def test_preset_and_knobs_sound_as_in_a_render(tiny: Instrument) -> None:
    names = [axis.name for axis in tiny.spec.axes]
    knobs = {names[0]: 1.0, names[2]: 0.0}
    live = Engine(tiny, RATE)
    for event in beginning(tiny, preset=tiny.spec.presets[1].name, knobs=knobs):
        live.push(event, 0)
    rendered = Engine(tiny, RATE, preset=1, knobs=knob_settings(tiny.spec, knobs))
    heard = []
    for engine in (live, rendered):
        engine.push(NoteOn(4, 69, 90), 100)
        heard.append(np.zeros((2, RATE // 2), np.float32))
        engine.render(heard[-1])
    assert np.abs(heard[0]).max() > 0.01
    np.testing.assert_array_equal(heard[0], heard[1])


def test_a_take_holds_the_settings(tiny: Instrument, tmp_path: Path) -> None:
    settings = beginning(tiny, preset=tiny.spec.presets[1].name, mono=True)
    notes: list[tuple[int, Event]] = [(100, NoteOn(0, 69, 90)), (9000, NoteOff(0, 69))]
    take = TakeWriter(tmp_path / "take.mid", RATE, 0, 8)
    for sample, event in [*((0, event) for event in settings), *notes]:
        take.add(sample, event)
    take.close(RATE)
    score = read_score(tmp_path / "take.mid")
    assert [timed.event for timed in score.events] == [*settings, *(event for _, event in notes)]


def test_names_that_the_instrument_doesn_t_have_are_refused(tiny: Instrument) -> None:
    with pytest.raises(UnknownName, match="louder"):
        beginning(tiny, preset="louder")
    with pytest.raises(UnknownName, match="bow-speed"):
        beginning(tiny, knobs={"bow-speed": 0.5})


def test_a_ninth_axis_has_no_controller(tiny: Instrument) -> None:
    axes = [*tiny.spec.axes[:1]] * 8
    ninth = replace(axes[0], name="ninth")
    many = replace(tiny, spec=replace(tiny.spec, axes=[*axes, ninth]))
    with pytest.raises(UsageError, match="ninth: live there are the first eight only"):
        beginning(many, knobs={"ninth": 0.5})
