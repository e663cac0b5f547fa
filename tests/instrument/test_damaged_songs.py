"""Small songs, damaged in thousands of ways: what comes out is sound, or one line.

`make fuzz` tries a hundred thousand of them.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.cli import main
from instrument.errors import MidiFileError, UsageError
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.score import MAX_DURATION_SECONDS, Score, read_score
from instrument.model.graphs import Instrument
from instrument.render import Length, RenderSettings, render_score
from tests.instrument.midi.mutations import damaged_files
from tests.instrument.midi.score_files import refusal

pytestmark = pytest.mark.fuzz

LONGEST_SECONDS = 1.0
"""Longer songs are only read."""

OPTIONS = [
    ["--json"],
    ["--bits", "32"],
    ["-o", "song.flac", "--tail", "0"],
    ["--stems", "parts", "--seed", "3"],
    ["--sample-rate", "22050", "--room", "0"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("songs")


def read(folder: Path, data: bytes) -> Score | None:
    """What is played; None if it is refused, which is checked to be in one line."""
    path = folder / "song.mid"
    path.write_bytes(data)
    try:
        return read_score(path)
    except MidiFileError:
        refusal(data)
        return None


def too_long(score: Score) -> bool:
    """Whether rendering it would take long."""
    take, seconds = score.take, score.ending.song_seconds
    if take is not None:
        seconds = max(seconds, take.samples / take.engine.sample_rate)
    return seconds > LONGEST_SECONDS


def hanging(events: list[Event]) -> set[int | None]:
    """Notes that nothing ends, by their numbers."""
    down: dict[int | None, int] = {}
    for event in events:
        match event:
            case NoteOn(channel=channel, note=note):
                down[note] = channel
            case NoteOff(note=note):
                down.pop(note, None)
            case ControlChange(channel=channel, controller=controller) if controller >= 120:
                down = {note: other for note, other in down.items() if other != channel}
            case _:
                pass
    return set(down)


@contextmanager
def bounded(seconds: float, size: float) -> Iterator[None]:
    """Sees that what is done takes so much time of the processor and so many bytes at most."""
    tracemalloc.start()
    began = time.process_time()
    try:
        yield
        assert time.process_time() - began < seconds
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


@given(damaged_files())
def test_any_file_is_a_score_or_a_refusal(folder: Path, data: bytes) -> None:
    with bounded(seconds=2.0, size=300_000 + 300 * len(data)):
        score = read(folder, data)
    if score is not None:
        times = [timed.seconds for timed in score.events]
        assert times == sorted(times)
        assert 0.0 <= times[0] <= times[-1] <= score.duration_seconds <= MAX_DURATION_SECONDS
        events = [timed.event for timed in score.events]
        assert 0 < score.notes == sum(isinstance(event, NoteOn) for event in events)
        # What is held by then is let go at the end.
        assert score.take or score.ending.held or not hanging(events)


@given(damaged_files())
def test_any_score_is_rendered_or_refused(tiny: Instrument, folder: Path, data: bytes) -> None:
    score = read(folder, data)
    if score is None or too_long(score):
        return
    blocks: list[Float32] = []
    settings = RenderSettings.of(score)
    try:
        with bounded(seconds=20.0, size=150e6):
            report = render_score(tiny, score, settings, blocks.append)
    except UsageError as error:  # a take that says what can't be
        told = str(error)
    else:
        told = ""
        sound = np.concatenate(blocks, axis=1)
        assert np.abs(sound).max() <= 1.0
        assert sound.shape[1] == round(report.seconds * report.sample_rate)
        assert sound.shape[1] <= Length.of(score, settings).most
        assert report.mended == score.mended
        assert 0 <= report.skipped <= report.outside <= score.notes
        all_notes = report.notes + report.without_voice + report.skipped
        assert score.take or all_notes == score.notes
    assert told.isprintable()


@given(damaged_files(), st.sampled_from(OPTIONS))
def test_any_file_at_the_command_line_is_a_sound_file_or_one_line(
    tiny_instrument: Path, data: bytes, options: list[str]
) -> None:
    with TemporaryDirectory() as name:
        desk = Path(name)
        score = read(desk, data)
        if score is not None and too_long(score):
            return
        with chdir(desk), redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            status = main(["render", "song.mid", "--instrument", str(tiny_instrument), *options])
        left = {path.name for path in desk.iterdir()}
        if score is None or status == 2:
            (line,) = err.getvalue().splitlines()
            assert line.isprintable()
            assert line.startswith("arco: " if score else "arco: song.mid: ")
            assert (status, out.getvalue(), left) == (2, "", {"song.mid"})
        else:
            assert status == 0, err.getvalue()
            (made,) = left - {"song.mid", "parts"}
            sound, _ = soundfile.read(desk / made)
            assert np.abs(sound).max() <= 1.0
