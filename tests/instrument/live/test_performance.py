"""An engine of another sample rate takes over: what channels were told goes on, and notes end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.callback import Callback, Playback
from instrument.engine.engine import Engine
from instrument.errors import OutputError
from instrument.live.notices import Notice
from instrument.live.performance import Performance
from instrument.live.recorder import Recorder
from instrument.midi.events import ControlChange, Latent, NoteOff, NoteOn, PitchBend, ProgramChange
from instrument.midi.score import read_score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings

FIRST, SECOND = 48_000, 44_100
BLOCK = 256


def settings(rate: int) -> EngineSettings:
    return EngineSettings(sample_rate=rate, voices=4)


class Studio:
    """A performance that is recorded, and plays by itself.

    Attributes:
        heard: What each engine has played, [2, samples].
    """

    def __init__(self, instrument: Instrument, folder: Path) -> None:
        self.told: list[Notice] = []
        self.instrument = instrument
        self.take, self.sound = folder / "take.mid", folder / "sound.wav"
        self.recorder = Recorder(self.take, self.sound, settings(FIRST), self.told.append, folder)
        self.recorder.__enter__()
        engine, playback = self.engine_at(FIRST)
        self.recorder.record(engine, playback)
        self.performance = Performance(engine, playback, self.recorder.take)
        self.heard: list[list[Float32]] = [[]]

    def engine_at(self, rate: int) -> tuple[Engine, Playback]:
        engine = Engine(self.instrument, settings(rate), ahead=4 * BLOCK)
        return engine, Playback.empty(engine.synth, self.recorder.tape_samples)

    def play(self, seconds: float) -> None:
        engine, callback = self.performance.engine, Callback(self.performance.playback)
        for _ in range(round(seconds * self.performance.sample_rate / BLOCK)):
            engine.advance(engine.position + BLOCK)
            block = np.zeros((BLOCK, 2), np.float32)
            callback(block, 0.0)
            self.heard[-1].append(block.T)
        self.recorder.drain()

    def change_rate(self, rate: int) -> None:
        engine, playback = self.engine_at(rate)
        take = self.recorder.next_take(settings(rate))
        self.performance.go_on(engine, playback, take)
        self.recorder.go_on(settings(rate), take, engine, playback)
        self.heard.append([])

    def close(self) -> None:
        self.recorder.__exit__(None, None, None)


@pytest.fixture
def studio(tiny: Instrument, tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tiny, tmp_path)
    yield studio
    studio.close()


def rendered(instrument: Instrument, path: Path) -> Float32:
    score = read_score(path)
    blocks: list[Float32] = []
    render_score(instrument, score, RenderSettings.of(score), blocks.append)
    return np.concatenate(blocks, axis=1)


def test_each_take_renders_to_what_was_heard_at_its_rate(studio: Studio, tiny: Instrument) -> None:
    give = studio.performance.give
    for event in (ControlChange(0, 1, 90), PitchBend(0, 2000), ProgramChange(0, 1)):
        give(event, 0)
    give(Latent(1, tuple(tiny.spec.map[3].latent)), 0)
    give(NoteOn(0, 62, 110), 10)
    studio.play(0.5)
    studio.change_rate(SECOND)
    assert studio.performance.sample_rate == SECOND
    give(NoteOn(0, 64, 110), 100)
    give(NoteOn(1, 69, 110), 5000)
    studio.play(0.5)
    studio.change_rate(FIRST)
    studio.change_rate(SECOND)
    studio.close()
    second = studio.take.with_name("take-2.mid")
    heard = [np.concatenate(blocks, axis=1) for blocks in studio.heard[:2]]
    for path, wanted in zip((studio.take, second), heard, strict=True):
        np.testing.assert_array_equal(rendered(tiny, path), wanted)
        assert np.abs(wanted).max() > 0.01
    assert {each.name for each in studio.take.parent.glob("*.mid")} == {"take.mid", "take-2.mid"}
    assert studio.performance.counts.notes == 3


def test_what_channels_were_told_goes_on_and_notes_do_not(studio: Studio) -> None:
    for event in (ControlChange(0, 64, 127), ControlChange(2, 68, 127), PitchBend(0, 2000)):
        studio.performance.give(event, 0)
    studio.performance.give(NoteOn(0, 62, 110), 10)
    studio.play(0.1)
    before = studio.performance.engine._control.state.channels
    studio.change_rate(SECOND)
    studio.play(0.1)
    assert studio.performance.engine._control.state.channels == before
    assert studio.performance.engine.held == 0
    studio.performance.give(NoteOff(0, 62), 20)
    assert read_score(studio.take).events[-1].event == ControlChange(15, 123, 0)


def test_a_take_with_nothing_in_it_gives_its_name_to_the_next(studio: Studio) -> None:
    studio.play(0.1)
    studio.change_rate(SECOND)
    studio.performance.give(NoteOn(0, 62, 110), 10)
    studio.play(0.1)
    studio.close()
    take = read_score(studio.take).take
    assert take is not None
    assert take.engine.sample_rate == SECOND
    assert not studio.take.with_name("take-2.mid").exists()


def test_the_sound_goes_on_in_files_with_numbers(studio: Studio) -> None:
    import soundfile  # noqa: PLC0415

    studio.sound.with_name("sound-2.wav").write_bytes(b"another's")
    studio.performance.give(NoteOn(0, 62, 110), 10)
    studio.play(0.2)
    studio.change_rate(SECOND)
    studio.play(0.3)
    studio.close()
    for name, rate, blocks in zip(
        ("sound.wav", "sound-3.wav"), (FIRST, SECOND), studio.heard, strict=True
    ):
        audio, found = soundfile.read(studio.sound.with_name(name), dtype="float32")
        assert found == rate
        np.testing.assert_allclose(audio.T, np.concatenate(blocks, axis=1), atol=2**-23)


def test_a_take_that_was_begun_on_the_way_goes_on_in_another_file(studio: Studio) -> None:
    studio.recorder.begin_take()
    studio.performance.give(NoteOn(0, 62, 110), 10)
    studio.play(0.2)
    first = studio.recorder.running
    studio.change_rate(SECOND)
    studio.performance.give(NoteOn(0, 64, 110), 10)
    studio.play(0.2)
    second = studio.recorder.running
    studio.recorder.end_take()
    assert first != second
    rates = []
    for name in (first, second):
        take = read_score(studio.take.with_name(name)).take
        assert take is not None
        rates.append(take.engine.sample_rate)
    assert rates == [FIRST, SECOND]


def test_a_file_that_cannot_be_written_costs_the_recording_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OutputError("the disk is full")

    studio.performance.give(NoteOn(0, 62, 110), 10)
    studio.play(0.1)
    monkeypatch.setattr("instrument.live.takes.numbered", refuse)
    monkeypatch.setattr("instrument.live.tape.sound_file", refuse)
    studio.change_rate(SECOND)
    studio.play(0.1)
    assert [notice.event for notice in studio.told] == ["not-recorded", "recording-stopped"]
    assert read_score(studio.take).notes == 1
