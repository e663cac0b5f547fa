"""When the file of a take is written, and when it is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from instrument.errors import OutputError, UsageError
from instrument.midi.events import ControlChange, NoteOn, TimedEvent
from instrument.midi.score import read_score
from instrument.midi.take import PIECE, Take
from instrument.midi.take_file import TakeWriter
from instrument.settings import EngineSettings
from tests.instrument.midi.take_events import A_OFF, A_ON, RATE


def test_nothing_is_written_before_the_end_and_an_old_take_stays_until_then(
    tmp_path: Path,
) -> None:
    path = tmp_path / "take.mid"
    path.write_bytes(b"old")
    take = TakeWriter(path, EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(0, A_ON)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    take.close(10)
    assert read_score(path).events == (TimedEvent(0.0, A_ON),)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["take.wav", "take", "take.midi", ".mid"])
def test_a_take_is_a_mid_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"should end in \.mid"):
        TakeWriter(tmp_path / name, EngineSettings(sample_rate=RATE, seed=0, voices=8))


def test_a_take_that_cannot_be_written_is_refused_before_anything_is_played(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        TakeWriter(
            tmp_path / "nowhere" / "take.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8)
        )
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        TakeWriter(tmp_path / "folder.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8))


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _mode: str) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "take.mid"
    path.write_bytes(b"old")
    take = TakeWriter(path, EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(0, A_ON)
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match=r"take\.mid: cannot be written: No space left on device"):
        take.close(10)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_events_of_a_take_come_in_order(tmp_path: Path) -> None:
    take = TakeWriter(tmp_path / "take.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(10, A_ON)
    with pytest.raises(ValueError, match="sample 9 comes after sample 10"):
        take.add(9, A_OFF)


def test_a_take_keeps_all_settings_of_the_engine(tmp_path: Path) -> None:
    settings = EngineSettings(7, 3, 96_000, 0.5, 0.25, "gentle", {"swell": 0.7})
    take = TakeWriter(tmp_path / "take.mid", settings)
    take.add(0, NoteOn(0, 69, 90))
    take.close(1000)
    assert read_score(tmp_path / "take.mid").take == Take(settings, 1000)


def test_a_take_of_many_pieces_is_whole(tmp_path: Path) -> None:
    take = TakeWriter(tmp_path / "take.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8))
    count = PIECE
    for number in range(count):
        take.add(2 * number, ControlChange(number % 16, 1, number % 128))
        if number == count // 2:
            take.close(2 * number)  # it is kept meanwhile
    take.add(2 * count, NoteOn(0, 60, 90))
    take.close(3 * count)
    assert len(take._pieces) > 2
    events = [timed.event for timed in read_score(tmp_path / "take.mid").events]
    assert events[:-1] == [ControlChange(n % 16, 1, n % 128) for n in range(count)]
