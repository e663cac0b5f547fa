"""Takes that are begun while it is played: named by the date, never overwritten, never lost."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.block import Renderer
from instrument.engine.engine import Engine
from instrument.errors import OutputError
from instrument.live import takes
from instrument.live.notices import Notice
from instrument.live.takes import RunningTake, Saver
from instrument.midi.events import ControlChange, Event, Latent, NoteOff, NoteOn
from instrument.midi.file import read_song
from instrument.midi.score import read_score
from instrument.midi.take import TakeEvents, take_of
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings

RATE = 48_000
SETTINGS = EngineSettings(sample_rate=RATE, voices=4, seed=3)


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.mark.parametrize(("begins", "ends"), [(0, RATE), (14_001, 40_007), (30_000, 30_000)])
def test_a_take_from_the_middle_renders_to_what_was_heard(
    tiny: Instrument, tmp_path: Path, told: list[Notice], begins: int, ends: int
) -> None:
    """Also the notes that sounded when it began, and the room that they left."""
    point = tuple(tiny.spec.map[3].latent)
    phrase: list[tuple[int, Event]] = [
        (100, ControlChange(0, 72, 90)),
        (100, NoteOn(0, 62, 110)),
        (9_000, NoteOn(1, 69, 90)),
        (12_000, Latent(0, point)),
        (15_000, NoteOff(0, 62)),
        (20_000, NoteOn(0, 74, 120)),
        (39_000, NoteOff(1, 69)),
    ]
    engine, events = Engine(tiny, SETTINGS, ahead=512), TakeEvents(SETTINGS)
    for sample, event in phrase:
        engine.push(event, sample)
        events.add(sample, event)
    heard = np.zeros((2, RATE), np.float32)
    for first in range(0, RATE, 256):
        engine.advance(min(first + 256, RATE))
        Renderer(engine.synth)(heard[0, first : first + 256], heard[1, first : first + 256])
    take = RunningTake(tmp_path, events, begins, told.append)
    samples = take.save(ends)
    score = read_score(take.path)
    blocks: list[Float32] = []
    report = render_score(tiny, score, RenderSettings.of(score), blocks.append)
    audio = np.concatenate(blocks, axis=1)
    np.testing.assert_array_equal(audio, heard[:, begins : begins + samples])
    assert samples == max(ends - begins, 1)
    assert report.seconds == samples / RATE
    assert samples == 1 or np.abs(audio).max() > 0.05


def test_names_are_given_by_the_date_and_nothing_is_overwritten(
    tmp_path: Path, told: list[Notice]
) -> None:
    events = TakeEvents(SETTINGS)
    paths = [RunningTake(tmp_path / "new", events, 5, told.append).path for _ in range(5)]
    assert len({*paths}) == 5
    assert all(path.name.startswith("take-20") and path.suffix == ".mid" for path in paths)
    assert all(take_of(read_song(path)) is not None for path in paths)


def test_a_take_that_goes_on_is_kept_now_and_then(
    tmp_path: Path, told: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "SAVED_SECONDS", 0.0)
    monkeypatch.setattr(takes, "LEAST_REST", 0.0)
    events = TakeEvents(SETTINGS)
    take = RunningTake(tmp_path, events, 1000, told.append)
    events.add(2000, NoteOn(0, 60, 90))
    take.look(RATE)
    kept = read_score(take.path)
    assert [timed.event for timed in kept.events] == [NoteOn(0, 60, 90)]
    assert kept.take is not None
    assert (kept.take.begins, kept.take.samples) == (1000, RATE)


def test_what_cannot_be_kept_is_told_once_and_tried_again(
    told: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes, "SAVED_SECONDS", 0.0)
    monkeypatch.setattr(takes, "LEAST_REST", 0.0)
    full = iter([True, True, True, False, True])

    def write() -> None:
        if next(full):
            raise OutputError("the disk is full")

    saver = Saver(write, told.append)
    for _ in range(3):
        saver.look()
    assert [notice.event for notice in told] == ["not-kept"]
    saver.look()
    saver.look()
    assert len(told) == 2
    assert next(full, None) is None


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, told: list[Notice]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        RunningTake(tmp_path / "file" / "takes", TakeEvents(SETTINGS), 0, told.append)


def test_a_take_for_which_there_is_no_room_leaves_no_file(
    tmp_path: Path, told: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full(TakeEvents):
        def file(self, samples: int, begins: int = 0) -> Any:
            return (full() for _ in range(1)), None

    with pytest.raises(OutputError, match="No space"):
        RunningTake(tmp_path, Full(SETTINGS), 0, told.append)
    assert [*tmp_path.iterdir()] == []
