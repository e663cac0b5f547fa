"""What is recorded: a tape without gaps, and files that are written or left alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.dsp.callback import Playback
from instrument.errors import OutputError
from instrument.live import recorder as recording
from instrument.live import takes, tape
from instrument.live.notices import Notice
from instrument.live.tape import Tape
from instrument.midi.events import NoteOn
from instrument.midi.score import read_score
from instrument.settings import EngineSettings

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


# --- The sound file ------------------------------------------------------------------------------


def test_what_one_wav_file_cannot_hold_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape, "WAV_BYTES", 100 * tape.SAMPLE_BYTES)
    told: list[Notice] = []
    playback = Playback.empty(cast("Any", None), TAPE)
    played = np.arange(1, 251) / 256
    with tape.SoundRecording(tmp_path / "sound.wav", 48_000, told.append) as recording:
        recording.record(playback)
        for block in np.split(played, 5):
            for sample in block:
                playback.tape[playback.kept[0] % TAPE] = sample
                playback.kept[0] += 1
            recording.drain()
    names = ["sound.wav", "sound-2.wav", "sound-3.wav"]
    files = [soundfile.read(tmp_path / name)[0] for name in names]
    assert [len(file) for file in files] == [100, 100, 50]
    np.testing.assert_array_equal(np.concatenate(files)[:, 0], played)
    assert [Path(str(notice.about["path"])).name for notice in told] == names[1:]


def test_a_full_disk_ends_a_recording_and_what_there_was_room_for_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Notice] = []
    playback = Playback.empty(cast("Any", None), TAPE)
    write = soundfile.SoundFile.write

    def into_what_room_there_is(file: soundfile.SoundFile, block: Float32) -> None:
        if file.tell() >= 2 * TAPE:
            raise soundfile.LibsndfileError(2)
        write(file, block)

    monkeypatch.setattr(soundfile.SoundFile, "write", into_what_room_there_is)
    path = tmp_path / "sound.wav"
    with tape.SoundRecording(path, 48_000, told.append) as recording:
        recording.record(playback)
        for _ in range(4):
            playback.kept[0] += TAPE
            recording.drain()
    (notice,) = told
    assert notice.event == "recording-stopped"
    assert str(notice.about["error"]) == f"{path}: cannot be written: is the disk full?"
    assert len(soundfile.read(path)[0]) == 2 * TAPE


# --- The take ------------------------------------------------------------------------------------


def test_a_take_is_kept_while_it_goes_on_once_something_was_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SAVED_SECONDS", "LEAST_REST"):
        monkeypatch.setattr(takes, name, 0.0)
    path = tmp_path / "take.mid"
    path.write_bytes(b"an older one")
    engine = SimpleNamespace(notes=0, position=48_000)
    with recording.Recorder(path, None, EngineSettings(), lambda _notice: None) as recorder:
        recorder.record(cast("Any", engine), Playback.empty(cast("Any", None)))
        assert recorder.take is not None
        recorder.drain()
        assert path.read_bytes() == b"an older one"
        recorder.take.add(100, NoteOn(0, 60, 90))
        engine.notes = 1
        recorder.drain()
        assert [timed.event for timed in read_score(path).events] == [NoteOn(0, 60, 90)]


@pytest.mark.parametrize("notes", [0, 1])
def test_a_take_is_written_though_the_sound_file_fails_at_the_end(
    tmp_path: Path, notes: int
) -> None:
    """An older take stays where nothing was played."""
    path = tmp_path / "take.mid"
    path.write_bytes(b"older")

    def fails() -> None:
        raise OutputError("sound.wav: cannot be written: is the disk full?")

    recorder = recording.Recorder(path, tmp_path / "sound.wav", EngineSettings(), print)
    recorder.__enter__()
    assert recorder.take is not None
    assert recorder._sound is not None
    engine = SimpleNamespace(position=10, notes=notes)
    recorder.record(cast("Any", engine), Playback.empty(cast("Any", None), TAPE))
    recorder.take.add(0, NoteOn(0, 60, 90))
    recorder._sound._file.callback(fails)
    with pytest.raises(OutputError, match=r"sound\.wav"):
        recorder.__exit__(None, None, None)
    assert (path.read_bytes() == b"older") == (notes == 0)
