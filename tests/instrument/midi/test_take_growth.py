"""A take's file while it goes on can be read up to its last write, whatever ends the process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.errors import OutputError
from instrument.midi import take_file
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, PitchBend, TimedEvent
from instrument.midi.file import LONGEST_DELTA
from instrument.midi.score import read_score
from instrument.midi.take import END_BYTES, Take, TakeEvents
from instrument.midi.take_file import TakeFile
from instrument.settings import EngineSettings

RATE = 48_000
SETTINGS = EngineSettings(sample_rate=RATE, voices=8)

A_NOTE: Event = NoteOn(0, 60, 90)
GAPS = st.one_of(st.integers(0, 300), st.just(100_000))
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(ControlChange, st.integers(0, 15), st.just(1), st.integers(0, 127)),
    st.builds(PitchBend, st.integers(0, 15), st.integers(-8192, 8191)),
)
PLAYED = st.lists(st.tuples(GAPS, EVENTS), max_size=5)
"""What is played from one write to the next: samples after the event before, and the event."""


def grown(path: Path, written: list[list[tuple[int, Event]]], begins: int = 0) -> TakeEvents:
    """The events of a take that is written after each group of them."""
    events = TakeEvents(SETTINGS)
    file, sample = TakeFile(path, events, begins), 0
    for group in written:
        for gap, event in group:
            sample += gap
            events.add(sample, event)
        sample += 7
        file.keep(sample)
    return events


def played(path: Path) -> list[Event]:
    return [timed.event for timed in read_score(path).events]


@given(st.lists(PLAYED, min_size=1, max_size=6))
def test_a_file_that_grew_is_read_as_one_that_was_written_at_once(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[tuple[int, Event]]]
) -> None:
    path = tmp_path_factory.mktemp("take") / "take.mid"
    events = grown(path, [[(0, A_NOTE)], *groups])
    score = read_score(path)
    assert score.take is not None
    path.write_bytes(b"".join(events.file(score.take.samples)[0]))
    at_once = read_score(path)
    assert score.events == at_once.events
    assert score.duration_seconds == at_once.duration_seconds
    assert score.take == at_once.take == Take(SETTINGS, score.take.samples)


@settings(max_examples=25)
@given(st.lists(PLAYED, min_size=1, max_size=4))
def test_a_process_that_ends_inside_a_write_leaves_all_that_was_written_before(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[tuple[int, Event]]]
) -> None:
    """Before each write and at each byte of new events: old and new events, or the old ones."""
    path = tmp_path_factory.mktemp("take") / "take.mid"
    content, reads = b"", 0

    def write(file: object, at: int, data: bytes) -> None:
        nonlocal content, reads
        appended = at > 0 and len(data) > END_BYTES
        for cut in range(len(data) + 1) if appended else (0, len(data)):
            path.with_name("cut.mid").write_bytes(content[:at] + data[:cut] + content[at + cut :])
            found = played(path.with_name("cut.mid"))
            assert found in (before, before + now)
            reads += 1
        content = content[:at] + data + content[at + len(data) :]
        real_write(file, at, data)  # type: ignore[arg-type]

    real_write = take_file._write
    events = TakeEvents(SETTINGS)
    file, sample = TakeFile(path, events), 0
    before: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(take_file, "_write", write)
        for group in [[(0, A_NOTE)], *groups]:
            now: list[Event] = [event for _, event in group]
            for gap, event in group:
                sample += gap
                events.add(sample, event)
            file.keep(sample)
            content = path.read_bytes()
            before += now
            assert played(path) == before
    assert reads >= 4


def test_what_a_write_costs_does_not_grow_with_the_take(tmp_path: Path) -> None:
    events = TakeEvents(SETTINGS)
    file = TakeFile(tmp_path / "take.mid", events)
    for number in range(200_000):
        events.add(number, ControlChange(number % 16, 1, number % 128))
    file.keep(200_000)
    written: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(take_file, "_write", lambda _file, _at, data: written.append(len(data)))
        events.add(200_001, NoteOn(0, 60, 90))
        file.keep(200_002)
    assert sum(written) < 1000


def test_a_note_that_is_held_lasts_to_the_last_write(tmp_path: Path) -> None:
    path = tmp_path / "take.mid"
    grown(path, [[(100, NoteOn(0, 60, 90))], [], [(RATE, PitchBend(0, 5))], [], []])
    score = read_score(path)
    assert score.take is not None
    assert score.duration_seconds == score.take.samples / RATE == (100 + RATE + 5 * 7) / RATE


@pytest.mark.parametrize("happens", ["gone", "another", "cut"])
def test_a_file_that_is_no_longer_there_is_written_anew(tmp_path: Path, happens: str) -> None:
    path = tmp_path / "take.mid"
    events = grown(path, [[(0, NoteOn(0, 60, 90))]])
    file = TakeFile(path, events)
    file.keep(10)
    events.add(20, NoteOff(0, 60))
    match happens:
        case "gone":
            path.unlink()
        case "another":
            path.with_name("other").write_bytes(path.read_bytes())
            path.with_name("other").replace(path)
        case _:
            path.write_bytes(path.read_bytes()[:40])
    file.write(30)
    assert read_score(path).events == (
        TimedEvent(0.0, NoteOn(0, 60, 90)),
        TimedEvent(20 / RATE, NoteOff(0, 60)),
    )


def test_a_file_that_vanishes_as_it_is_written_is_told_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanished(_status: object) -> tuple[int, int]:
        raise FileNotFoundError(2, "No such file or directory")

    path, events = tmp_path / "take.mid", TakeEvents(SETTINGS)
    file = TakeFile(path, events)
    events.add(0, A_NOTE)
    with monkeypatch.context() as patch:
        patch.setattr(take_file, "_identity", vanished)
        with pytest.raises(OutputError, match=r"take\.mid: cannot be written: No such file"):
            file.keep(10)
    path.unlink()
    file.keep(20)
    assert A_NOTE in played(path)


def test_a_rest_that_is_longer_than_a_delta_is_whole_in_the_end(tmp_path: Path) -> None:
    path, events = tmp_path / "take.mid", TakeEvents(SETTINGS)
    file, long = TakeFile(path, events), 2 * LONGEST_DELTA
    events.add(5, NoteOn(0, 60, 90))
    for samples in (10, long):
        file.keep(samples)
    assert read_score(path).take == Take(SETTINGS, 5 + LONGEST_DELTA)
    file.write(long)
    assert read_score(path).take == Take(SETTINGS, long)
    events.add(long + 1, NoteOff(0, 60))
    file.write(long + 2)
    assert read_score(path).duration_seconds == (long + 2) / RATE


PLAYER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from instrument.dsp.callback import Playback
from instrument.live.recorder import Recorder
from instrument.midi.events import ControlChange, NoteOn
from instrument.settings import EngineSettings
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
engine = SimpleNamespace(notes=0, position=0)
with Recorder(path, None, EngineSettings(), lambda notice: None, folder) as recorder:
    recorder.record(engine, Playback.empty(None))
    recorder.begin_take()
    begun = time.monotonic()
    for number in range(10**6):
        engine.position = round(48_000 * (time.monotonic() - begun))
        event = ControlChange(number // 128 % 16, 1, number % 128)
        recorder.take.add(engine.position, NoteOn(0, 60, 90) if number == 5 else event)
        engine.notes = int(number >= 5)
        print(number, flush=True)
        recorder.drain()
        time.sleep(0.002)
"""


@pytest.mark.parametrize("seconds", [0.8, 1.3, 2.05])
def test_a_process_that_is_killed_leaves_its_takes(tmp_path: Path, seconds: float) -> None:
    path, folder = tmp_path / "take.mid", tmp_path / "takes"
    path.write_bytes(b"an older one")
    arguments = [sys.executable, "-c", PLAYER, str(path), str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(seconds)
        program.kill()
        told = int(program.stdout.read().splitlines()[-1])
    (running,) = folder.iterdir()
    for each in (path, running):
        events = read_score(each).events
        times = [timed.seconds for timed in events]
        assert len(events) <= told + 1
        assert times[-1] > seconds - 1.0
        assert events[5].event == NoteOn(0, 60, 90)
